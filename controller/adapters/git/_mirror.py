"""The bare mirror on disk: owned by one process, mended when damaged, read without a checkout."""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from controller.adapters.git._addresses import checked_url
from controller.adapters.git._blobs import ObjectReader
from controller.adapters.git._command import Answer, GitCommand, Leash
from controller.adapters.git._failures import in_words, is_missing
from controller.adapters.git.login import Login
from controller.diagnostics.errors import RepositoryUnreachable, Stalled
from controller.model.names import Commit
from controller.model.snapshot import FileKind, SnapshotFile

_PATIENCE = 10.0
"""Seconds to wait for a git process that a killed controller left behind."""

_KINDS = {
    b"100644": FileKind.REGULAR,
    b"100755": FileKind.EXECUTABLE,
    b"120000": FileKind.SYMLINK,
    b"160000": FileKind.SUBMODULE,
}
_LEFT_BEHIND = ("*.lock", "tmp_pack_*", "tmp_idx_*", "tmp_rev_*", "tmp_obj_*", "gc.pid", ".tmp-*")


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of a commit, and the paths that cannot be told as text."""

    files: Mapping[str, SnapshotFile]
    skipped: tuple[bytes, ...]


class Mirror:
    """A bare repository that holds what was fetched from one address.

    A lock file beside it (`<mirror>.lock`) is held for as long as this process, or any git process
    that it started, lives. So whoever holds it knows that every lock and temporary file inside is
    of a dead process.
    """

    def __init__(self, url: str, path: Path, timeout: float, login: Login | None = None) -> None:
        """Look at the address. Raises Stalled when it cannot be one, or git is not installed."""
        self.url = checked_url(url)
        self._login = login or Login()
        self._login.check(self.url)
        self.path = path.absolute()
        self.guard = asyncio.Lock()
        """Held by whoever fetches, pushes or changes references."""
        self.command = GitCommand(self.path, {}, timeout)
        self.objects = ObjectReader(self.command)
        self.suspect = False
        """Whether something in it could not be read: the next fetch makes it anew."""
        self._untidy = False
        """Whether a git process was ended half-way, which may leave locks behind."""
        self._descriptor: int | None = None
        self._ready = asyncio.Lock()

    def close(self) -> None:
        """End the reading process and let the next one in."""
        self.objects.close()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            self.command.descriptors = ()

    async def prepare(self) -> None:
        """Take the lock and see to it that there is a mirror of this address.

        Raises Stalled when another process holds it, or the folder is something else;
        RepositoryUnreachable when the disk does not let us.
        """
        async with self._ready:
            if self._descriptor is None:
                with self._disk_in_words():
                    self._descriptor = await self._lock()
                    self.command.descriptors = (self._descriptor,)
                    await asyncio.to_thread(self._set_up)

    async def git(
        self,
        *arguments: str,
        given: bytes = b"",
        environment: Mapping[str, str] | None = None,
    ) -> Answer:
        """Run git on the mirror in a thread; being cancelled ends it, and waits for that."""
        leash = Leash()
        working = asyncio.ensure_future(
            asyncio.to_thread(
                self.command.run, *arguments, given=given, environment=environment, leash=leash
            )
        )
        try:
            answer = await asyncio.shield(working)
        except asyncio.CancelledError:
            self._untidy = True
            leash.cut()
            await asyncio.wait([working])
            raise
        self._untidy = self._untidy or answer.timed_out
        return answer

    async def remote(self, *arguments: str) -> Answer:
        """Run a git that talks to the server: the only one that is told how to log in.

        Raises Stalled when what the settings name for that cannot be read.
        """
        return await self.git(*arguments, environment=self._login.environment(self.url))

    async def fetch(self, source: str, reference: str) -> bool:
        """Fetch a reference or a commit into one of the mirror; tell whether it was there.

        Makes the mirror anew when it is damaged. Raises RepositoryUnreachable, Stalled. For the
        holder of `guard`.
        """
        await self.prepare()
        if self._untidy:
            await asyncio.to_thread(self._clear_left_behind)
            self._untidy = False
        if self.suspect and await self._answers():
            await self._make_anew()
        answer = await self._fetch(source, reference)
        if answer.code != 0 and not is_missing(answer) and await self._is_damaged():
            if await self._answers():
                await self._make_anew()
            answer = await self._fetch(source, reference)
        if is_missing(answer):
            return False
        if answer.code != 0:
            raise in_words(self.url, answer)
        return True

    async def resolve(self, reference: str) -> Commit | None:
        """Give the commit that a reference of the mirror stands at."""
        answer = await self.git("rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
        return Commit(answer.text) if answer.code == 0 else None

    async def tree(self, commit: str) -> Tree:
        """List every file of a commit that is there. Raises RepositoryUnreachable when damaged."""
        answer = await self.git("ls-tree", "-r", "-l", "-z", "--full-tree", commit)
        if answer.code != 0:
            raise self.damaged(f"the tree of `{commit}`")
        return _parse_tree(answer.output)

    def damaged(self, what: str) -> RepositoryUnreachable:
        """Note that the mirror cannot be trusted, and say so."""
        self.suspect = True
        return RepositoryUnreachable.because(
            f"{what} cannot be read: the mirror `{self.path}` is damaged",
            hint="nothing to do: the next fetch makes the mirror anew",
        )

    async def _fetch(self, source: str, reference: str) -> Answer:
        return await self.remote(
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--no-auto-maintenance",
            "--force",
            *(["--prune"] if source.endswith("/*") else []),
            "--",
            self.url,
            f"+{source}:{reference}",
        )

    async def _answers(self) -> bool:
        answer = await self.remote("ls-remote", "--quiet", "--heads", "--", self.url)
        return answer.code == 0

    async def _is_damaged(self) -> bool:
        """Whether the mirror itself is at fault: some object or reference in it is broken."""
        answer = await self.git("rev-list", "--objects", "--quiet", "--all")
        return answer.code != 0 or bool(answer.error.strip())

    async def _make_anew(self) -> None:
        self.objects.close()
        with self._disk_in_words():
            await asyncio.to_thread(self._discard)
            await asyncio.to_thread(self._set_up)
        self.suspect = False

    async def _lock(self) -> int:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = self.path.with_name(self.path.name + ".lock")
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        for _ in range(int(_PATIENCE * 10)):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
                return descriptor
            await asyncio.sleep(0.1)
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise Stalled.because(
            f"the mirror `{self.path}` is in use by another process, {holder or 'unknown'}, or by a"
            " git that it left behind",
            hint="stop that process, or give this controller another folder",
            code="fetch/mirror-held",
        )

    def _set_up(self) -> None:
        """Make the mirror when it is not there, anew when it is of another address; clear it."""
        discarded = self.path.with_name(self.path.name + ".discarded")
        shutil.rmtree(discarded, ignore_errors=True)
        if self.path.exists():
            marker = self._marker()
            if marker is None and any(self.path.iterdir()):
                raise Stalled.because(
                    f"`{self.path}` holds something that is no mirror of Trueup",
                    hint="give the mirror an empty folder",
                    code="fetch/mirror-not-ours",
                )
            if marker is not None and marker != self._mark():
                self._discard()
        self.path.mkdir(mode=0o700, exist_ok=True)
        (self.path / "trueup-mirror").write_text(self._mark(), encoding="ascii")
        self._clear_left_behind()
        if self.command.run("rev-parse", "--is-bare-repository").text != "true":
            answer = self.command.run("init", "--quiet", "--bare", "--template=", str(self.path))
            if answer.code != 0:
                raise self.damaged(f"what git made (`{answer.error.strip()[:200]}`)")

    def _discard(self) -> None:
        """Take the mirror away in one move, so that half of it is never found."""
        discarded = self.path.with_name(self.path.name + ".discarded")
        shutil.rmtree(discarded, ignore_errors=True)
        self.path.rename(discarded)
        shutil.rmtree(discarded, ignore_errors=True)

    def _mark(self) -> str:
        return hashlib.sha256(self.url.encode()).hexdigest()

    def _marker(self) -> str | None:
        try:
            return (self.path / "trueup-mirror").read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            return None

    def _clear_left_behind(self) -> None:
        """Remove locks and temporary files: the lock we hold proves that their makers are dead."""
        for pattern in _LEFT_BEHIND:
            for left in self.path.rglob(pattern):
                left.unlink(missing_ok=True)
        for folder in self.path.glob("objects/tmp_objdir-*"):
            shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def _disk_in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RepositoryUnreachable.because(
                f"the mirror `{self.path}` cannot be used: {error.strerror or error}",
                hint="look at the free space and the permissions of that folder",
            ) from error


def _parse_tree(listing: bytes) -> Tree:
    files: dict[str, SnapshotFile] = {}
    skipped = []
    for entry in listing.split(b"\0"):
        if not entry:
            continue
        head, _, raw_path = entry.partition(b"\t")
        mode, _, identity, size = head.split()
        kind = _KINDS.get(mode, FileKind.REGULAR)  # 100664, as very old versions of git wrote
        try:
            path = raw_path.decode("utf-8")
        except UnicodeDecodeError:
            skipped.append(raw_path)
            continue
        length = 0 if size == b"-" else int(size)
        files[path] = SnapshotFile(path, identity.decode("ascii"), length, kind)
    return Tree(files, tuple(skipped))
