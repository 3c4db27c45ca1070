"""Delivery as a file: `<root>/<product>/<environment>/<secret>`, readable by one user only.

The file's generation lies beside it in `.<secret>.generation`, with the digest of the content it
speaks of. The content is replaced first, so that a crash leaves a digest that does not fit: then no
generation is there, and the caller brings the value again. A file that somebody changed, by hand or
by restoring a backup, is found in the same way.
"""

import asyncio
import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from controller.diagnostics.errors import Stalled, Transient
from controller.diagnostics.secret import SecretText
from controller.model.names import SecretName, is_name

WRONG_PLACE = (PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError)


@dataclass(frozen=True, slots=True)
class FileSecretTarget:
    """Implements `ports.secret_target.SecretTarget`."""

    root: Path

    @classmethod
    def open(cls, root: Path) -> Self:
        """Use `root`, which is made if needed; raises Stalled when it cannot be written."""
        root = root.absolute()
        try:
            _make_folder(root)
        except OSError as error:
            raise _failed("prepared", root, error) from error
        return cls(root)

    def address(self, secret: SecretName) -> str:
        """Tell the path of the file."""
        return str(self._path(secret))

    async def put(self, secret: SecretName, text: SecretText, *, generation: int) -> None:
        """Replace the file at once; raises Stalled, and Transient when the disk is full."""
        path = self._path(secret)
        try:
            await asyncio.to_thread(_put, path, text.reveal().encode(), generation)
        except OSError as error:
            raise _failed("written", path, error) from error

    async def generation(self, secret: SecretName) -> int | None:
        """Tell the generation of the file; None when it is missing, or is not what was put."""
        path = self._path(secret)
        try:
            return await asyncio.to_thread(_generation, path)
        except OSError as error:
            raise _failed("read", path, error) from error

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


def _put(path: Path, content: bytes, generation: int) -> None:
    if _generation(path) == generation and _is_private(path):
        return
    for folder in (path.parent.parent, path.parent):
        _make_folder(folder)
    _replace(path, content)
    _replace(_note(path), json.dumps([generation, _digest(content)]).encode())


def _generation(path: Path) -> int | None:
    try:
        generation, digest = json.loads(_note(path).read_bytes())
        there = _digest(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None
    fits = isinstance(generation, int) and hmac.compare_digest(str(digest), there)
    return generation if fits else None


def _is_private(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_mode & 0o077 == 0


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    _note(path).unlink(missing_ok=True)
    if path.parent.is_dir():
        _sync(path.parent)


def _note(path: Path) -> Path:
    """A name begins with a letter or digit, so that no secret's file can have this one."""
    return path.with_name(f".{path.name}.generation")


def _digest(content: bytes) -> str:
    """Lies beside the value, for those who may read the value: no key is needed."""
    return hashlib.sha256(content).hexdigest()


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    _sync(path.parent)


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failed(what: str, path: Path, error: OSError) -> Stalled | Transient:
    message = f"`{path}` cannot be {what}: {error.strerror}"
    if isinstance(error, WRONG_PLACE):
        return Stalled.because(message, code="secrets/file-not-writable")
    return Transient.because(message, code="secrets/file-not-writable")
