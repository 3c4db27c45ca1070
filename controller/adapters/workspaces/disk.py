"""Workspaces in a folder: `units/<product>/<environment>/<stack>` and `trees/<digest>`."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path, PurePosixPath

import psutil

from controller.adapters.workspaces._sweeping import (
    Placed,
    amount_of,
    names_in,
    remove_tree,
    take,
    trees_in,
)
from controller.diagnostics.errors import Stalled
from controller.model.names import Digest, UnitName
from controller.model.retention import Amount, Swept
from controller.model.workspace import Workspace

STAMP = Path(".trueup") / "written"
DATED = Path(".trueup") / "dated.json"
MOST_DATED = 32
STATE = "terraform.tfstate"
PLANS = ("trueup.tfplan", "trueup-refresh.tfplan")
# What the engine keeps beside a workspace's files, by the beginning of its name.
KEPT = (".terraform", ".trueup", STATE, "errored.tfstate", "trueup.tfplan")


def tree_path(root: Path, digest: Digest) -> Path:
    """Tell where a folder of the repository is below the folder of workspaces, or would be."""
    return root / "trees" / digest.replace(":", "-")


def unit_path(root: Path, unit: UnitName) -> Path:
    """Tell where a unit's directory is below the folder of workspaces, or would be."""
    return root / "units" / unit.product / unit.environment / unit.stack


class DiskWorkspaces:
    """See the port. Nobody else writes below the folder.

    Nothing is flushed file by file, which would cost more than all the rest: a killed process loses
    nothing, and what was written before the machine last started is compared once more.
    """

    def __init__(self, root: Path, *, records: Sequence[Path] = ()) -> None:
        """Use a folder, which is made when it is not there.

        `records`: folders whose JSON files tell of what runs, and may run from a tree.
        """
        self._root = root.resolve()
        self._records = tuple(records)
        _make_private(self._root)
        self._held: dict[UnitName, asyncio.Lock] = {}

    @asynccontextmanager
    async def hold(self, unit: UnitName) -> AsyncIterator[None]:
        """See the port. Among those in this process; another process has another folder."""
        async with self._held.setdefault(unit, asyncio.Lock()):
            yield

    async def write(self, workspace: Workspace, *, dated_as: Digest | None = None) -> Path:
        """See the port. A stamp is written last, so that a write that was cut off is done again."""
        directory = self.directory(workspace.unit)
        stamp = directory / STAMP
        if _read_stamp(stamp) == (workspace.digest, _boot()):
            return directory
        dated = _as_first_written(directory / DATED, workspace, dated_as)
        files = {**workspace.files, **dated}
        names = {_checked(name, workspace.unit): name for name in files}
        _make_private(directory, below=self._root)
        _make_private(stamp.parent, below=self._root)
        stamp.unlink(missing_ok=True)
        _remove_stale(directory, set(names))
        _remember(directory / DATED, workspace, files, below=self._root)
        for path, name in names.items():
            _write(directory / path, files[name], below=self._root)
        _write_stamp(stamp, workspace.digest, below=self._root)
        return directory

    def directory(self, unit: UnitName) -> Path:
        """See the port."""
        return unit_path(self._root, unit)

    async def place_tree(self, digest: Digest, files: Mapping[str, bytes]) -> Path:
        """See the port. Built beside its place and moved there whole."""
        names = {_checked(name, digest): name for name in files}
        place = tree_path(self._root, digest)
        # From here to its end no other turn runs: a sweep is before it, or sees the new stamp.
        if place.parent != self._root / "trees" or place.name.startswith("."):
            raise Stalled.because(f"`{digest}` is not a digest")
        stamp = self._root / "trees" / ".placed" / place.name
        if place.is_dir() and _read_stamp(stamp) == (digest, _boot()):
            os.utime(stamp)
            return place
        _make_private(place.parent, below=self._root)
        if place.is_dir() and _holds(
            place, {str(path): files[name] for path, name in names.items()}
        ):
            _write_stamp(stamp, digest, below=self._root)
            return place
        remove_tree(place)
        building = Path(tempfile.mkdtemp(prefix=".building-", dir=place.parent))
        try:
            for path, name in names.items():
                _write(building / path, files[name], below=self._root)
            _make_read_only(building)
            building.rename(place)
        finally:
            remove_tree(building)
        _write_stamp(stamp, digest, below=self._root)
        return place

    async def remove(self, unit: UnitName) -> None:
        """See the port."""
        directory = self.directory(unit)
        if not directory.exists():
            return
        held = _resources(directory / STATE)
        if held is None or (directory / "errored.tfstate").exists():
            raise Stalled.because(
                f"the state of `{unit}` cannot be read, so its directory stays",
                hint=f"look at `{directory}`",
            )
        if held:
            raise Stalled.because(
                f"the state of `{unit}` still holds {held} resource{'' if held == 1 else 's'}",
                hint="destroy the unit first",
            )
        remove_tree(directory)

    async def sweep_trees(self, before: datetime, *, dry: bool = False) -> Swept:
        """See the port. Whether a tree is young is looked at in the moment that it goes."""
        trees = await asyncio.to_thread(trees_in, self._root / "trees")
        named = await asyncio.to_thread(names_in, self._root / "units", self._records)
        swept, going = Swept(), list[Path]()
        for tree in trees:
            kind = _fate(tree, named, before)
            if kind == "gone" and not dry:
                going.append(take(tree))  # no turn of others is between the look and this
            swept = replace(swept, **{kind: getattr(swept, kind) + tree.amount})
        for left in going:
            await asyncio.to_thread(remove_tree, left)
        return swept

    async def sweep_plans(self, before: datetime, *, dry: bool = False) -> Swept:
        """See the port."""
        swept = Swept()
        for path in await asyncio.to_thread(self._plans):
            amount = amount_of(path) if path.is_file() else Amount()
            kind = self._fate_of_plan(path, before)
            if kind == "gone" and not dry:
                path.unlink(missing_ok=True)
            swept = replace(swept, **{kind: getattr(swept, kind) + amount})
        return swept

    def _plans(self) -> list[Path]:
        return [p for name in PLANS for p in sorted(self._root.glob(f"units/*/*/*/{name}"))]

    def _fate_of_plan(self, path: Path, before: datetime) -> str:
        held = self._held.get(UnitName(*path.parts[-4:-1]))
        if held is not None and held.locked():
            return "held"
        is_old = path.is_file() and path.stat().st_mtime < before.timestamp()
        return "gone" if is_old else "young"


