"""The AWS provider from a mirror, one moto server and one warm engine for all tests of AWS."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from controller.adapters.engine import embedded
from controller.adapters.engine._operations import TerraformEngine
from controller.adapters.engine.packages import Packages
from controller.ports.engine import Engine
from tests.support.aws import VARIABLE, Moto, engine_environment, find_mirror, running_moto


@pytest.fixture(scope="session")
def mirror() -> Path:
    found = find_mirror()
    if found is None:
        pytest.skip(f"NO MIRROR WITH THE AWS PROVIDER ON THIS MACHINE: name one in {VARIABLE}")
    return found


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    with running_moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pool(
    mirror: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[embedded.Pool]:
    """One warm worker: each reads the schema of the provider once."""
    folder = tmp_path_factory.mktemp("engine")
    started = await embedded.start_pool(engine_environment(folder, mirror), size=1)
    yield started
    await started.close()


@pytest.fixture(scope="session")
def engine(pool: embedded.Pool, mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("packages")
    packages = Packages(folder / "packages.json")
    return TerraformEngine(pool, engine_environment(folder, mirror), packages=packages)
