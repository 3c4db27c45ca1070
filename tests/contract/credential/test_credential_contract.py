"""What every issuer does, memory and a real PostgreSQL alike."""

import itertools

import pytest

from controller.adapters.credential.memory import MemoryCredentialIssuer
from controller.adapters.credential.postgres import PostgresCredentialIssuer
from controller.diagnostics.secret import SecretText
from controller.model.delivery import DatabaseAddress
from controller.ports.credential import CredentialIssuer
from tests.support.secret_servers import Postgres

COUNT = itertools.count()
ONE, TWO = SecretText("one'\"\\π x"), SecretText("two")


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest) -> tuple[CredentialIssuer, DatabaseAddress]:
    if request.param == "memory":
        address = DatabaseAddress(SecretText("host=/run"), "postgresql://127.0.0.1:5432/shop")
        return MemoryCredentialIssuer(), address
    server: Postgres = request.getfixturevalue("postgres")
    return PostgresCredentialIssuer(), server.database(f"contract{next(COUNT)}")


@pytest.fixture
def role() -> str:
    return f"app{next(COUNT)}"


async def test_a_login_works_with_exactly_its_password(
    place: tuple[CredentialIssuer, DatabaseAddress], role: str
) -> None:
    issuer, database = place
    assert not await issuer.can_log_in(database, f"{role}_a", ONE)
    await issuer.set_password(database, role, f"{role}_a", ONE)
    await issuer.set_password(database, role, f"{role}_a", ONE)
    assert await issuer.can_log_in(database, f"{role}_a", ONE)
    assert not await issuer.can_log_in(database, f"{role}_a", TWO)
    await issuer.set_password(database, role, f"{role}_a", TWO)
    assert await issuer.can_log_in(database, f"{role}_a", TWO)
    assert not await issuer.can_log_in(database, f"{role}_a", ONE)


async def test_a_disabled_login_is_refused_and_can_be_used_again(
    place: tuple[CredentialIssuer, DatabaseAddress], role: str
) -> None:
    issuer, database = place
    await issuer.disable(database, f"{role}_a")
    await issuer.set_password(database, role, f"{role}_a", ONE)
    await issuer.set_password(database, role, f"{role}_b", TWO)
    await issuer.disable(database, f"{role}_a")
    await issuer.disable(database, f"{role}_a")
    assert not await issuer.can_log_in(database, f"{role}_a", ONE)
    assert await issuer.can_log_in(database, f"{role}_b", TWO)
    await issuer.set_password(database, role, f"{role}_a", ONE)
    assert await issuer.can_log_in(database, f"{role}_a", ONE)
