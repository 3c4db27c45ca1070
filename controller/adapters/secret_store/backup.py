"""Backup and restore of the embedded server.

A snapshot is what the server has on its disk, sealed: without `server/seal/key` nobody can open it,
and without `server/login/` nobody can log in to what was opened. The two are therefore kept apart
from the snapshot, in a folder of their own.

What a restore would change is found out by doing it: on a second server with the same keys, in a
scratch folder, whose secrets are then described one by one, never read.
"""

import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from controller.adapters.secret_store._private import make_private_folder, write_private
from controller.adapters.secret_store._rights import KEEPER_FILES
from controller.adapters.secret_store._swap import prepare, put_into_place
from controller.adapters.secret_store.embedded import EmbeddedOpenBao, attach, hold
from controller.adapters.secret_store.openbao import OpenBaoSecretStore
from controller.diagnostics.errors import Stalled, StateLocked
from controller.model.delivery import RestoredSecret, SecretDescription

KEPT = ("seal/key", "login/role-id", "login/secret-id")
KEEPER = tuple(f"login/{name}" for name in KEEPER_FILES)
"""Servers of earlier versions do not have them."""


async def backup(directory: Path, out: Path, keys: Path | None) -> int:
    """Write a snapshot to `out`, and the keys to the folder `keys`; gives the snapshot's bytes.

    Asks the server that runs, or runs it for as long as it takes. Raises Stalled, StateLocked.
    """
    if keys is not None and keys.exists() and any(keys.iterdir()):
        raise Stalled.because(
            f"`{keys}` is not empty", hint="name a new folder", code="secrets/file-not-writable"
        )
    async with _served(directory) as store:
        size = await store.snapshot(out)
    if keys is not None:
        _copy_keys(directory / "server", keys)
    return size


async def compare(directory: Path, file: Path, keys: Path | None) -> tuple[RestoredSecret, ...]:
    """Tell what `restore` would change. Raises Stalled, StateLocked, StoreUnreachable."""
    with tempfile.TemporaryDirectory(prefix="restore-", dir=directory.parent) as folder:
        scratch = Path(folder) / "bao"
        async with _running(directory) as store:
            now = await store.survey()
        make_private_folder(scratch)
        shutil.copytree(directory / "server", scratch / "server")
        then = await _restored(scratch, file, keys)
    return tuple(_changes(now, then))


async def restore(directory: Path, file: Path, keys: Path | None) -> None:
    """Bring the snapshot back; the controller must not run. What was there is kept beside it.

    Prepared in a folder of its own, proven by a login, and put into place; killed in between, the
    next start of the server does the rest. Raises StateLocked, Stalled, StoreUnreachable.
    """
    async with _running(directory):
        pass  # nobody else uses it; and it is set up if it is new
    with hold(directory):
        staging = prepare(directory)
        shutil.copytree(directory / "server", staging / "server")
        await _restored(staging, file, keys)
        put_into_place(directory)


async def _restored(folder: Path, file: Path, keys: Path | None) -> Mapping[str, SecretDescription]:
    """Restore into the server in `folder`, prove that it opens, and describe what it holds."""
    async with _running(folder) as store:
        await store.restore(file, is_foreign=keys is not None)
    if keys is not None:
        for name in (*KEPT, *KEEPER):
            place = folder / "server" / name
            if name in KEPT or (keys / name).exists():
                write_private(place, (keys / name).read_bytes())
            else:
                place.unlink(missing_ok=True)
    async with _running(folder) as store:
        return await store.survey()


def _changes(
    now: Mapping[str, SecretDescription], then: Mapping[str, SecretDescription]
) -> list[RestoredSecret]:
    return [
        RestoredSecret(path, _version(now.get(path)), _version(then.get(path)))
        for path in sorted({*now, *then})
        if _mark(now.get(path)) != _mark(then.get(path))
    ]


def _version(description: SecretDescription | None) -> int | None:
    return None if description is None else description.version


def _mark(description: SecretDescription | None) -> object:
    return None if description is None else description.fingerprint


def _copy_keys(server: Path, keys: Path) -> None:
    for name in (*KEPT, *KEEPER):
        if name in KEPT or (server / name).exists():
            make_private_folder((keys / name).parent)
            write_private(keys / name, (server / name).read_bytes())
    make_private_folder(keys)


@asynccontextmanager
async def _running(directory: Path) -> AsyncIterator[OpenBaoSecretStore]:
    server = await EmbeddedOpenBao.start(directory)
    try:
        store = await server.connect()
        try:
            yield store
        finally:
            await store.close()
    finally:
        await server.stop()


@asynccontextmanager
async def _served(directory: Path) -> AsyncIterator[OpenBaoSecretStore]:
    """Use the server that runs; only when nobody holds the folder, run it."""
    try:
        async with _running(directory) as store:
            yield store
            return
    except StateLocked:
        store = await attach(directory)
    try:
        yield store
    finally:
        await store.close()
