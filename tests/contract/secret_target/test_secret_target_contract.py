"""What every target does, and what only files can get wrong."""

import asyncio
import functools
import grp
import os
import pwd
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from controller.adapters.secret_target.file import TOO_SOON, FileSecretTarget
from controller.adapters.secret_target.memory import MemorySecretTarget
from controller.diagnostics.errors import Stalled, TrueupError
from controller.diagnostics.secret import SecretText
from controller.model.delivery import FileAccess
from controller.model.names import SecretName
from controller.ports.secret_target import SecretTarget

NAME = SecretName("shop", "dev", "key")
OTHER = SecretName("shop", "staging", "key")
CANARY = "canary-3b8f00d1"


@pytest.fixture(params=["memory", "file"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> SecretTarget:
    if request.param == "memory":
        return MemorySecretTarget()
    return FileSecretTarget.open(tmp_path / "secrets")


@pytest.fixture
def files(tmp_path: Path) -> FileSecretTarget:
    return FileSecretTarget.open(tmp_path / "secrets")


def content(target: SecretTarget, name: SecretName = NAME) -> str | None:
    if isinstance(target, MemorySecretTarget):
        there = target.delivered.get(name)
        return None if there is None else there[1].reveal()
    path = Path(target.address(name))
    return path.read_text() if path.exists() else None


async def test_a_value_arrives_with_its_generation(target: SecretTarget) -> None:
    assert await target.generation(NAME) is None
    await target.put(NAME, SecretText("π\n"), generation=3)
    assert await target.generation(NAME) == 3
    assert content(target) == "π\n"
    assert await target.generation(OTHER) is None
    assert target.address(NAME) != target.address(OTHER)


async def test_the_same_generation_again_changes_nothing(target: SecretTarget) -> None:
    await target.put(NAME, SecretText("one"), generation=1)
    await target.put(NAME, SecretText("two"), generation=1)
    assert content(target) == "one"
    await target.put(NAME, SecretText("two"), generation=2)
    assert (content(target), await target.generation(NAME)) == ("two", 2)


async def test_what_is_removed_is_gone_and_may_be_removed_again(target: SecretTarget) -> None:
    await target.remove(NAME)
    await target.put(NAME, SecretText("one"), generation=1)
    await target.remove(NAME)
    await target.remove(NAME)
    assert await target.generation(NAME) is None
    assert content(target) is None
    await target.put(NAME, SecretText("two"), generation=1)
    assert content(target) == "two"


async def test_what_lies_there_is_named(target: SecretTarget) -> None:
    assert list(await target.present()) == []
    for name in (OTHER, NAME):
        await target.put(name, SecretText("one"), generation=1)
    assert list(await target.present()) == [NAME, OTHER]
    await target.remove(NAME)
    assert list(await target.present()) == [OTHER]


def later(target: SecretTarget) -> SecretTarget:
    """Give the target as it is when its last change is a while ago."""
    if isinstance(target, FileSecretTarget):
        return replace(target, wall=lambda: time.time_ns() + 2 * TOO_SOON)
    return target


async def test_the_trace_is_another_after_each_change(target: SecretTarget) -> None:
    target = later(target)
    assert await target.trace(NAME) is None
    await target.put(NAME, SecretText("one"), generation=1)
    await target.put(OTHER, SecretText("one"), generation=1)
    seen, other = await target.trace(NAME), await target.trace(OTHER)
    await target.put(NAME, SecretText("one"), generation=1)
    assert await target.trace(NAME) == seen is not None
    for text, generation in (("two", 2), ("two", 3), ("one", 1)):
        await target.put(NAME, SecretText(text), generation=generation)
        before, seen = seen, await target.trace(NAME)
        assert seen not in (None, before)
    assert await target.trace(OTHER) == other is not None
    await target.remove(NAME)
    assert await target.trace(NAME) is None


async def test_nothing_is_said_of_a_file_that_was_changed_just_now(files: FileSecretTarget) -> None:
    await files.put(NAME, SecretText("one"), generation=1)
    changed = Path(files.address(NAME)).stat().st_ctime_ns
    for nanoseconds, is_known in ((0, False), (TOO_SOON - 10**9, False), (2 * TOO_SOON, True)):
        now = changed + nanoseconds
        found = await replace(files, wall=functools.partial(int, now)).trace(NAME)
        assert (found is not None) is is_known


async def test_a_change_that_hides_its_time_and_size_has_another_trace(
    files: FileSecretTarget, tmp_path: Path
) -> None:
    path = Path(files.address(NAME))

    def overwrite() -> None:
        was = path.stat()
        path.write_text("two")
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))

    def exchange() -> None:
        fresh, was = tmp_path / "fresh", path.stat()
        fresh.write_text("two")
        fresh.chmod(0o600)
        os.utime(fresh, ns=(was.st_atime_ns, was.st_mtime_ns))
        fresh.replace(path)

    for harm in (overwrite, exchange, lambda: path.chmod(0o640), lambda: os.truncate(path, 0)):
        await files.put(NAME, SecretText("one"), generation=1)
        before = await later(files).trace(NAME)
        await asyncio.sleep(
            0.05
        )  # a step of the kernel's clock; later() takes the guard for it away
        harm()
        assert before is not None
        assert await later(files).trace(NAME) != before


