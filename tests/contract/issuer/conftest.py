"""A real OpenBao with all engines, and a real PostgreSQL that it makes logins in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from controller.adapters.clock.system import SystemClock
from controller.adapters.issuer.memory import MemoryIssuer
from controller.adapters.issuer.openbao import Call, OpenBaoIssuer, Place
from controller.adapters.secret_store.embedded import EmbeddedOpenBao
from controller.adapters.secret_store.openbao import OpenBaoSecretStore, ServerRequest
from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretReference
from controller.model.issuance import Counter
from schemas.issuing import Engines
from tests.support.secret_servers import Postgres, running_openbao, running_postgres

CANARY = "canary-of-what-is-issued"
KEPT = SecretReference("main", "shop/dev/api-key")
PASSWORD = SecretReference("main", "shop/dev/issuer-password")


def engines_of(port: int) -> Engines:
    statement = (
        "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"
    )
    url = f"postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{port}/shop?sslmode=disable"
    reader = {
        "name": "reader", "statements": [statement],
        "connection": {
            "url": url, "username": "issuer", "password": str(PASSWORD.path),
        },
    }  # fmt: skip
    return Engines.model_validate(
        {
            "database": {"roles": [reader]},
            "ssh": {"roles": [{"name": "operators", "users": ["ops"]}]},
            "pki": {"roles": [{"name": "internal", "domains": ["internal.example.com"]}]},
        }
    )


@dataclass(frozen=True)
class Servers:
    bao: EmbeddedOpenBao
    postgres: Postgres
    engines: Engines

    def issuer(
        self, store: OpenBaoSecretStore, *, token_role: str = "trueup-issue"
    ) -> OpenBaoIssuer:
        async def server(call: Call) -> Mapping[str, Any]:
            return await store.call(
                ServerRequest(call.method, call.path, call.body, call.token, call.wrap_seconds)
            )

        counter = Counter(self.bao.address, self.bao.authority.read_text())
        return OpenBaoIssuer(
            server,
            Place(store.data_path, token_role, self.engines, is_embedded=True, counter=counter),
        )


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("issuing")
    (folder / "pg").mkdir()
    with (
        running_openbao(folder / "bao") as bao,
        running_postgres(folder / "pg") as postgres,
    ):
        postgres.database("shop")
        with psycopg.connect(postgres.admin("shop"), autocommit=True) as admin:
            admin.execute("CREATE ROLE issuer LOGIN CREATEROLE PASSWORD 'of-the-issuer'")
        yield Servers(bao, postgres, engines_of(postgres.port))


@pytest.fixture
async def store(servers: Servers) -> AsyncIterator[OpenBaoSecretStore]:
    store = await servers.bao.connect()
    for reference, value in ((KEPT, CANARY), (PASSWORD, "of-the-issuer")):
        if await store.describe(reference) is None:
            await store.write(reference, {"value": SecretText(value)}, expect=0)
    yield store
    await store.close()


@pytest.fixture(params=["memory", pytest.param("openbao", marks=pytest.mark.slow)])
def vendor(request: pytest.FixtureRequest) -> Servers | None:
    """Chosen in plain code: a server cannot be started from within a test's event loop."""
    if request.param == "memory":
        return None
    found: Servers = request.getfixturevalue("servers")
    return found


@pytest.fixture
async def issuer(vendor: Servers | None) -> AsyncIterator[MemoryIssuer | OpenBaoIssuer]:
    if vendor is None:
        yield MemoryIssuer(SystemClock())
        return
    store = await vendor.bao.connect()
    if await store.describe(KEPT) is None:
        await store.write(KEPT, {"value": SecretText(CANARY)}, expect=0)
    yield vendor.issuer(store)
    await store.close()


@pytest.fixture
def audit(servers: Servers) -> Path:
    return servers.bao.authority.parent.parent / "audit" / "audit.log"
