"""A rotation on a real OpenBao and PostgreSQL, with a consumer that logs in all the time."""

import asyncio
import secrets
import string
import threading
from datetime import timedelta
from pathlib import Path
from typing import Self

import psycopg
import pytest

from controller.adapters.clock.system import SystemClock
from controller.adapters.credential.postgres import PostgresCredentialIssuer
from controller.adapters.secret_target.file import FileSecretTarget
from controller.diagnostics.secret import SecretText
from controller.model.delivery import Delivery, RotationPhase
from controller.model.names import SecretName
from controller.steps.secrets.deliver import deliver
from controller.steps.secrets.request import (
    PostgresLogin,
    Rotation,
    SecretPorts,
    SecretRequest,
    reference_of,
)
from tests.support.canaries import files_below, found_in
from tests.support.secret_servers import running_openbao, running_postgres

NAME = SecretName("shop", "dev", "db-login")
TEMPLATE = "postgresql://{username}:{password}@{host}:{port}/{database}"
GRACE = timedelta(seconds=1)


class Consumer:
    """Reads the delivered file and logs in, again and again, in a thread of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failures: list[str] = []
        self.logins = 0
        self.users: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                with psycopg.connect(self.path.read_text(), connect_timeout=30) as connection:
                    connection.execute("INSERT INTO orders VALUES (1)")
                    self.users.add(str(connection.execute("SELECT session_user").fetchone()))
                self.logins += 1
            except (psycopg.Error, OSError) as error:
                self.failures.append(str(error))


PASSWORDS: list[str] = []


def fresh(length: int) -> SecretText:
    letters = string.ascii_letters + string.digits
    PASSWORDS.append("".join(secrets.choice(letters) for _ in range(length)))
    return SecretText(PASSWORDS[-1])


def passwords_in(folder: Path, said: str) -> list[str]:
    """Tell where a password lies: in what was said, or in a file that is not meant to have it."""
    belongs = [folder / "delivered", folder / "bao"]
    contents = {"said": said.encode(), **files_below(folder, belongs)}
    assert "pg/postgres.log" in contents
    return found_in(contents, {str(number): each for number, each in enumerate(PASSWORDS)})


async def finish(request: SecretRequest, ports: SecretPorts) -> Delivery:
    while (delivery := await deliver(request, ports)).phase is not RotationPhase.IDLE:
        assert delivery.come_again is not None
        await asyncio.sleep(max(0.0, (delivery.come_again - ports.now()).total_seconds()))
    return delivery


@pytest.mark.slow
def test_no_login_fails_while_a_login_rotates(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    postgres_folder = tmp_path / "pg"
    postgres_folder.mkdir()
    with (
        running_openbao(tmp_path / "bao") as bao,
        running_postgres(postgres_folder) as postgres,
    ):
        database = postgres.database("shop")

        async def run() -> None:
            store = await bao.connect()
            clock = SystemClock()
            target = FileSecretTarget.open(tmp_path / "delivered")
            ports = SecretPorts(store, target, PostgresCredentialIssuer(), fresh, clock.now)
            request = SecretRequest(
                NAME,
                reference_of("main", NAME),
                PostgresLogin(database, "shop_app"),
                TEMPLATE,
                Rotation(timedelta(days=30), GRACE),
            )
            first = await finish(request, ports)
            path = Path(first.target)
            old = path.read_text()
            with psycopg.connect(old) as connection:
                connection.execute("CREATE TABLE orders (id int)")
            with Consumer(path) as consumer:
                wish = SecretRequest(
                    request.name,
                    request.reference,
                    request.kind,
                    request.template,
                    request.rotation,
                    requested_at=clock.now(),
                )
                second = await finish(wish, ports)
                again = await finish(wish, ports)
                await asyncio.sleep(0.2)
            assert consumer.failures == []
            assert consumer.logins > 10
            assert consumer.users == {"('shop_app_a',)", "('shop_app_b',)"}
            assert (first.generation, second.generation, again.generation) == (1, 2, 2)
            assert again == second
            with pytest.raises(psycopg.OperationalError, match="authentication failed"):
                psycopg.connect(old)
            with psycopg.connect(path.read_text()) as connection:
                owner = connection.execute(
                    "SELECT tableowner FROM pg_tables WHERE tablename = 'orders'"
                ).fetchone()
            assert owner == ("shop_app",)
            for text in (old, path.read_text()):
                assert text.split(":")[2].split("@")[0] in PASSWORDS
            assert passwords_in(tmp_path, caplog.text + repr([first, second])) == []
            await store.close()

        asyncio.run(run())
