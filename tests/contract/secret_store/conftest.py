import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from controller.adapters.secret_store._aws import AwsPlace
from controller.adapters.secret_store.embedded import EmbeddedOpenBao
from controller.adapters.secret_store.memory import MemorySecretStore
from controller.adapters.secret_store.openbao import OpenBaoSecretStore
from controller.adapters.secret_store.secrets_manager import SecretsManagerStore
from controller.adapters.secret_store.ssm import SsmSecretStore
from controller.ports.secret_store import SecretStore
from tests.contract.secret_store.made import CANARY, WHERE
from tests.support.secret_servers import running_aws, running_openbao


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A server's folder that was set up, holds one secret, and is used by nobody; to be copied."""
    folder = tmp_path_factory.mktemp("made") / "bao"

    async def make() -> None:
        server = await EmbeddedOpenBao.start(folder)
        store = await server.connect()
        await store.write(WHERE, {"value": CANARY}, expect=0)
        await store.close()
        await server.stop()

    asyncio.run(make())
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def bao(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedOpenBao]:
    folder = Path(shutil.copytree(made, tmp_path_factory.mktemp("all") / "bao"))
    with running_openbao(folder) as server:
        yield server
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def aws() -> Iterator[AwsPlace]:
    with running_aws() as place:
        yield place


@pytest.fixture
def bao_folder(bao: EmbeddedOpenBao) -> Path:
    return bao.authority.parent.parent


@pytest.fixture
async def openbao(bao: EmbeddedOpenBao) -> AsyncIterator[OpenBaoSecretStore]:
    store = await bao.connect()
    yield store
    await store.close()


VENDORS = ("openbao", "secrets-manager", "ssm")


@pytest.fixture(params=["memory", *(pytest.param(one, marks=pytest.mark.slow) for one in VENDORS)])
def server(request: pytest.FixtureRequest) -> EmbeddedOpenBao | AwsPlace | None:
    """Chosen in plain code: a server cannot be started from within a test's event loop."""
    if request.param == "memory":
        return None
    if request.param == "openbao":
        running: EmbeddedOpenBao = request.getfixturevalue("bao")
        return running
    aws: AwsPlace = request.getfixturevalue("aws")
    request.node.vendor = request.param
    return aws


@pytest.fixture
async def store(
    server: EmbeddedOpenBao | AwsPlace | None, request: pytest.FixtureRequest
) -> AsyncIterator[SecretStore]:
    opened: SecretStore
    if server is None:
        opened = MemorySecretStore()
    elif isinstance(server, EmbeddedOpenBao):
        opened = await server.connect()
    elif request.node.vendor == "ssm":
        opened = await SsmSecretStore.connect(server)
    else:
        opened = await SecretsManagerStore.connect(server)
    yield opened
    await opened.close()
