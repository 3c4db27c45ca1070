"""Serves a provider to the Terraform that started this process, after go-plugin's handshake.

The process says on one line of its output where it listens and which certificate to expect;
Terraform connects, calls, and tells it to shut down. It goes away by itself when Terraform dies.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc

from controller.localcloud.plugin import wire
from controller.localcloud.plugin.resource import Provider
from controller.localcloud.plugin.server import ProviderServer, method_names

_COOKIE_NAME = "TF_PLUGIN_MAGIC_COOKIE"
_COOKIE_VALUE = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"
_CLIENT_CERTIFICATE = "PLUGIN_CLIENT_CERT"
_CORE_PROTOCOL = 1
_PLUGIN_PROTOCOL = 6
_THREADS = 32
_LARGEST_MESSAGE = 256 << 20
_LONGEST_SOCKET_PATH = 100
_GRACE_SECONDS = 30.0
_PARENT_CHECK_SECONDS = 0.5
_SERVING = 1

Watch = Callable[[threading.Event], None]
"""Waits until the event is set, or something else says that it is time to end."""


def serve(provider: Provider, watch: Watch) -> int:
    """Serve until told to stop, or until `watch` returns; give the exit code."""
    if os.environ.get(_COOKIE_NAME) != _COOKIE_VALUE:
        sys.stderr.write(
            "this is a Terraform provider: Terraform starts it by itself\n"
            "hint: name it in `required_providers` and run `terraform init`\n"
        )
        return 1
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # sent to the whole group; Terraform decides
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    folder = _socket_folder()
    try:
        server, address, certificate = _listen(provider, folder, stopping)
        sys.stdout.write(f"{_CORE_PROTOCOL}|{_PLUGIN_PROTOCOL}|unix|{address}|grpc|{certificate}\n")
        sys.stdout.flush()
        watch(stopping)
        server.stop(_GRACE_SECONDS).wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _socket_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="plugin-"))
    if len(str(folder)) + len("/provider") < _LONGEST_SOCKET_PATH:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="plugin-", dir="/tmp"))  # made 0700


def _listen(
    provider: Provider, folder: Path, stopping: threading.Event
) -> tuple[grpc.Server, Path, str]:
    server = grpc.server(
        futures.ThreadPoolExecutor(_THREADS),
        handlers=_handlers(ProviderServer(provider), stopping),
        options=[
            ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
            ("grpc.max_send_message_length", _LARGEST_MESSAGE),
        ],
    )
    address = folder / "provider"
    certificate = ""
    if os.environ.get(_CLIENT_CERTIFICATE):
        key, chain, encoded = _make_certificate()
        certificate = base64.b64encode(encoded).decode().rstrip("=")
        credentials = grpc.ssl_server_credentials([(key, chain)])
        server.add_secure_port(f"unix:{address}", credentials)
    else:
        server.add_insecure_port(f"unix:{address}")
    server.start()
    return server, address, certificate


def _make_certificate() -> tuple[bytes, bytes, bytes]:
    """Make a key and a certificate for this process only; nothing is written to disk."""
    from cryptography import x509  # only needed when Terraform asks for TLS
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return (
        private,
        certificate.public_bytes(serialization.Encoding.PEM),
        certificate.public_bytes(serialization.Encoding.DER),
    )


def _handlers(server: ProviderServer, stopping: threading.Event) -> list[grpc.GenericRpcHandler]:
    def shut_down(_request: Any, _context: grpc.ServicerContext) -> Any:
        stopping.set()
        return wire.make("Empty")

    def nothing_to_stream(_request: Any, _context: grpc.ServicerContext) -> Iterator[Any]:
        # Ended at once: a stream that is held open would hold a thread for each engine.
        yield from ()

    def healthy(_request: Any, _context: grpc.ServicerContext) -> Any:
        return wire.make("HealthResponse", status=_SERVING)

    methods = {
        name: _unary(_without_context(server.method(name)), *wire.PROVIDER_METHODS[name])
        for name in method_names()
    }
    stream = grpc.unary_stream_rpc_method_handler(
        nothing_to_stream,
        wire.message_class("Empty").FromString,
        wire.message_class("StdioData").SerializeToString,
    )
    services = {
        wire.PROVIDER_SERVICE: methods,
        "plugin.GRPCController": {"Shutdown": _unary(shut_down, "Empty", "Empty")},
        "plugin.GRPCStdio": {"StreamStdio": stream},
        "grpc.health.v1.Health": {"Check": _unary(healthy, "Empty", "HealthResponse")},
    }
    return [
        grpc.method_handlers_generic_handler(name, handlers) for name, handlers in services.items()
    ]


def _without_context(method: Any) -> Any:
    return lambda request, _context: method(request)


def _unary(function: Any, request: str, response: str) -> Any:
    return grpc.unary_unary_rpc_method_handler(
        function,
        wire.message_class(request).FromString,
        wire.message_class(response).SerializeToString,
    )


def watch_parent(stopping: threading.Event) -> None:
    """Wait to be told to stop, or for the parent's death: a provider must never linger."""
    parent = os.getppid()
    while not stopping.wait(_PARENT_CHECK_SECONDS):
        if parent != 1 and os.getppid() != parent:
            break
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
