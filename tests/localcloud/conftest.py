"""A local cloud for each test module, and workspaces of every engine that use it."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.localcloud import mirror
from controller.localcloud.client import ROOT_VARIABLE, Cloud
from controller.localcloud.forking.starter import ForkServer
from tests.localcloud.engines import Workspace, base_environment, engine_names


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Give a folder with a short path, gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="lc-", dir="/tmp"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def cloud(folder: Path) -> Iterator[Cloud]:
    """Give a cloud without anything in it; all that it runs is stopped afterwards."""
    cloud = Cloud(folder / "cloud")
    yield cloud
    cloud.stop_all()


@pytest.fixture(scope="module", params=engine_names())
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """Give what forks providers, so that each command is spared most of their starts."""
    server = ForkServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def make_workspace(folder: Path, cloud: Cloud, fork_server: ForkServer) -> Callable[..., Workspace]:
    """Give a way to make a root for an engine; with `is_cold` the provider is not forked."""
    configuration = folder / "terraform.rc"
    configuration.write_text(mirror.cli_configuration(mirror.install(folder / "mirror")))
    environment = {
        **base_environment(folder),
        **mirror.environment(),
        "TF_CLI_CONFIG_FILE": str(configuration),
        ROOT_VARIABLE: str(cloud.places.root),
    }

    def make(engine: str, body: str, *, is_cold: bool = False) -> Workspace:
        path = Path(tempfile.mkdtemp(prefix="w-", dir=folder))
        forked = {} if is_cold else fork_server.environment()
        workspace = Workspace(path, engine, {**environment, **forked})
        workspace.write(body)
        workspace.init()
        return workspace

    return make
