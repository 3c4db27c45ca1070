import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.adapters.workspaces.disk import DATED, STAMP, DiskWorkspaces
from controller.adapters.workspaces.memory import MemoryWorkspaces
from controller.diagnostics.errors import Stalled
from controller.model.names import Commit, Digest, UnitName
from controller.model.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]
UNIT = UnitName("shop", "dev", "api")
TREE = Digest("sha256:" + "a" * 64)


def workspace(files: dict[str, bytes], digest: str) -> Workspace:
    empty = Digest("sha256:0")
    return Workspace(UNIT, Commit("c"), "memory", files, empty, empty, (), Digest(digest))


def content(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and ".trueup" not in path.parts
    }


@pytest.fixture(params=["disk", "memory"])
def workspaces(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DiskWorkspaces]:
    if request.param == "disk":
        yield DiskWorkspaces(tmp_path / "workspaces")
        return
    made = MemoryWorkspaces()
    yield made
    made.close()


async def test_a_directory_holds_exactly_the_files(workspaces: DiskWorkspaces) -> None:
    first = {"main.tf.json": b"{}", "module/main.tf": b"one", "module/sub/a.tf": b"a"}
    directory = await workspaces.write(workspace(first, "sha256:1"))
    assert directory == workspaces.directory(UNIT)
    assert content(directory) == first
    second = {"main.tf.json": b"{ }", "module/main.tf": b"one", "new/b.tf": b"b"}
    assert await workspaces.write(workspace(second, "sha256:2")) == directory
    assert content(directory) == second
    assert not (directory / "module" / "sub").exists()


async def test_dated_files_stay_as_a_content_first_had_them(workspaces: DiskWorkspaces) -> None:
    def at(commit: str, digest: str) -> Workspace:
        plain = workspace({"main.tf.json": digest.encode()}, digest)
        return replace(plain, dated={"commit.json": commit.encode()})

    directory = await workspaces.write(at("one", "sha256:1"))
    assert content(directory) == {"main.tf.json": b"sha256:1", "commit.json": b"one"}
    await workspaces.write(at("two", "sha256:1"))
    assert (directory / "commit.json").read_bytes() == b"one"
    await workspaces.write(at("three", "sha256:2"))
    assert (directory / "commit.json").read_bytes() == b"three"
    await workspaces.write(at("four", "sha256:1"))
    assert (directory / "commit.json").read_bytes() == b"one"
    (directory / STAMP).unlink()  # as after a start of the machine
    await workspaces.write(at("five", "sha256:1"))
    assert content(directory) == {"main.tf.json": b"sha256:1", "commit.json": b"one"}
    await workspaces.write(at("six", "sha256:4"), dated_as=Digest("sha256:1"))
    assert (directory / "commit.json").read_bytes() == b"one"
    await workspaces.write(workspace({}, "sha256:3"))
    assert content(directory) == {}


async def test_notes_that_were_cut_off_are_written_anew(workspaces: DiskWorkspaces) -> None:
    made = replace(workspace({"a.tf": b"1"}, "sha256:1"), dated={"commit.json": b"1"})
    directory = await workspaces.write(made)
    (directory / DATED).write_text('{"sha')
    (directory / STAMP).write_bytes(b"\xff\xfe")

    await workspaces.write(replace(made, dated={"commit.json": b"2"}))

    assert content(directory) == {"a.tf": b"1", "commit.json": b"2"}


async def test_what_the_engine_keeps_stays(workspaces: DiskWorkspaces) -> None:
    directory = await workspaces.write(workspace({"main.tf.json": b"1", "old": b""}, "sha256:1"))
    kept = {
        "terraform.tfstate": b"state",
        "terraform.tfstate.backup": b"earlier",
        ".terraform.lock.hcl": b"lock",
        ".terraform/modules/modules.json": b"{}",
        ".terraform.tfstate.lock.info": b"{}",
        "errored.tfstate": b"not written",
        "trueup.tfplan": b"plan",
    }
    for name, text in kept.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    await workspaces.write(workspace({"main.tf.json": b"2"}, "sha256:2"))
    assert content(directory) == {"main.tf.json": b"2", **kept}


