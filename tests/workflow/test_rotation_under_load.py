"""Rotations under a client that never stops, by a controller that is killed at random instants.

`TRUEUP_TEST_ROTATIONS=100` makes it a hundred rotations of each; `make rotations` does that.
"""

import json
import os
import random
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import boto3
import psycopg
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.support.credential_servers import ROOT_TOKEN, Cloud, Engines, running_engines
from tests.support.secret_servers import Postgres, running_aws, running_postgres

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

ROTATIONS = int(os.environ.get("TRUEUP_TEST_ROTATIONS", "1"))
GRACE = 3.0
"""Seconds; on a busy machine a thread may use what it has read this much later."""
FAILED = (psycopg.Error, ClientError, BotoCoreError, OSError, ValueError, AssertionError)
ROOT = Path(__file__).resolve().parents[2]


class Client:
    """Uses what is delivered, so many times a second, in threads of its own."""

    def __init__(self, use: Callable[[str], None], path: Path, *, per_second: int) -> None:
        self.use, self.path = use, path
        self.failures: list[str] = []
        self.done = 0
        self._over = threading.Event()
        self._per_second = per_second
        self._threads = [threading.Thread(target=self._run) for _ in range(2)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        pause = len(self._threads) / self._per_second
        while not self._over.is_set():
            begun = time.monotonic()
            try:
                self.use(self.path.read_text())
                self.done += 1
            except FAILED as error:
                self.failures.append(f"{type(error).__name__}: {error}")
            self._over.wait(max(0.0, pause - (time.monotonic() - begun)))


@dataclass
class Controller:
    """Starts the program, and kills it or seals its store at random instants, until it is done."""

    told: dict[str, Any]
    engines: Engines
    chance: random.Random
    kills: int = 0
    seals: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    def reach(self, generation: int, *, calmly: bool = False) -> None:
        self.told["generation"] = generation
        self.told["asked_at"] = datetime.now(UTC).isoformat()
        attempts = 0 if calmly else self.chance.randrange(1, 4)
        for attempt in range(attempts + 1):
            with self._started() as process:
                if attempt == attempts:
                    assert process.wait(120) == 0
                    return
                if self.chance.random() < 0.2:
                    self._seal_for_a_moment()
                try:
                    if process.wait(self.chance.uniform(0.0, 0.5)) == 0:
                        return
                except subprocess.TimeoutExpired:
                    self.kills += 1
                finally:
                    process.kill()

    def _seal_for_a_moment(self) -> None:
        self.seals += 1
        self.engines.seal()
        time.sleep(self.chance.uniform(0.0, 0.2))
        self.engines.unseal()

    def _started(self) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.rotating_program"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, **self.environment},
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(self.told))
        process.stdin.close()
        assert process.stdout.readline() == "ready\n"
        return process


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    with running_engines() as server:
        yield server


def controller_of(engines: Engines, folder: Path, kind: str, **told: object) -> Controller:
    engines.ask("DELETE", "secret/metadata/trueup/rotation/shop/dev/key")
    engines.ask("DELETE", "secret/metadata/trueup/shop/dev/key")
    words = {
        "kind": kind, "store": engines.address, "token": ROOT_TOKEN, "grace": GRACE,
        "target": str(folder / "delivered"), **told,
    }  # fmt: skip
    seed = int(os.environ.get("TRUEUP_TEST_SEED", "7"))
    return Controller(words, engines, random.Random(seed))


def rotated(
    controller: Controller, client: Client, dies: Callable[[str], bool], check: Callable[[], None]
) -> None:
    """Rotate again and again; after each rotation the old one must be dead."""
    with client:
        for generation in range(2, ROTATIONS + 2):
            old = client.path.read_text()
            controller.reach(generation)
            assert client.path.read_text() != old
            assert dies(old)
            check()
    print(
        f"{controller.told['kind']}: {ROTATIONS} rotations, {controller.kills} kills, "
        f"{controller.seals} seals, {client.done} uses, {len(client.failures)} failed"
    )
    assert client.failures == []
    assert client.done > 10


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    folder = tmp_path / "pg"
    folder.mkdir()
    with running_postgres(folder) as server:
        yield server


