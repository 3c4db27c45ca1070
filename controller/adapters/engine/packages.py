"""Provider packages: checked once by content, then by what the file system says of them.

Terraform hashes every provider at every command, most of a second for a large one. A lock file
without hashes spares that, so the check is made here: a package's content is compared with the lock
file once, and again as soon as one of its files is another one (by device, inode, size and times).
"""

import asyncio
import base64
import hashlib
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from controller.adapters.engine import _fetched, _lock_file
from controller.diagnostics.errors import EngineRefused
from controller.model.retention import Swept

INSTALLED = Path(".terraform") / "providers"
READY = "ready"
"""The folder, in the home of engines, of roots that only load providers."""

SETTLED_NS = 60 * 10**9
"""A package in which nothing was changed for a minute before an `init`, nor since, is the one that
this `init` has hashed."""

Traces = list[list[str | int]]


@dataclass
class Packages:
    """What is known of the packages on this machine; kept in one file, for all workspaces."""

    record: Path
    shared: Path | None = None
    """Where a package that was fetched is kept once, for all workspaces; None: each keeps its own.

    It has the layout of Terraform's mirrors in folders, so that the engine finds there what was
    fetched before.
    """
    _contents: dict[str, str] = field(default_factory=dict)
    """Provider, version and platform → hash: the first content seen is the only one."""
    _seen: dict[str, tuple[str, Traces]] = field(default_factory=dict)
    """Folder → the hash of its content, and the traces of its files when it was hashed."""
    _guard: asyncio.Lock = field(default_factory=asyncio.Lock)
    _is_read: bool = False
    _door: asyncio.Lock = field(default_factory=asyncio.Lock)
    _installing: int = 0

    @asynccontextmanager
    async def installing(self) -> AsyncIterator[None]:
        """Install inside of this: no package goes meanwhile."""
        async with self._door:
            self._installing += 1
        try:
            yield
        finally:
            self._installing -= 1

    async def sweep(self, units: Path, roots: Path, *, before: datetime, dry: bool) -> Swept:
        """Take away what was fetched, and no workspace below `units` names since `before`.

        `roots` holds what only loads providers, and keeps none. While something is installed,
        nothing goes. What content a version has stays known.
        """
        if self.shared is None:
            return Swept()
        async with self._door:
            if self._installing:
                return Swept()
            gone, swept = await asyncio.to_thread(_sweep, self.shared, units, before, dry=dry)
            if gone and not dry:
                await asyncio.to_thread(_fetched.drop_broken, roots)
                self._forget(gone)
        return swept

    def _forget(self, gone: list[Path]) -> None:
        self._read()
        folders = tuple(f"{path}/" for path in gone)
        self._seen = {
            path: kept for path, kept in self._seen.items() if not path.startswith(folders)
        }
        self._write()

    async def enter(self, directory: Path, began_ns: int = 0) -> None:
        """Check what `init` has installed, then take the hashes out of the lock file.

        `began_ns` is when it began, by the file system: it has hashed each package itself, so one
        that was left alone since then, and for a while before, is not read a second time. Raises
        EngineRefused for a package that is not the one that was locked, or that was another one in
        an earlier workspace.
        """
        locked = _lock_file.read(directory)
        if await self._check(directory, locked, began_ns - SETTLED_NS):
            _lock_file.put_hashes_aside(directory)
            for provider in locked:
                for platform in _platforms(directory, provider):
                    await self._share(platform, provider)

    async def check(self, directory: Path) -> None:
        """Look whether the packages of a workspace are still those that were checked.

        Raises EngineRefused when not. A lock file that has its hashes is checked by Terraform.
        """
        if _lock_file.hashes_are_aside(directory):
            await self._check(directory, _lock_file.read_aside(directory))

    async def _check(
        self, directory: Path, locked: tuple[_lock_file.Locked, ...], hashed_ns: int = 0
    ) -> bool:
        """Compare; tells whether everything could be.

        Packages that are older than `hashed_ns` have the hash that is locked, where it is one.
        """
        is_whole = True
        for provider in locked:
            known = {word for word in provider.hashes if word.startswith("h1:")}
            for platform in _platforms(directory, provider):
                if not known:
                    is_whole = False  # hashes of archives only: left to Terraform
                    continue
                if len(known) == 1:
                    await self._believe(platform.resolve(), min(known), hashed_ns)
                found = await self._hash(platform.resolve())
                name = f"{provider.address} {provider.version} {platform.name}"
                if found not in known or found != self._contents.setdefault(name, found):
                    raise EngineRefused.because(
                        f"the provider `{provider.address}` {provider.version} is not the one that"
                        f" was locked: `{platform.resolve()}` has another content",
                        hint="put the package back as it was, or ask for another version of it",
                        code="engine/provider-changed",
                    )
                self._write()
        return is_whole

    async def _share(self, own: Path, provider: _lock_file.Locked) -> None:
        """Keep a checked package of a workspace in the shared folder, and a link in its place.

        Cut off in between, the workspace has no package and is initialised again.
        """
        if self.shared is None or own.is_symlink():
            return
        kept = self.shared / provider.address / provider.version / own.name
        content = await self._hash(own)
        async with self._guard:
            if not kept.exists():
                kept.parent.mkdir(parents=True, exist_ok=True)
                own.rename(kept)
                # The same files at another place: they need not be read once more.
                self._seen[str(kept)] = self._seen.pop(str(own))
        if own.exists():
            if await self._hash(kept) != content:
                return
            await asyncio.to_thread(shutil.rmtree, own)
        own.symlink_to(kept.resolve(), target_is_directory=True)
        self._write()

    async def _believe(self, package: Path, content: str, hashed_ns: int) -> None:
        """Take the hash of a package from who has made it, if no file was changed since then."""
        async with self._guard:
            self._read()
            traces = _traces(package)
            if str(package) not in self._seen and _changed_ns(package) < hashed_ns:
                self._seen[str(package)] = content, traces

    async def _hash(self, package: Path) -> str:
        """Give the hash of a package, from memory when none of its files has changed."""
        async with self._guard:
            self._read()
            traces = await asyncio.to_thread(_traces, package)
            known = self._seen.get(str(package))
            if known is not None and known[1] == traces:
                return known[0]
            found = await asyncio.to_thread(hash_package, package)
            # A file that is changed while it is read leaves another trace.
            if await asyncio.to_thread(_traces, package) == traces:
                self._seen[str(package)] = found, traces
            return found

    def _read(self) -> None:
        if self._is_read:
            return
        self._is_read = True
        try:
            written = json.loads(self.record.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return
        except ValueError:  # cut off: everything is hashed once more
            return
        self._contents.update(written["contents"])
        seen: dict[str, tuple[str, Traces]] = written["seen"]
        self._seen.update({path: (kept[0], kept[1]) for path, kept in seen.items()})

    def _write(self) -> None:
        text = json.dumps({"contents": self._contents, "seen": self._seen}, sort_keys=True)
        if self.record.is_file() and self.record.read_text(encoding="utf-8") == text:
            return
        partial = self.record.with_suffix(".partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(self.record)


def _sweep(shared: Path, units: Path, before: datetime, *, dry: bool) -> tuple[list[Path], Swept]:
    named = _fetched.named_by(units.glob("*/*/*"), shared)
    gone, swept = [], Swept()
    for version in _fetched.versions_in(shared):
        if version.path.resolve() in named:
            swept = replace(swept, held=swept.held + version.amount)
            if not dry:
                version.note_use()
        elif version.used_at() > before:
            swept = replace(swept, young=swept.young + version.amount)
        else:
            swept = replace(swept, gone=swept.gone + version.amount)
            gone.append(version.path)
            if not dry:
                _fetched.take_away(version.path, shared)
    return gone, swept


def hash_package(package: Path) -> str:
    """Hash the files of an unpacked provider as Terraform's lock file does (`h1:`)."""
    lines = []
    for path in _files(package):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        lines.append(f"{digest}  {path.relative_to(package).as_posix()}\n")
    total = hashlib.sha256("".join(lines).encode()).digest()
    return "h1:" + base64.b64encode(total).decode()


def _files(package: Path) -> Iterator[Path]:
    names = {path.relative_to(package).as_posix(): path for path in package.rglob("*")}
    return (names[name] for name in sorted(names) if names[name].is_file())


def _traces(package: Path) -> Traces:
    """Give what changes when a file does: nobody sets back the time of a change of its inode."""
    found: Traces = []
    for path in _files(package):
        about = path.stat()
        found.append(
            [
                path.relative_to(package).as_posix(),
                about.st_dev,
                about.st_ino,
                about.st_size,
                about.st_mtime_ns,
                about.st_ctime_ns,
            ]
        )
    return found


def _changed_ns(package: Path) -> int:
    """Tell when anything in it was changed last, or put there, or taken away."""
    places = (package, *package.rglob("*"))
    return max(max(path.stat().st_ctime_ns, path.lstat().st_ctime_ns) for path in places)


def _platforms(directory: Path, provider: _lock_file.Locked) -> list[Path]:
    """Give the folders that `init` has installed of a provider, one for this platform."""
    version = directory / INSTALLED / provider.address / provider.version
    return [path for path in version.iterdir() if path.is_dir()] if version.is_dir() else []
