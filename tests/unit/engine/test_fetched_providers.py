"""Providers that were fetched stay while a workspace names them, and some time longer."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.adapters.engine.packages import INSTALLED, Packages, hash_package
from controller.diagnostics.errors import EngineRefused
from controller.model.retention import Swept

NAME = "registry.example/acme/cloud"
LOCK = 'provider "{name}" {{\n  version = "{version}"\n  hashes = [\n    "{hash}",\n  ]\n}}\n'
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC).timestamp()


class Machine:
    def __init__(self, root: Path) -> None:
        self.units, self.roots = root / "units", root / "ready"
        self.shared = root / "providers"
        self.packages = Packages(root / "packages.json", self.shared)

    async def install(self, directory: Path, version: str, content: str = "code") -> None:
        """What `init` leaves of a provider that it has fetched."""
        own = directory / INSTALLED / NAME / version / "linux_amd64"
        own.mkdir(parents=True)
        (own / "provider").write_text(content)
        lock = LOCK.format(name=NAME, version=version, hash=hash_package(own))
        (directory / ".terraform.lock.hcl").write_text(lock)
        await self.packages.enter(directory)
        assert own.is_symlink()
        os.utime(self.shared / NAME / version, (LONG_AGO, LONG_AGO))

    async def sweep(self, *, dry: bool = False) -> Swept:
        return await self.packages.sweep(self.units, self.roots, before=BEFORE, dry=dry)

    def kept(self) -> set[str]:
        return {path.name for path in self.shared.glob(f"{NAME}/*")}


@pytest.fixture
async def machine(tmp_path: Path) -> Machine:
    """Version 2 is named by a unit; version 1 only by a root that loaded it."""
    machine = Machine(tmp_path)
    await machine.install(machine.units / "shop" / "dev" / "api", "2.0.0")
    await machine.install(machine.roots / "old", "1.0.0")
    return machine


async def test_what_no_workspace_names_goes_and_the_rest_stays(machine: Machine) -> None:
    would = await machine.sweep(dry=True)
    assert (would.gone.count, would.held.count) == (1, 1)
    assert machine.kept() == {"1.0.0", "2.0.0"}
    assert await machine.sweep() == would
    assert machine.kept() == {"2.0.0"}
    assert not (machine.roots / "old").exists()
    await machine.packages.check(machine.units / "shop" / "dev" / "api")
    assert (await machine.sweep()).gone.count == 0


async def test_its_time_begins_when_it_was_last_named(machine: Machine) -> None:
    await machine.sweep()
    (machine.units / "shop" / "dev" / "api").rename(machine.units.parent / "elsewhere")
    assert (await machine.sweep()).young.count == 1
    assert machine.kept() == {"2.0.0"}


async def test_a_link_holds_a_version_although_its_lock_file_is_gone(machine: Machine) -> None:
    directory = machine.units / "shop" / "dev" / "api"
    for lock in directory.rglob("*.lock.hcl"):
        lock.unlink()
    await machine.sweep()
    assert machine.kept() == {"2.0.0"}


async def test_nothing_goes_while_something_is_installed(machine: Machine) -> None:
    async with machine.packages.installing():
        assert await machine.sweep() == Swept()
    assert machine.kept() == {"1.0.0", "2.0.0"}


async def test_nothing_is_installed_while_something_goes(machine: Machine) -> None:
    async def install() -> set[str]:
        async with machine.packages.installing():
            return machine.kept()

    sweeping = asyncio.create_task(machine.sweep())
    await asyncio.sleep(0)  # it has begun
    assert await install() == {"2.0.0"}
    await sweeping


async def test_a_sweep_that_was_killed_is_finished_by_the_next(machine: Machine) -> None:
    left = machine.shared.with_name("providers.going") / "half"
    left.mkdir(parents=True)
    await machine.sweep()
    assert not left.parent.exists()


async def test_what_content_a_version_has_stays_known(machine: Machine) -> None:
    await machine.sweep()
    with pytest.raises(EngineRefused, match="another content"):
        await machine.install(machine.units / "shop" / "dev" / "web", "1.0.0", "other code")