def test_no_login_fails_while_the_controller_is_killed(
    engines: Engines, postgres: Postgres, tmp_path: Path
) -> None:
    database = postgres.database("shop")
    admin, path = database.admin.reveal(), tmp_path / "delivered" / "shop" / "dev" / "key"
    controller = controller_of(engines, tmp_path, "postgres", admin=admin, url=database.url)
    controller.reach(1, calmly=True)

    def log_in(address: str) -> None:
        with psycopg.connect(address, connect_timeout=30) as connection:
            connection.execute("SELECT 1")

    def dies(address: str) -> bool:
        try:
            log_in(address)
        except psycopg.OperationalError as error:
            return "authentication failed" in str(error) or "not permitted" in str(error)
        return False

    rotated(controller, Client(log_in, path, per_second=50), dies, lambda: None)


def test_no_call_fails_while_an_access_key_rotates(engines: Engines, tmp_path: Path) -> None:
    with running_aws() as place:
        cloud = Cloud(str(place.endpoint))
        iam = cloud.user("robot", "shop/dev/key")
        cloud.user("administrator", "nobody")
        for user in ("robot", "administrator"):
            cloud.allow(user)
        key = iam.create_access_key(UserName="administrator")["AccessKey"]
        controller = controller_of(engines, tmp_path, "aws", user="robot", endpoint=cloud.endpoint)
        controller.environment = {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
        cloud.check_keys(after=0)
        controller.reach(1, calmly=True)
        session = boto3.session.Session(region_name="eu-central-1")
        guard = threading.Lock()

        def call(words: str) -> None:
            name, secret = words.split()
            with guard:
                sts = session.client(
                    "sts", endpoint_url=cloud.endpoint,
                    aws_access_key_id=name, aws_secret_access_key=secret,
                )  # fmt: skip
            assert sts.get_caller_identity()["Arn"].endswith("/robot")

        def dies(words: str) -> bool:
            try:
                call(words)
            except ClientError as error:
                return error.response["Error"]["Code"] == "InvalidClientTokenId"
            return False

        def one_key_is_left() -> None:
            cloud.check_keys(after=10**9)
            keys = iam.list_access_keys(UserName="robot")["AccessKeyMetadata"]
            cloud.check_keys(after=0)
            path = tmp_path / "delivered" / "shop" / "dev" / "key"
            assert [each["AccessKeyId"] for each in keys] == path.read_text().split()[:1]

        path = tmp_path / "delivered" / "shop" / "dev" / "key"
        rotated(controller, Client(call, path, per_second=10), dies, one_key_is_left)
        cloud.check_keys(after=10**9)


def load_delivered(context: ssl.SSLContext, path: Path) -> None:
    """Take certificate and key from one opening of the file.

    `load_cert_chain` opens what it is given twice, for the certificate and for the key. By its
    path, a file that is exchanged in between gives the old certificate with the new key: refused.
    """
    with path.open() as opened:
        context.load_cert_chain(f"/proc/self/fd/{opened.fileno()}")


class Server:
    """Shows the delivered certificate, as it is at each connection."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failures: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self._over = False
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self.listener.close()

    def _run(self) -> None:
        while not self._over:
            connection, _ = self.listener.accept()
            connection.settimeout(30)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            try:
                load_delivered(context, self.path)
            except OSError as error:
                self.failures.append(f"{type(error).__name__}: {error}")
                connection.close()
                continue
            try:
                with context.wrap_socket(connection, server_side=True) as shaken:
                    shaken.recv(1)
            except OSError:  # somebody who went away; the client tells of all else
                connection.close()


def test_no_handshake_fails_while_a_certificate_rotates(engines: Engines, tmp_path: Path) -> None:
    path = tmp_path / "delivered" / "shop" / "dev" / "key"
    authority = engines.ask("GET", "pki/cert/ca")["data"]["certificate"]
    context = ssl.create_default_context(cadata=authority)
    with Server(path) as server:

        def shake(_: str) -> None:
            with (
                socket.create_connection(("127.0.0.1", server.port), timeout=30) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as shaken,
            ):
                shaken.sendall(b".")

        def is_revoked(pem: str) -> bool:
            from cryptography import x509

            number = x509.load_pem_x509_certificates(pem.encode())[0].serial_number
            text = f"{number:x}"
            text = text.zfill(len(text) + len(text) % 2)
            serial = "-".join(text[at : at + 2] for at in range(0, len(text), 2))
            return bool(engines.ask("GET", f"pki/cert/{serial}")["data"]["revocation_time"])

        address = f"127.0.0.1:{server.port}"
        controller = controller_of(engines, tmp_path, "certificate", address=address)
        controller.reach(1, calmly=True)
        rotated(controller, Client(shake, path, per_second=20), is_revoked, lambda: None)
        assert server.failures == []