async def test_what_was_written_last_is_not_written_again(workspaces: DiskWorkspaces) -> None:
    wanted = workspace({"main.tf.json": b"{}"}, "sha256:1")
    directory = await workspaces.write(wanted)
    before = (directory / "main.tf.json").stat()
    await workspaces.write(wanted)
    assert (directory / "main.tf.json").stat() == before
    await workspaces.write(replace(wanted, digest=Digest("sha256:2")))
    after = (directory / "main.tf.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


async def test_a_write_that_was_cut_off_is_done_again(workspaces: DiskWorkspaces) -> None:
    wanted = workspace({"main.tf.json": b"{}", "b.tf": b"b"}, "sha256:1")
    directory = await workspaces.write(wanted)
    (directory / STAMP).unlink()
    (directory / "b.tf").unlink()
    (directory / ".trueup-b.tf.partial").write_bytes(b"ha")
    await workspaces.write(wanted)
    assert content(directory) == wanted.files


@pytest.mark.parametrize(
    "name",
    [
        "../out.tf", "/etc/out.tf", "a/../../out.tf", "", ".", "a\\b", "a\0b",
        "terraform.tfstate", ".terraform/x", ".trueup/written", "trueup.tfplan",
    ],
)  # fmt: skip
async def test_paths_that_leave_or_hide_are_refused(workspaces: DiskWorkspaces, name: str) -> None:
    with pytest.raises(Stalled):
        await workspaces.write(workspace({"main.tf.json": b"", name: b""}, "sha256:1"))
    assert not workspaces.directory(UNIT).exists()
    with pytest.raises(Stalled):
        await workspaces.place_tree(TREE, {name: b""})


async def test_links_are_not_followed(workspaces: DiskWorkspaces, tmp_path: Path) -> None:
    directory = await workspaces.write(workspace({"a/b.tf": b"1"}, "sha256:1"))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b.tf").write_bytes(b"precious")
    (directory / "a" / "b.tf").unlink()
    (directory / "a").rmdir()
    (directory / "a").symlink_to(outside)
    (directory / "c.tf").symlink_to(outside / "b.tf")
    await workspaces.write(workspace({"a/b.tf": b"2", "c.tf": b"3"}, "sha256:2"))
    assert content(directory) == {"a/b.tf": b"2", "c.tf": b"3"}
    assert (outside / "b.tf").read_bytes() == b"precious"


async def test_a_folder_may_become_a_file_and_back(workspaces: DiskWorkspaces) -> None:
    for number, files in enumerate([{"a/b": b"1"}, {"a": b"2"}, {"a/b": b"3"}]):
        directory = await workspaces.write(workspace(files, f"sha256:{number}"))
        assert content(directory) == files


async def test_nobody_else_may_look(workspaces: DiskWorkspaces) -> None:
    directory = await workspaces.write(workspace({"a/b": b"1"}, "sha256:1"))
    root = directory.parents[3]
    for path in (directory / "a", directory, *directory.parents[:3]):
        assert path.stat().st_mode & 0o777 == 0o700, path
        assert path.is_relative_to(root)
    assert (directory / "a" / "b").stat().st_mode & 0o077 == 0


async def test_a_tree_is_placed_once_and_read_only(workspaces: DiskWorkspaces) -> None:
    files = {"app/main.py": b"print()", "README.md": b"hello"}
    place = await workspaces.place_tree(TREE, files)
    assert place.is_absolute()
    assert content(place) == files
    assert (place / "app" / "main.py").stat().st_mode & 0o777 == 0o400
    assert place.stat().st_mode & 0o777 == 0o500
    assert await workspaces.place_tree(TREE, files) == place
    assert {path.name for path in place.parent.iterdir()} == {place.name, ".placed"}


async def test_what_was_written_before_the_machine_started_is_compared(
    workspaces: DiskWorkspaces,
) -> None:
    wanted = workspace({"main.tf.json": b"{}"}, "sha256:1")
    directory = await workspaces.write(wanted)
    place = await workspaces.place_tree(TREE, {"a": b"1"})
    for stamp in (directory / STAMP, place.parent / ".placed" / place.name):
        stamp.write_text(f"{stamp.read_text().splitlines()[0]}\nan-earlier-boot")
    for lost in (directory / "main.tf.json", place / "a"):
        lost.chmod(0o600)
        lost.write_bytes(b"")
    await workspaces.write(wanted)
    assert (directory / "main.tf.json").read_bytes() == b"{}"
    assert content(await workspaces.place_tree(TREE, {"a": b"1"})) == {"a": b"1"}
    (place.parent / ".placed" / place.name).unlink()
    before = place.stat().st_ino
    await workspaces.place_tree(TREE, {"a": b"1"})
    assert place.stat().st_ino == before


async def test_a_tree_needs_a_digest(workspaces: DiskWorkspaces) -> None:
    for wrong in ("sha256:../../x", "..", "", "a/b", ".hidden"):
        with pytest.raises(Stalled):
            await workspaces.place_tree(Digest(wrong), {"a": b""})


async def test_only_a_unit_without_resources_is_removed(workspaces: DiskWorkspaces) -> None:
    await workspaces.remove(UNIT)
    directory = await workspaces.write(workspace({"a": b""}, "sha256:1"))
    state = directory / "terraform.tfstate"
    held = '{"resources": [{"mode": "managed", "instances": [{}]}]}'
    for text, said in ((held, "1 resource"), ("", "cannot be read"), ("[]", "cannot be read")):
        state.write_text(text)
        with pytest.raises(Stalled, match=said):
            await workspaces.remove(UNIT)
    state.write_text('{"resources": [{"mode": "data", "instances": [{}]}]}')
    (directory / "errored.tfstate").touch()
    with pytest.raises(Stalled):
        await workspaces.remove(UNIT)
    (directory / "errored.tfstate").unlink()
    await workspaces.remove(UNIT)
    assert not directory.exists()


WRITER = """
import asyncio, pathlib, sys
from tests.contract.workspaces.test_workspaces_contract import DiskWorkspaces, TREE, workspace
files = {f"folder-{n % 7}/{n}.tf": sys.argv[2].encode() * 200 for n in range(300)}

async def main():
    workspaces = DiskWorkspaces(pathlib.Path(sys.argv[1]))
    print("ready", flush=True)
    await workspaces.write(workspace(files, f"sha256:{sys.argv[2]}"))
    await workspaces.place_tree(TREE, files)

asyncio.run(main())
"""


@pytest.mark.parametrize("milliseconds", [2, 10, 30, 60])
async def test_a_writer_that_is_killed_leaves_nothing_half_done(
    tmp_path: Path, milliseconds: int
) -> None:
    root = tmp_path / "workspaces"
    workspaces = DiskWorkspaces(root)
    await workspaces.write(workspace({"folder-0/old.tf": b"old"}, "sha256:old"))
    writer = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WRITER, str(root), "new"), cwd=ROOT, stdout=PIPE
    )
    assert writer.stdout is not None
    await writer.stdout.readline()
    await asyncio.sleep(milliseconds / 1000)
    with contextlib.suppress(ProcessLookupError):
        writer.kill()
    await writer.communicate()
    files = {f"folder-{n % 7}/{n}.tf": b"new" * 200 for n in range(300)}
    directory = workspaces.directory(UNIT)
    if (directory / STAMP).is_file() and "sha256:new" in (directory / STAMP).read_text():
        assert content(directory) == files
    await workspaces.write(workspace(files, "sha256:new"))
    assert content(directory) == files
    trees = [path for path in (root / "trees").glob("sha256-*") if path.is_dir()]
    assert all(content(tree) == files for tree in trees)
    assert content(await workspaces.place_tree(TREE, files)) == files


