"""Servers that states are kept on: HTTP in Terraform's protocol, S3 (moto), PostgreSQL."""

import base64
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg

LOGIN = ("trueup", "canary-state-9c1e")
PG = Path("/usr/lib/postgresql/15/bin")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return bound.getsockname()[1]


class StateServer:
    """States by path, with locks; may be told to fail."""

    def __init__(self) -> None:
        self.states: dict[str, bytes] = {}
        self.locks: dict[str, dict] = {}
        self.serials: dict[str, list[int]] = {}
        self.failing = False
        self.refuse_posts = False
        self.refuse_unlock = False
        self.on_lock = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_port}/states"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, method: str, path: str, query: str, body: bytes) -> tuple[int, bytes]:
        if self.failing or (self.refuse_posts and method == "POST"):
            return 500, b""
        if method == "GET":
            return (200, self.states[path]) if path in self.states else (404, b"")
        if method in {"LOCK", "UNLOCK"}:
            return self._lock(method, path, json.loads(body) if body else {})
        held = self.locks.get(path)
        if held is not None and query != f"ID={held['ID']}":
            return 409, json.dumps(held).encode()
        self.states[path] = body
        self.serials.setdefault(path, []).append(json.loads(body)["serial"])
        return 200, b""

    def _lock(self, method: str, path: str, told: dict) -> tuple[int, bytes]:
        held = self.locks.get(path)
        if method == "UNLOCK" and self.refuse_unlock:
            return 500, b""
        if method == "LOCK" and held is None:
            self.locks[path] = told
            if self.on_lock is not None:
                self.on_lock(told)
        elif method == "LOCK":
            return 423, json.dumps(held).encode()
        elif held is not None and told and told.get("ID") != held["ID"]:
            return 409, json.dumps(held).encode()
        else:
            self.locks.pop(path, None)
        return 200, b""

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self
        expected = "Basic " + base64.b64encode(":".join(LOGIN).encode()).decode()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path, _, query = self.path.partition("?")
                code, content = 401, b""
                if self.headers.get("Authorization") == expected:
                    code, content = server.answer(self.command, path, query, body)
                self.send_response(code)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments: object) -> None:
                pass

        for method in ("GET", "POST", "LOCK", "UNLOCK"):
            setattr(Handler, f"do_{method}", Handler._any)
        return Handler


def wait_until(answers, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            return answers()
        except Exception:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


@contextmanager
def bucket_server(bucket: str) -> Iterator[str]:
    """A moto server with a bucket; gives its address."""
    port = free_port()
    program = Path(sys.executable).with_name("moto_server")
    server = subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"

    def make() -> None:
        request = urllib.request.Request(f"{address}/{bucket}", method="PUT")
        with urllib.request.urlopen(request, timeout=30):
            pass

    try:
        wait_until(make)
        yield address
    finally:
        server.terminate()
        server.wait()


@contextmanager
def database_server(folder: Path) -> Iterator[str]:
    """A PostgreSQL with a login; gives its address without one."""
    port, user = free_port(), {} if os.getuid() else {"user": "postgres"}
    folder.mkdir()
    if user:
        subprocess.run(["chown", "postgres", folder], check=True)
        for above in folder.parents:
            if above != Path("/tmp"):
                above.chmod(above.stat().st_mode | 0o011)
            else:
                break
    passwords = folder.with_suffix(".password")
    passwords.write_text(LOGIN[1])
    passwords.chmod(0o644)
    data = folder / "data"
    subprocess.run(
        [PG / "initdb", "-D", data, "-U", LOGIN[0], "-A", "scram-sha-256", "--no-sync",
         f"--pwfile={passwords}"], check=True, capture_output=True, **user,
    )  # fmt: skip
    server = subprocess.Popen(
        [PG / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **user,
    )  # fmt: skip

    def ask() -> None:
        psycopg.connect(
            host="127.0.0.1", port=port, dbname="postgres", user=LOGIN[0], password=LOGIN[1]
        ).close()

    try:
        wait_until(ask)
        yield f"postgres://127.0.0.1:{port}/postgres?sslmode=disable"
    finally:
        server.terminate()
        server.wait()
