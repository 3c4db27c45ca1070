"""Delivery as a file: `<root>/<product>/<environment>/<secret>`, for one user, or one and a group.

The file's generation lies beside it in `.<secret>.generation`, with the digest of the content it
speaks of. The content is replaced first, so that a crash leaves a digest that does not fit: then no
generation is there, and the caller brings the value again. A file that somebody changed, by hand or
by restoring a backup, is found in the same way; so is one that others may read. A link is never
followed, and what a file may be read by is settled before it has its name.
"""

import asyncio
import errno
import grp
import hashlib
import hmac
import json
import os
import pwd
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from controller.diagnostics.errors import Stalled, Transient
from controller.diagnostics.secret import SecretText
from controller.durable import sync_folder
from controller.model.delivery import PRIVATE, FileAccess
from controller.model.names import SecretName, is_name
from controller.ports.secret_target import Trace

PASSED = 0o011
TRAVERSED = 0o700 | PASSED
TOO_SOON = 3_000_000_000
"""Nanoseconds: more than a step of the clock of any file system that is in use."""
WRONG_PLACE = (PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError)


@dataclass(frozen=True, slots=True)
class FileSecretTarget:
    """Implements `ports.secret_target.SecretTarget`."""

    root: Path
    wall: Callable[[], int] = time.time_ns

    @classmethod
    def open(cls, root: Path) -> Self:
        """Use `root`, which is made if needed; raises Stalled when it cannot be written."""
        root = root.absolute()
        try:
            _make_root(root)
        except OSError as error:
            raise _failed("prepared", root, error) from error
        return cls(root)

    def address(self, secret: SecretName) -> str:
        """Tell the path of the file."""
        return str(self._path(secret))

    async def put(
        self, secret: SecretName, text: SecretText, *, generation: int, access: FileAccess = PRIVATE
    ) -> None:
        """Replace the file at once; raises Stalled, and Transient when the disk is full."""
        path, wanted = self._path(secret), _Wanted.of(access)
        try:
            if not wanted.is_private:
                _open_folder(self.root)
            await asyncio.to_thread(_put, path, text.reveal().encode(), generation, wanted)
        except OSError as error:
            raise _failed("written", path, error) from error

    async def generation(self, secret: SecretName, access: FileAccess = PRIVATE) -> int | None:
        """Tell the generation of the file; None when it is missing, or is not what was put."""
        path, wanted = self._path(secret), _Wanted.of(access)
        try:
            return await asyncio.to_thread(_generation, path, wanted)
        except OSError as error:
            raise _failed("read", path, error) from error

    async def trace(self, secret: SecretName) -> Trace | None:
        """Tell who the two files are, and when the kernel last saw them change.

        Nobody can set that time. Its steps are coarse: within one, a file may be changed twice and
        look the same, so that nothing is said of files that were changed just now.
        """
        path = self._path(secret)
        try:
            found = [os.lstat(each) for each in (path, _note(path))]
        except OSError:
            return None
        if max(each.st_ctime_ns for each in found) > self.wall() - TOO_SOON:
            return None
        return tuple(
            (each.st_dev, each.st_ino, each.st_size, each.st_mtime_ns, each.st_ctime_ns)
            for each in found
        )

    async def present(self) -> tuple[SecretName, ...]:
        """Name all secrets whose file lies below the root."""
        try:
            return await asyncio.to_thread(_present, self.root)
        except OSError as error:
            raise _failed("read", self.root, error) from error

    async def remove(self, secret: SecretName) -> None:
        """Remove the file, and then what is known of it."""
        path = self._path(secret)
        try:
            await asyncio.to_thread(_remove, path)
        except OSError as error:
            raise _failed("removed", path, error) from error

    def _path(self, secret: SecretName) -> Path:
        parts = (secret.product, secret.environment, secret.secret)
        if not all(is_name(part) for part in parts):
            raise Stalled.because(
                f"{str(secret)!r} cannot be the name of a delivered file",
                code="secrets/path-not-allowed",
            )
        return self.root.joinpath(*parts)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Access by the numbers that the kernel knows."""

    mode: int
    user: int
    group: int | None
    is_private: bool

    @classmethod
    def of(cls, access: FileAccess) -> Self:
        """Look the names up on this machine. Raises Stalled when there is no such name."""
        user = pwd.getpwnam(access.owner).pw_uid if _known(access) and access.owner else os.getuid()
        group = grp.getgrnam(access.group).gr_gid if access.group else None
        return cls(access.mode, user, group, access.is_private)

    def fits(self, found: os.stat_result) -> bool:
        """Tell whether a file is for exactly those."""
        group = found.st_gid if self.group is None else self.group
        return (
            stat.S_ISREG(found.st_mode)
            and stat.S_IMODE(found.st_mode) == self.mode
            and (found.st_uid, found.st_gid) == (self.user, group)
        )


def _known(access: FileAccess) -> bool:
    for name, find in ((access.owner, pwd.getpwnam), (access.group, grp.getgrnam)):
        try:
            if name:
                find(name)
        except KeyError:
            raise Stalled.because(
                f"this machine knows no user or group `{name}`",
                hint="make it, or name another `owner` of the file",
                code="secrets/file-not-writable",
            ) from None
    return True


def _put(path: Path, content: bytes, generation: int, wanted: _Wanted) -> None:
    if _generation(path, wanted) == generation:
        return
    for folder in (path.parent.parent, path.parent):
        _make_folder(folder)
        if not wanted.is_private:
            _open_folder(folder)
    _replace(path, content, wanted)
    note = json.dumps([generation, _digest(content)]).encode()
    _replace(_note(path), note, _Wanted.of(PRIVATE))


def _generation(path: Path, wanted: _Wanted) -> int | None:
    try:
        generation, digest = json.loads(_note(path).read_bytes())
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise
    with os.fdopen(descriptor, "rb") as file:
        if not wanted.fits(os.fstat(file.fileno())):
            return None
        there = _digest(file.read())
    fits = isinstance(generation, int) and hmac.compare_digest(str(digest), there)
    return generation if fits else None


def _present(root: Path) -> tuple[SecretName, ...]:
    found = []
    for path in root.glob("*/*/*"):
        parts = path.relative_to(root).parts
        if all(is_name(part) for part in parts):
            found.append(SecretName(*parts))
    return tuple(sorted(found))


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    _note(path).unlink(missing_ok=True)
    if path.parent.is_dir():
        sync_folder(path.parent)


def _note(path: Path) -> Path:
    """A name begins with a letter or digit, so that no secret's file can have this one."""
    return path.with_name(f".{path.name}.generation")


