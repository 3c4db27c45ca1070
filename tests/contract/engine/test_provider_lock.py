"""Providers are locked by content: `init` never takes another one silently."""

import asyncio
import json
import os
import platform
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from controller.adapters.engine import _init_twin, command, embedded
from controller.adapters.engine._lock_file import NAME
from controller.adapters.engine.environment import build_environment
from controller.adapters.engine.packages import Packages, hash_package
from controller.diagnostics.errors import EngineFailed, EngineRefused
from controller.ports.engine import Engine
from controller.wiring.controller import installation
from tests.contract.engine.conftest import REAL

HOST = "trueup.test"
PLATFORM = f"linux_{'arm64' if platform.machine() == 'aarch64' else 'amd64'}"


class Mirror:
    """Providers that can be installed; nobody starts them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def publish(self, name: str, version: str, text: str = "first") -> None:
        folder = self.root / HOST / "example" / name / version / PLATFORM
        folder.mkdir(parents=True, exist_ok=True)
        program = folder / f"terraform-provider-{name}_v{version}"
        program.write_text(f"#!/bin/sh\n# {text}\n")
        program.chmod(0o700)

    def pack(self, name: str, version: str) -> None:
        """Put an archive in the place of the folder, as `terraform providers mirror` makes it."""
        folder = self.root / HOST / "example" / name / version / PLATFORM
        packed = folder.parents[1] / f"terraform-provider-{name}_{version}_{PLATFORM}.zip"
        with zipfile.ZipFile(packed, "w") as archive:
            for path in folder.iterdir():
                archive.write(path, path.name)
        shutil.rmtree(folder.parent)

    def configuration(self) -> str:
        return f'provider_installation {{\n filesystem_mirror {{\n path = "{self.root}"\n }}\n}}\n'


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    made = Mirror(tmp_path / "mirror")
    made.publish("one", "0.1.0")
    made.publish("two", "0.1.0")
    made.publish("two", "0.2.0")
    return made


@pytest.fixture
def engine_settings(tmp_path: Path, mirror: Mirror) -> dict[str, str]:
    rc = tmp_path / "rc"
    rc.write_text(mirror.configuration())
    return build_environment(tmp_path / "home", path=os.environ["PATH"], cli_config=rc)


async def connect(kind: str, settings: dict[str, str], **more: Any) -> Engine:
    if kind == "embedded":
        return await embedded.connect(settings, size=1, **more)
    return await command.connect(kind, settings, **more)


def write(directory: Path, **providers: str) -> Path:
    directory.mkdir(exist_ok=True)
    wishes = {
        name: {"source": f"{HOST}/example/{name}", "version": version}
        for name, version in providers.items()
    }
    main = {"terraform": {"required_providers": wishes}, "output": {"o": {"value": 1}}}
    (directory / "main.tf.json").write_text(json.dumps(main))
    return directory


def locked(directory: Path) -> dict[str, str]:
    lines = (directory / NAME).read_text().splitlines()
    names = [line.split('"')[1].rsplit("/", 1)[1] for line in lines if line.startswith("provider")]
    versions = [line.split('"')[1] for line in lines if line.strip().startswith("version ")]
    return dict(zip(names, versions, strict=True))


@pytest.mark.parametrize("kind", REAL)
async def test_a_locked_provider_is_not_taken_with_another_content(
    kind: str, tmp_path: Path, mirror: Mirror, engine_settings: dict[str, str]
) -> None:
    engine = await connect(kind, engine_settings)
    directory = write(tmp_path / "unit", one="0.1.0")
    await engine.init(directory)
    assert locked(directory) == {"one": "0.1.0"}
    mirror.publish("one", "0.1.0", "second")
    (directory / "more.tf.json").write_text('{"output": {"p": {"value": 2}}}')
    with pytest.raises(EngineRefused):
        await engine.init(directory)
    mirror.publish("one", "0.1.0")
    await engine.init(directory)
    await engine.close()


@pytest.mark.parametrize("kind", REAL)
async def test_what_is_wished_for_anew_is_locked_too(
    kind: str, tmp_path: Path, mirror: Mirror, engine_settings: dict[str, str]
) -> None:
    engine = await connect(kind, engine_settings)
    directory = write(tmp_path / "unit", one="0.1.0")
    await engine.init(directory)
    write(directory, one="0.1.0", two="0.1.0")
    await engine.init(directory)
    assert locked(directory) == {"one": "0.1.0", "two": "0.1.0"}
    write(directory, one="0.1.0", two=">= 0.2.0")
    await engine.init(directory)
    assert locked(directory) == {"one": "0.1.0", "two": "0.2.0"}
    write(directory, one="0.1.0", two="0.3.0")
    with pytest.raises(EngineRefused, match="two"):
        await engine.init(directory)
    write(directory, one="0.1.0", two="0.1.0")
    await engine.init(directory)
    assert locked(directory) == {"one": "0.1.0", "two": "0.1.0"}
    await engine.close()


@pytest.mark.parametrize("kind", REAL)
async def test_init_costs_nothing_when_nothing_changed(
    kind: str, tmp_path: Path, engine_settings: dict[str, str]
) -> None:
    engine = await connect(kind, engine_settings)
    directory = write(tmp_path / "unit", one="0.1.0")
    await engine.init(directory)
    await engine.close()
    if kind == "embedded":
        await engine.init(directory)  # a closed engine runs nothing
    (directory / "terraform.tfvars.json").write_text("{}")
    await engine.init(directory)


@pytest.mark.parametrize("kind", REAL)
async def test_a_trusted_mirror_is_not_hashed(
    kind: str, tmp_path: Path, engine_settings: dict[str, str]
) -> None:
    engine = await connect(kind, engine_settings, packages=Packages(tmp_path / "packages.json"))
    directory = write(tmp_path / "unit", one="0.1.0")
    await engine.init(directory)
    (directory / "more.tf.json").write_text('{"output": {"p": {"value": 2}}}')
    await engine.init(directory)
    assert locked(directory) == {"one": "0.1.0"}
    assert "hashes" not in (directory / NAME).read_text()
    await engine.close()


async def test_a_worker_serves_one_content_of_a_provider(
    tmp_path: Path, mirror: Mirror, engine_settings: dict[str, str]
) -> None:
    """Terraform caches schemas by the provider's address alone, for as long as a process lives."""
    engine = await connect("embedded", engine_settings)
    old = write(tmp_path / "old", two="0.1.0")
    new = write(tmp_path / "new", two="0.2.0")
    plain = write(tmp_path / "plain")
    pids = {}
    for directory in (old, plain, new):
        await engine.init(directory)
    for directory in (old, plain, old, new, old):
        pids.setdefault(directory.name, set()).add(await _worker_of(engine, directory))
    assert pids["plain"] <= pids["old"]
    assert not pids["old"] & pids["new"]
    assert len(pids["old"]) == 2
    await engine.close()


