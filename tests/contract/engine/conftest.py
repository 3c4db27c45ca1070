import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from controller.adapters.engine import command, embedded
from controller.adapters.engine.environment import build_environment
from controller.ports.engine import Engine
from tests.contract.engine.engine_worlds import MemoryWorld, RealWorld, World

SEARCH = os.environ["PATH"]
BINARIES = [name for name in ("terraform", "tofu") if shutil.which(name)]
REAL = ["embedded", *BINARIES]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return build_environment(tmp_path / "home", path=SEARCH)


async def connect(kind: str, environment: dict[str, str]) -> Engine:
    if kind == "embedded":
        return await embedded.connect(environment)
    return await command.connect(kind, environment)


@pytest.fixture(params=REAL)
async def real(
    request: pytest.FixtureRequest, tmp_path: Path, environment: dict[str, str]
) -> AsyncIterator[RealWorld]:
    engine = await connect(request.param, environment)
    yield RealWorld(engine, tmp_path / "units")
    await engine.close()


@pytest.fixture(params=["memory", *REAL])
async def world(
    request: pytest.FixtureRequest, tmp_path: Path, environment: dict[str, str]
) -> AsyncIterator[World]:
    if request.param == "memory":
        yield MemoryWorld(tmp_path / "units")
        return
    engine = await connect(request.param, environment)
    yield RealWorld(engine, tmp_path / "units")
    await engine.close()


@pytest.fixture
async def embedded_with(
    environment: dict[str, str],
) -> AsyncIterator[Callable[..., object]]:
    """Connect embedded engines with settings of their own; all are closed at the end."""
    engines: list[Engine] = []

    async def make(**settings: int) -> Engine:
        engines.append(await embedded.connect(environment, **settings))
        return engines[-1]

    yield make
    for engine in engines:
        await engine.close()
