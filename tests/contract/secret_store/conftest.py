from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from controller.adapters.secret_store.embedded import EmbeddedOpenBao
from controller.adapters.secret_store.memory import MemorySecretStore
from controller.adapters.secret_store.openbao import OpenBaoSecretStore
from controller.ports.secret_store import SecretStore
from tests.support.secret_servers import running_openbao


@pytest.fixture(scope="session")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedOpenBao]:
    with running_openbao(tmp_path_factory.mktemp("bao")) as server:
        yield server


@pytest.fixture
def bao_folder(bao: EmbeddedOpenBao) -> Path:
    return bao.authority.parent.parent


@pytest.fixture
async def openbao(bao: EmbeddedOpenBao) -> AsyncIterator[OpenBaoSecretStore]:
    store = await bao.connect()
    yield store
    await store.close()


@pytest.fixture(params=["memory", pytest.param("openbao", marks=pytest.mark.slow)])
def server(request: pytest.FixtureRequest) -> EmbeddedOpenBao | None:
    """Chosen in plain code: a server cannot be started from within a test's event loop."""
    if request.param == "memory":
        return None
    running: EmbeddedOpenBao = request.getfixturevalue("bao")
    return running


@pytest.fixture
async def store(server: EmbeddedOpenBao | None) -> AsyncIterator[SecretStore]:
    if server is None:
        yield MemorySecretStore()
        return
    opened = await server.connect()
    yield opened
    await opened.close()
