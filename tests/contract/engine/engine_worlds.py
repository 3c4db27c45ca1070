"""One face for what a contract test does to the world around an engine, real or in memory."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from controller.adapters.engine.memory import ADDRESS, MemoryEngine
from controller.ports.engine import Engine

CANARY = "canary-7d1f0a"
SECONDS = 30


def variables(size: object) -> dict[str, object]:
    return {"size": size, "token": CANARY}


class World(Protocol):
    """An engine, and what surrounds it."""

    engine: Engine
    address: str
    importable: str

    def write(self, name: str, size: object = 1) -> Path:
        """Make, or change, a root directory that applies at once."""

    def break_configuration(self, directory: Path) -> None:
        """Make the configuration one that every engine refuses."""

    def edit(self, directory: Path) -> None:
        """Change what was applied behind the engine's back, so that a plan wants it back."""

    def applying(self, name: str) -> Any:
        """Be in the middle of an apply: gives its task and what lets it go on."""


class Applying:
    """An apply that waits in its middle."""

    def __init__(self, directory: Path, task: asyncio.Task[None]) -> None:
        self.directory = directory
        self.task = task

    def go_on(self) -> None:
        raise NotImplementedError


class _RealApplying(Applying):
    def go_on(self) -> None:
        (self.directory / "go").touch()


class _MemoryApplying(Applying):
    event: asyncio.Event

    def go_on(self) -> None:
        self.event.set()


async def wait_for(path: Path) -> None:
    async with asyncio.timeout(SECONDS):
        while not path.exists():  # noqa: ASYNC110 — another process makes it
            await asyncio.sleep(0.01)


async def wait_until_noted(directory: Path, address: str) -> None:
    """Wait until the controller has heard that a resource is being made."""
    note = directory / ".trueup" / "made.jsonl"
    async with asyncio.timeout(SECONDS):
        while True:
            if note.is_file() and f'"{address}"' in note.read_text():
                return
            await asyncio.sleep(0.01)


async def _end(task: asyncio.Task[None]) -> None:
    if not task.done():
        task.cancel()
    with suppress(BaseException):
        await task


def _main(extra: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "variable": {
            "size": {"type": "number"},
            "token": {"type": "string", "sensitive": True},
        },
        "output": {
            "size": {"value": "${var.size}"},
            "token": {"value": "${var.token}", "sensitive": True},
        },
        **(extra or {}),
    }


def _write(directory: Path, main: dict[str, Any], size: object) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "main.tf.json").write_text(json.dumps(main))
    (directory / "terraform.tfvars.json").write_text(json.dumps(variables(size)))
    return directory


class RealWorld:
    """Terraform with its builtin `terraform_data`, which needs no provider."""

    address = "terraform_data.unit"
    importable = "some-identity"

    def __init__(self, engine: Engine, root: Path) -> None:
        self.engine = engine
        self.root = root

    def write(self, name: str, size: object = 1) -> Path:
        unit = {"input": {"size": "${var.size}", "token": "${var.token}"}}
        main = _main({"resource": {"terraform_data": {"unit": unit}}})
        return _write(self.root / "shop" / "dev" / name, main, size)

    def write_slow(self, name: str, command: str = "") -> Path:
        """Make a root whose second resource waits for a file."""
        wait = f"{command} touch started; while [ ! -e go ]; do sleep 0.02; done"
        slow = {
            "depends_on": [self.address],
            "provisioner": [{"local-exec": {"command": wait}}],
        }
        unit = {"input": {"size": "${var.size}", "token": "${var.token}"}}
        main = _main({"resource": {"terraform_data": {"unit": unit, "slow": slow}}})
        return _write(self.root / "shop" / "dev" / name, main, 1)

    def break_configuration(self, directory: Path) -> None:
        (directory / "wrong.tf.json").write_text('{"output": {"o": {"value": "${var.nowhere}"}}}')

    def edit(self, directory: Path) -> None:
        path = directory / "terraform.tfstate"
        document = json.loads(path.read_text())
        document["resources"][0]["instances"][0]["attributes"]["input"]["value"]["size"] = 99
        path.write_text(json.dumps(document))

    @asynccontextmanager
    async def applying(self, name: str) -> AsyncIterator[Applying]:
        directory = self.write_slow(name)
        await self.engine.init(directory)
        await self.engine.plan(directory)
        task = asyncio.ensure_future(self.engine.apply(directory))
        try:
            await wait_for(directory / "started")
            yield _RealApplying(directory, task)
        finally:
            (directory / "go").touch()
            await _end(task)


class MemoryWorld:
    """The memory engine and its dictionary."""

    address = ADDRESS
    importable = "shop/dev/made-by-hand"

    def __init__(self, root: Path) -> None:
        self.engine = MemoryEngine({self.importable: variables(1)})
        self.root = root

    def write(self, name: str, size: object = 1) -> Path:
        return _write(self.root / "shop" / "dev" / name, _main(), size)

    def break_configuration(self, directory: Path) -> None:
        (directory / "main.tf.json").write_text("{")

    def edit(self, directory: Path) -> None:
        self.engine.cloud[f"shop/dev/{directory.name}"]["size"] = 99

    @asynccontextmanager
    async def applying(self, name: str) -> AsyncIterator[Applying]:
        directory = self.write(name)
        await self.engine.plan(directory)
        event = self.engine.pause()
        task = asyncio.ensure_future(self.engine.apply(directory))
        try:
            await self.engine.wait_until_paused()
            applying = _MemoryApplying(directory, task)
            applying.event = event
            yield applying
        finally:
            event.set()
            await _end(task)