async def _worker_of(engine: Any, directory: Path) -> int:
    from controller.adapters.engine._runner import Command

    told: list[int] = []

    async def note(process: Any) -> None:
        told.append(process.pid)

    await engine._runner.run(directory, Command("version"), on_process=note)
    return told[0]


async def trusting(kind: str, settings: dict[str, str], tmp_path: Path) -> Any:
    return await connect(kind, settings, packages=Packages(tmp_path / "packages.json"))


@pytest.mark.parametrize("kind", REAL)
async def test_a_provider_that_is_swapped_in_the_mirror_is_refused(
    kind: str, tmp_path: Path, mirror: Mirror, engine_settings: dict[str, str]
) -> None:
    engine = await trusting(kind, engine_settings, tmp_path)
    directory = write(tmp_path / "unit", one="0.1.0")
    await engine.init(directory)
    await engine._packages.check(directory)
    mirror.publish("one", "0.1.0", "other")  # as long as the first
    for call in (engine.plan, engine.apply, engine.refresh, engine.validate):
        with pytest.raises(EngineRefused, match="another content") as refused:
            await call(directory)
        assert refused.value.diagnostics[0].code == "engine/provider-changed"
    new = write(tmp_path / "new", one="0.1.0")
    with pytest.raises(EngineRefused):
        await engine.init(new)
    mirror.publish("one", "0.1.0")
    await engine._packages.check(directory)
    await engine.close()