OLD = Digest("sha256:" + "b" * 64)
USED = Digest("sha256:" + "c" * 64)
RUNNING = Digest("sha256:" + "d" * 64)
SOON = datetime.now(UTC) + timedelta(hours=1)


async def test_trees_go_whose_path_stands_nowhere(tmp_path: Path) -> None:
    records = tmp_path / "cloud" / "services"
    records.mkdir(parents=True)
    workspaces = DiskWorkspaces(tmp_path / "workspaces", records=(records,))
    placed = {
        digest: await workspaces.place_tree(digest, {"a/b.py": b"1234"})
        for digest in (TREE, OLD, USED, RUNNING)
    }
    await workspaces.write(workspace({"main.tf.json": str(placed[TREE]).encode()}, "sha256:1"))
    (workspaces.directory(UNIT) / "terraform.tfstate").write_text(str(placed[USED]))
    (records / "api.json").write_text(f'{{"folder": "{placed[RUNNING]}"}}')
    (placed[OLD].parent / ".going-x").mkdir()

    young = await workspaces.sweep_trees(datetime.now(UTC) - timedelta(hours=1))
    assert (young.gone.count, young.young.count, young.held.count) == (0, 2, 3)
    dry = await workspaces.sweep_trees(SOON, dry=True)
    assert (dry.gone.count, dry.gone.bytes) == (2, 4)
    assert placed[OLD].is_dir()
    assert await workspaces.sweep_trees(SOON) == dry
    assert sorted(path.name for path in placed[OLD].parent.glob("*")) == [".placed", *sorted(
        placed[digest].name for digest in (TREE, USED, RUNNING)
    )]  # fmt: skip
    again = await workspaces.place_tree(OLD, {"a/b.py": b"1234"})
    assert (again / "a" / "b.py").read_bytes() == b"1234"


async def test_a_tree_that_is_placed_again_while_a_sweep_looks_stays(
    workspaces: DiskWorkspaces,
) -> None:
    place = await workspaces.place_tree(TREE, {"a.py": b"1"})
    old = datetime.now(UTC) - timedelta(days=9)
    os.utime(place.parent / ".placed" / place.name, (old.timestamp(), old.timestamp()))
    sweep = asyncio.create_task(workspaces.sweep_trees(old + timedelta(days=1)))
    await asyncio.sleep(0)  # it looks for names in a thread
    assert await workspaces.place_tree(TREE, {"a.py": b"1"}) == place
    assert (await sweep).gone.count == 0
    assert (place / "a.py").read_bytes() == b"1"


async def test_saved_plans_go_but_where_somebody_works(workspaces: DiskWorkspaces) -> None:
    directory = await workspaces.write(workspace({"main.tf.json": b"{}"}, "sha256:1"))
    plan = directory / "trueup.tfplan"
    plan.write_bytes(b"secret")
    assert (await workspaces.sweep_plans(SOON - timedelta(days=1))).young.count == 1
    async with workspaces.hold(UNIT):
        assert (await workspaces.sweep_plans(SOON)).held.count == 1
    assert (await workspaces.sweep_plans(SOON, dry=True)).gone.bytes == len(b"secret")
    assert plan.is_file()
    await workspaces.sweep_plans(SOON)
    assert not plan.exists()
    assert (directory / "main.tf.json").is_file()
