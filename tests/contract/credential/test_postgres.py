"""What is PostgreSQL's alone: owners, sessions, logs, and every way it says no."""

import contextlib
import itertools
import socket
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from controller.adapters.credential.postgres import PostgresCredentialIssuer
from controller.diagnostics.errors import Stalled, Transient
from controller.diagnostics.secret import SecretText
from controller.model.delivery import DatabaseAddress
from tests.support.secret_servers import Postgres

pytestmark = pytest.mark.slow

COUNT = itertools.count()
CANARY = SecretText("canary-77aa01ce")
ISSUER = PostgresCredentialIssuer()


@pytest.fixture
def role() -> str:
    return f"owner{next(COUNT)}"


@pytest.fixture
def database(postgres: Postgres) -> DatabaseAddress:
    return postgres.database(f"shop{next(COUNT)}")


def connect(database: DatabaseAddress, login: str) -> "psycopg.Connection[Any]":
    return psycopg.connect(database.url, user=login, password=CANARY.reveal(), connect_timeout=30)


async def test_what_one_login_makes_belongs_to_the_owner_and_is_the_others_too(
    database: DatabaseAddress, role: str
) -> None:
    for login in (f"{role}_a", f"{role}_b"):
        await ISSUER.set_password(database, role, login, CANARY)
    with connect(database, f"{role}_a") as first:
        first.execute("CREATE TABLE orders (id int)")
        first.execute("INSERT INTO orders VALUES (1)")
    await ISSUER.disable(database, f"{role}_a")
    with connect(database, f"{role}_b") as second:
        assert second.execute("SELECT * FROM orders").fetchall() == [(1,)]
        second.execute("ALTER TABLE orders ADD COLUMN note text")
        assert second.execute(
            "SELECT tableowner FROM pg_tables WHERE tablename = 'orders'"
        ).fetchone() == (role,)
        assert second.execute("SELECT current_user, session_user").fetchone() == (role, f"{role}_b")
    with pytest.raises(psycopg.OperationalError):
        connect(database, role)


async def test_a_disabled_login_loses_its_sessions(database: DatabaseAddress, role: str) -> None:
    await ISSUER.set_password(database, role, f"{role}_a", CANARY)
    sessions = [connect(database, f"{role}_a") for _ in range(3)]
    await ISSUER.disable(database, f"{role}_a")
    for session in sessions:
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
        session.close()


async def test_names_are_quoted(database: DatabaseAddress, postgres: Postgres) -> None:
    role = "we\"ird; DROP ROLE x -- ' $1 %s {}"
    await ISSUER.set_password(database, role, f"{role}_a", CANARY)
    assert await ISSUER.can_log_in(database, f"{role}_a", CANARY)
    with connect(database, f"{role}_a") as connection:
        assert connection.execute("SELECT current_user").fetchone() == (role,)
    await ISSUER.disable(database, f"{role}_a")
    assert not await ISSUER.can_log_in(database, f"{role}_a", CANARY)
    odd = postgres.database("odd name-1")
    odd = replace(odd, url=odd.url.replace(" ", "%20"))
    await ISSUER.set_password(odd, role, f"{role}_a", CANARY)
    assert await ISSUER.can_log_in(odd, f"{role}_a", CANARY)


async def test_the_server_never_sees_a_password(
    database: DatabaseAddress, role: str, postgres: Postgres
) -> None:
    await ISSUER.set_password(database, role, f"{role}_a", CANARY)
    await ISSUER.can_log_in(database, f"{role}_a", CANARY)
    log = postgres.log.read_text()
    assert "SCRAM-SHA-256" in log
    assert CANARY.reveal() not in log


async def test_mighty_roles_are_left_alone(database: DatabaseAddress, postgres: Postgres) -> None:
    with psycopg.connect(postgres.admin("postgres"), autocommit=True) as admin:
        admin.execute("CREATE ROLE boss LOGIN CREATEROLE")
    for mighty in ("trueup_admin", "boss"):
        with pytest.raises(Stalled, match="whole server"):
            await ISSUER.set_password(database, "fine", mighty, CANARY)
        with pytest.raises(Stalled, match="whole server"):
            await ISSUER.set_password(database, mighty, "fine", CANARY)
        with pytest.raises(Stalled, match="whole server"):
            await ISSUER.disable(database, mighty)
    for wrong in ("", "pg_monitor", "x" * 64):
        with pytest.raises(Stalled):
            await ISSUER.set_password(database, "fine", wrong, CANARY)


async def test_an_unsure_answer_is_no_refusal(database: DatabaseAddress, role: str) -> None:
    await ISSUER.set_password(database, role, f"{role}_a", CANARY)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = f"postgresql://127.0.0.1:{closed.getsockname()[1]}/shop"
        gone = DatabaseAddress(SecretText(away + f"?user=x&password={CANARY.reveal()}"), away)
        for call in (
            ISSUER.can_log_in(gone, "x", CANARY),
            ISSUER.set_password(gone, "x", "x_a", CANARY),
            ISSUER.disable(gone, "x_a"),
        ):
            with pytest.raises(Transient) as caught:
                await call
            assert CANARY.reveal() not in str(caught.value) + repr(caught.value)
    elsewhere = replace(database, url=database.url.rsplit("/", 1)[0] + "/missing")
    with pytest.raises(Transient, match="does not exist"):
        await ISSUER.can_log_in(elsewhere, f"{role}_a", CANARY)
    sessions = []
    try:
        with contextlib.suppress(psycopg.OperationalError):
            while len(sessions) < 50:
                sessions.append(connect(database, f"{role}_a"))
        assert len(sessions) < 50
        with pytest.raises(Transient):
            await ISSUER.can_log_in(database, f"{role}_a", CANARY)
    finally:
        for session in sessions:
            session.close()


async def test_addresses_that_cannot_be_read_or_are_refused_do_not_show_their_password(
    database: DatabaseAddress, role: str
) -> None:
    await ISSUER.set_password(database, role, f"{role}_a", CANARY)
    login = f"user={role}_a password={CANARY.reveal()}"
    port = database.url.split(":")[2].split("/")[0]
    for admin in (
        f"postgres//{CANARY.reveal()}",
        f"hots=127.0.0.1 {login}",
        f"host=127.0.0.1 port={port} {login}",
        f"host=127.0.0.1 port={port} user=nobody password={CANARY.reveal()}",
    ):
        with pytest.raises(Stalled) as caught:
            await ISSUER.set_password(
                replace(database, admin=SecretText(admin)), "other", "other_a", SecretText("x")
            )
        assert CANARY.reveal() not in str(caught.value) + repr(caught.value)