async def test_what_was_checked_is_known_after_a_restart_too(
    tmp_path: Path, mirror: Mirror, engine_settings: dict[str, str]
) -> None:
    first = await trusting("embedded", engine_settings, tmp_path)
    await first.init(write(tmp_path / "unit", one="0.1.0"))
    await first.close()
    mirror.publish("one", "0.1.0", "second")
    engine = await trusting("embedded", engine_settings, tmp_path)
    with pytest.raises(EngineRefused, match="another content"):
        await engine.init(write(tmp_path / "another", one="0.1.0"))
    await engine.close()


async def test_hashes_are_those_that_terraform_locks(
    tmp_path: Path, engine_settings: dict[str, str]
) -> None:
    engine = await connect("embedded", engine_settings)
    directory = write(tmp_path / "unit", one="0.1.0")
    await engine.init(directory)
    (platform_folder,) = directory.glob(".terraform/providers/*/*/*/*/*")
    assert hash_package(platform_folder.resolve()) in (directory / NAME).read_text()
    await engine.close()


LOCK = """provider "trueup.test/example/one" {{
  version = "0.1.0"
  hashes = [
    "{hash}",
  ]
}}
"""


def installed(directory: Path, mirror: Mirror, locked_as: str) -> Path:
    """Write what `init` would leave, with any hash."""
    place = Path(HOST) / "example" / "one" / "0.1.0" / PLATFORM
    link = directory / ".terraform" / "providers" / place
    link.parent.mkdir(parents=True)
    link.symlink_to(mirror.root / place, target_is_directory=True)
    (directory / NAME).write_text(LOCK.format(hash=locked_as))
    return link


async def test_what_init_has_hashed_is_not_read_again_when_it_was_left_alone(
    tmp_path: Path, mirror: Mirror
) -> None:
    link = installed(tmp_path / "unit", mirror, "h1:of-another")
    young = link.resolve().stat().st_ctime_ns
    with pytest.raises(EngineRefused, match="another content"):
        await Packages(tmp_path / "packages.json").enter(tmp_path / "unit", young + 59 * 10**9)
    old = max(path.stat().st_ctime_ns for path in link.iterdir()) + 61 * 10**9
    packages = Packages(tmp_path / "packages.json")
    await packages.enter(tmp_path / "unit", old)
    mirror.publish("one", "0.1.0", "other")
    with pytest.raises(EngineRefused, match="another content"):
        await packages.check(tmp_path / "unit")


async def test_a_file_that_was_taken_out_of_a_package_is_a_change_of_it(
    tmp_path: Path, mirror: Mirror
) -> None:
    link = installed(tmp_path / "unit", mirror, "h1:of-another")
    (link / "more").write_text("")
    old = max(path.stat().st_ctime_ns for path in link.iterdir()) + 60 * 10**9
    (link / "more").unlink()
    with pytest.raises(EngineRefused, match="another content"):
        await Packages(tmp_path / "packages.json").enter(tmp_path / "unit", old)


@pytest.mark.parametrize("kind", REAL)
@pytest.mark.parametrize("is_packed", [False, True])
async def test_four_inits_at_once_leave_four_whole_workspaces(
    kind: str, is_packed: bool, tmp_path: Path, mirror: Mirror, engine_settings: dict[str, str]
) -> None:
    if is_packed:
        mirror.pack("one", "0.1.0")
    engine = await trusting(kind, engine_settings, tmp_path)
    directories = [write(tmp_path / f"unit-{number}", one="0.1.0") for number in range(4)]
    (directories[3] / "more.tf.json").write_text('{"output": {"p": {"value": 2}}}')
    await asyncio.gather(*(engine.init(directory) for directory in directories))
    for directory in directories:
        await engine._packages.check(directory)
    assert {str(locked(directory)) for directory in directories} == {"{'one': '0.1.0'}"}
    for directory in directories:
        (program,) = directory.glob(".terraform/providers/*/*/*/*/*/terraform-provider-*")
        assert os.access(program, os.X_OK)
    await engine.close()