def _fate(tree: Placed, named: set[str], before: datetime) -> str:
    if tree.path.name in named:
        return "held"
    return "gone" if tree.path.is_dir() and tree.placed_at() < before else "young"


def _checked(name: str, owner: object) -> PurePosixPath:
    """Give a relative path that stays inside; raises Stalled for any other."""
    path = PurePosixPath(name)
    leaves = path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name
    if leaves or "\\" in name or path.parts[0].startswith(KEPT):
        raise Stalled.because(f"the file `{name}` of `{owner}` does not stay inside its folder")
    return path


def _make_private(directory: Path, below: Path | None = None) -> None:
    """Make a folder and those above it, for nobody else."""
    if directory.is_dir():
        return
    if below is not None and directory.parent != below:
        _make_private(directory.parent, below)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)


def _write(path: Path, content: bytes, *, below: Path) -> None:
    """Write whole or not at all, and not again what is there already."""
    if path.is_file() and not path.is_symlink() and path.read_bytes() == content:
        return
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    _make_private(path.parent, below=below)
    partial = path.with_name(f".trueup-{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    partial.replace(path)


def _as_first_written(
    memory: Path, workspace: Workspace, dated_as: Digest | None
) -> dict[str, bytes]:
    """Give the dated files of a workspace; of one that was here before, those of then."""
    known = _read_dated(memory)
    then = known.get(dated_as or workspace.digest) or known.get(workspace.digest, {})
    return {
        name: then[name].encode() if name in then else now for name, now in workspace.dated.items()
    }


def _remember(
    memory: Path, workspace: Workspace, files: Mapping[str, bytes], *, below: Path
) -> None:
    """Keep the dated files of the last workspaces, the newest last."""
    if not workspace.dated:
        return
    known = _read_dated(memory)
    known.pop(workspace.digest, None)
    known[workspace.digest] = {name: files[name].decode() for name in workspace.dated}
    newest = dict(list(known.items())[-MOST_DATED:])
    _write(memory, json.dumps(newest).encode(), below=below)


def _read_dated(memory: Path) -> dict[str, dict[str, str]]:
    if not memory.is_file():
        return {}
    try:
        found = json.loads(memory.read_text(encoding="utf-8"))
    except ValueError:  # cut off: what it dated is dated anew
        return {}
    return found if isinstance(found, dict) else {}


def _write_stamp(stamp: Path, digest: str, *, below: Path) -> None:
    _write(stamp, f"{digest}\n{_boot()}".encode(), below=below)


def _read_stamp(stamp: Path) -> tuple[str, str] | None:
    if not stamp.is_file():
        return None
    digest, _, boot = stamp.read_text(encoding="utf-8", errors="replace").partition("\n")
    return digest, boot


@cache
def _boot() -> str:
    """Name this start of the machine: until the next one, what was written is there."""
    path = Path("/proc/sys/kernel/random/boot_id")
    if path.is_file():
        return path.read_text(encoding="ascii").strip()
    return str(int(psutil.boot_time()))


def _holds(tree: Path, files: Mapping[str, bytes]) -> bool:
    found = {path for path in tree.rglob("*") if not path.is_dir() or path.is_symlink()}
    return found == {tree / name for name in files} and all(
        (tree / name).read_bytes() == content for name, content in files.items()
    )


def _remove_stale(directory: Path, wanted: set[PurePosixPath]) -> None:
    """Take away what an earlier workspace had, but not what the engine keeps."""
    for entry in directory.iterdir():
        if entry.name.startswith(KEPT) and not entry.name.endswith(".partial"):
            continue
        _remove_unwanted(directory, entry, wanted)


def _remove_unwanted(directory: Path, entry: Path, wanted: set[PurePosixPath]) -> None:
    path = PurePosixPath(entry.relative_to(directory).as_posix())
    if entry.is_dir() and not entry.is_symlink():
        for inner in entry.iterdir():
            _remove_unwanted(directory, inner, wanted)
        if not any(entry.iterdir()):
            entry.rmdir()
    elif path not in wanted or entry.is_symlink():
        entry.unlink()


def _make_read_only(tree: Path) -> None:
    for path in [tree, *tree.rglob("*")]:
        path.chmod(0o500 if path.is_dir() else 0o400)


def _resources(state: Path) -> int | None:
    """Count the managed resources of a state; None when it cannot be read."""
    if not state.exists():
        return 0
    try:
        document = json.loads(state.read_text(encoding="utf-8"))
        return sum(
            len(resource["instances"])
            for resource in document["resources"]
            if resource.get("mode") == "managed"
        )
    except (ValueError, KeyError, TypeError):
        return None