async def test_only_the_owner_can_read_the_files(files: FileSecretTarget) -> None:
    before = os.umask(0)
    try:
        await files.put(NAME, SecretText("one"), generation=1)
    finally:
        os.umask(before)
    path = Path(files.address(NAME))
    for folder in (files.root, path.parent.parent, path.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    path.chmod(0o644)
    await files.put(NAME, SecretText("one"), generation=1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_file_that_somebody_changed_has_no_generation(files: FileSecretTarget) -> None:
    path = Path(files.address(NAME))
    for harm in (
        lambda: path.write_text("other"),
        path.unlink,
        lambda: path.with_name(".key.generation").write_text("nonsense"),
        lambda: path.with_name(".key.generation").write_text("[5]"),
        lambda: path.with_name(".key.generation").unlink(),
    ):
        await files.put(NAME, SecretText("one"), generation=1)
        harm()
        assert await files.generation(NAME) is None
        await files.put(NAME, SecretText("one"), generation=1)
        assert (path.read_text(), await files.generation(NAME)) == ("one", 1)


async def test_a_link_is_replaced_and_not_followed(files: FileSecretTarget, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    path = Path(files.address(NAME))
    path.parent.mkdir(parents=True)
    path.symlink_to(victim)
    path.with_name(".key.new").symlink_to(victim)
    await files.put(NAME, SecretText("one"), generation=1)
    assert victim.read_text() == "untouched"
    assert not path.is_symlink()


@pytest.mark.parametrize("part", ["..", ".", "", "a/b", "/etc", "a\0", ".key", "A"])
async def test_a_name_that_leaves_the_folder_is_refused(files: FileSecretTarget, part: str) -> None:
    for name in (SecretName(part, "dev", "x"), SecretName("shop", part, "x")):
        with pytest.raises(Stalled):
            files.address(name)
    with pytest.raises(Stalled):
        await files.put(SecretName("shop", "dev", part), SecretText("x"), generation=1)


async def test_a_place_that_cannot_be_used_is_told_without_the_value(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Stalled, match="cannot be prepared"):
        FileSecretTarget.open(tmp_path / "file")
    target = FileSecretTarget.open(tmp_path / "secrets")
    Path(target.address(NAME)).mkdir(parents=True)
    with pytest.raises(TrueupError) as caught:
        await target.put(NAME, SecretText(CANARY), generation=1)
    assert CANARY not in repr(caught.value) + str(caught.value)


GROUP = FileAccess(0o640, group=grp.getgrgid(os.getgid()).gr_name)


async def test_who_may_read_belongs_to_what_is_delivered(target: SecretTarget) -> None:
    await target.put(NAME, SecretText("one"), generation=1)
    assert await target.generation(NAME, GROUP) is None
    await target.put(NAME, SecretText("one"), generation=1, access=GROUP)
    assert (await target.generation(NAME, GROUP), await target.generation(NAME)) == (1, None)


async def test_a_group_reads_the_file_and_lists_no_folder(files: FileSecretTarget) -> None:
    await files.put(NAME, SecretText("one"), generation=1, access=GROUP)
    await files.put(OTHER, SecretText("two"), generation=1)
    path = Path(files.address(NAME))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(path.with_name(".key.generation").stat().st_mode) == 0o600
    for folder in (files.root, path.parent.parent, path.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o711
    other = Path(files.address(OTHER))
    assert stat.S_IMODE(other.stat().st_mode) == 0o600
    assert stat.S_IMODE(other.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    assert await files.generation(NAME, GROUP) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
async def test_a_file_is_given_to_its_owner(files: FileSecretTarget) -> None:
    access = FileAccess(0o400, owner="nobody")
    await files.put(NAME, SecretText("one"), generation=1, access=access)
    path = Path(files.address(NAME))
    assert (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) == (
        pwd.getpwnam("nobody").pw_uid,
        0o400,
    )
    assert await files.generation(NAME, access) == 1
    os.chown(path, 0, -1)
    assert await files.generation(NAME, access) is None


async def test_an_unknown_owner_is_told(files: FileSecretTarget) -> None:
    for access in (FileAccess(owner="no-such-user"), FileAccess(group="no-such-group")):
        with pytest.raises(Stalled, match="no-such"):
            await files.put(NAME, SecretText("one"), generation=1, access=access)
    assert not Path(files.address(NAME)).exists()


async def test_a_folder_that_is_a_link_or_everybodys_is_refused(tmp_path: Path) -> None:
    target = FileSecretTarget.open(tmp_path / "secrets")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "secrets" / "shop").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Stalled):
        await target.put(NAME, SecretText("one"), generation=1)
    assert not any((tmp_path / "elsewhere").iterdir())
    (tmp_path / "open").mkdir(mode=0o777)
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(Stalled):
        FileSecretTarget.open(tmp_path / "open")


WRITER = """
import asyncio, sys
from pathlib import Path
from controller.adapters.secret_target.file import FileSecretTarget
from controller.diagnostics.secret import SecretText
from controller.model.delivery import FileAccess
from controller.model.names import SecretName
async def write():
    target = FileSecretTarget.open(Path(sys.argv[1]))
    name = SecretName("shop", "dev", "key")
    number = (await target.generation(name) or 0) + 1
    while True:
        await target.put(name, SecretText(f"{number}:" + "x" * 50_000), generation=number)
        print("ready", flush=True)
        number += 1
asyncio.run(write())
"""


@pytest.mark.slow
def test_content_and_generation_never_disagree_after_a_kill(tmp_path: Path) -> None:
    root = tmp_path / "secrets"
    seen = set()
    for attempt in range(8):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root)],
            cwd=Path(__file__).parents[3],
            stdout=subprocess.PIPE,
        )
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(0.03 + 0.007 * attempt)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        target = FileSecretTarget.open(root)
        generation = asyncio.run(target.generation(NAME))
        text = Path(target.address(NAME)).read_text()
        assert len(text.split(":")[1]) == 50_000
        assert generation in {None, int(text.split(":")[0])}
        seen.add(generation)
    assert len(seen) > 1