def _digest(content: bytes) -> str:
    """Lies beside the value, for those who may read the value: no key is needed."""
    return hashlib.sha256(content).hexdigest()


def _replace(path: Path, content: bytes, wanted: _Wanted) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        _give(file.fileno(), wanted)
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def _give(descriptor: int, wanted: _Wanted) -> None:
    """Give a file to its readers before it has its name; the mode last, as giving may clear it."""
    found = os.fstat(descriptor)
    group = -1 if wanted.group is None else wanted.group
    if (found.st_uid, group) not in {(wanted.user, -1), (wanted.user, found.st_gid)}:
        os.fchown(descriptor, wanted.user, group)
    os.fchmod(descriptor, wanted.mode)


def _make_root(root: Path) -> None:
    """Make the folder that the settings name; one that others may write in cannot be used."""
    if not root.exists():
        root.mkdir(mode=0o700, parents=True)
    if not root.is_dir() or root.stat().st_mode & 0o022:
        raise NotADirectoryError(errno.ENOTDIR, "it is no folder, or others may write in it")


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "it is no folder of ours")
    if stat.S_IMODE(folder.stat().st_mode) not in {0o700, TRAVERSED}:
        folder.chmod(0o700)


def _open_folder(folder: Path) -> None:
    """Let others pass through a folder to a file that is theirs; nobody more may list it."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode | PASSED != mode:
        folder.chmod(mode | PASSED)


def _failed(what: str, path: Path, error: OSError) -> Stalled | Transient:
    message = f"`{path}` cannot be {what}: {error.strerror}"
    if isinstance(error, WRONG_PLACE):
        return Stalled.because(message, code="secrets/file-not-writable")
    return Transient.because(message, code="secrets/file-not-writable")