async def test_a_twin_needs_no_init_but_another_configuration_does(
    tmp_path: Path, engine_settings: dict[str, str]
) -> None:
    engine = await trusting("embedded", engine_settings, tmp_path)
    first = write(tmp_path / "first", one="0.1.0")
    await engine.init(first)
    rc = Path(engine_settings["TF_CLI_CONFIG_FILE"])
    rc.write_text('provider_installation {\n filesystem_mirror {\n path = "/nowhere"\n }\n}\n')
    twin = write(tmp_path / "twin", one="0.1.0")
    await engine.init(twin)
    assert locked(twin) == locked(first)
    await engine._packages.check(twin)
    other = write(tmp_path / "other", one="0.1.0")
    (other / "more.tf.json").write_text('{"output": {"p": {"value": 2}}}')
    with pytest.raises((EngineRefused, EngineFailed)):
        await engine.init(other)
    await engine.close()


async def test_a_twin_gets_no_state_that_lies_elsewhere(
    tmp_path: Path, engine_settings: dict[str, str]
) -> None:
    engine = await connect("embedded", engine_settings)
    made = []
    for name in ("first", "second"):
        directory = write(tmp_path / name)
        backend = {"terraform": {"backend": {"local": {"path": "elsewhere/state"}}}}
        (directory / "backend.tf.json").write_text(json.dumps(backend))
        await engine.init(directory)
        made.append((directory / ".terraform").stat().st_ino)
    assert len(set(made)) == 2
    assert not _init_twin.give(tmp_path / "first", write(tmp_path / "third"))
    await engine.close()


@pytest.mark.parametrize("kind", REAL)
async def test_what_was_fetched_is_kept_once_for_all_workspaces(
    kind: str, tmp_path: Path, mirror: Mirror
) -> None:
    mirror.pack("one", "0.1.0")
    fetched, rc = tmp_path / "fetched", tmp_path / "rc"
    fetched.mkdir()
    rc.write_text(installation(None, mirror.root, fetched))
    settings = build_environment(tmp_path / "home", path=os.environ["PATH"], cli_config=rc)
    packages = Packages(tmp_path / "packages.json", shared=fetched)
    engine: Any = await connect(kind, settings, packages=packages)
    first, other = write(tmp_path / "first", one="0.1.0"), write(tmp_path / "other", one="0.1.0")
    (other / "more.tf.json").write_text('{"output": {"p": {"value": 2}}}')
    await engine.init(first)
    (archive,) = mirror.root.rglob("*.zip")
    archive.unlink()  # who fetches it once more fails
    await engine.init(other)
    places = [
        place.resolve()
        for directory in (first, other)
        for place in directory.glob(".terraform/providers/*/*/*/*/*")
    ]
    assert places == [fetched / HOST / "example" / "one" / "0.1.0" / PLATFORM] * 2
    for directory in (first, other):
        await engine._packages.check(directory)
    (program,) = places[0].iterdir()
    program.write_text("#!/bin/sh\n# another\n")
    with pytest.raises(EngineRefused):
        await engine._packages.check(other)
    await engine.close()


async def test_a_share_that_was_cut_off_is_begun_anew(tmp_path: Path, mirror: Mirror) -> None:
    mirror.pack("one", "0.1.0")
    fetched, rc = tmp_path / "fetched", tmp_path / "rc"
    fetched.mkdir()
    rc.write_text(installation(None, mirror.root, fetched))
    settings = build_environment(tmp_path / "home", path=os.environ["PATH"], cli_config=rc)
    unit = write(tmp_path / "unit", one="0.1.0")
    for _ in range(2):
        packages = Packages(tmp_path / "packages.json", shared=fetched)
        engine: Any = await connect("embedded", settings, packages=packages)
        await engine.init(unit)
        (place,) = unit.glob(".terraform/providers/*/*/*/*/*")
        assert place.is_symlink()
        await engine.close()
        place.unlink()  # the instant between the move and the link
        (unit / ".terraform" / "trueup-init.json").unlink()
