"""Makes an embedded server of an earlier version anew, with all that it holds.

Nobody can change what its login may do: no root token was ever kept. So another server is set up
beside it, every secret is written into it under the version that it had, and it takes the old one's
place, as a restore does. Versions before the latest one stay behind, in `server.before`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.adapters.secret_store._swap import prepare, put_into_place
from controller.adapters.secret_store.embedded import EmbeddedOpenBao, hold
from controller.adapters.secret_store.openbao import OpenBaoSecretStore
from controller.diagnostics.errors import Stalled
from controller.model.delivery import SecretReference


@dataclass(frozen=True, slots=True)
class Outdated:
    """What an upgrade would do, or did."""

    secrets: int
    is_needed: bool


async def upgrade(directory: Path, *, do: bool) -> Outdated:
    """Tell whether the server must be made anew, and do it when told so.

    The controller must not run. Killed anywhere, the next start finishes or undoes it. Raises
    StateLocked, Stalled, StoreUnreachable.
    """
    server = await EmbeddedOpenBao.start(directory)
    try:
        store = await server.connect()
        try:
            paths = await store.names()
            is_needed = server.health().lacks_rights
            if do and is_needed:
                await _move(store, prepare(directory), paths)
        finally:
            await store.close()
    finally:
        await server.stop()
    if do and is_needed:
        with hold(directory):
            put_into_place(directory)
    return Outdated(len(paths), is_needed)


async def _move(old: OpenBaoSecretStore, folder: Path, paths: Sequence[str]) -> None:
    fresh = await EmbeddedOpenBao.start(folder)
    try:
        new = await fresh.connect()
        try:
            for path in paths:
                await _copy(old, new, SecretReference("", path))
            await _prove(old, new, paths)
        finally:
            await new.close()
    finally:
        await fresh.stop()


async def _copy(old: OpenBaoSecretStore, new: OpenBaoSecretStore, at: SecretReference) -> None:
    found = await old.describe(at)
    fields = None if found is None else await old.read(at, version=found.version)
    if found is None or fields is None:
        return  # deleted: there is nothing to keep
    for version in range(found.version):  # notes beside copies speak of versions
        await new.write(at, fields, expect=version, marks=found.marks)


async def _prove(old: OpenBaoSecretStore, new: OpenBaoSecretStore, paths: Sequence[str]) -> None:
    there = await new.survey()
    for path in paths:
        at = SecretReference("", path)
        before = await old.describe(at)
        fields = None if before is None else await old.read(at, version=before.version)
        if before is None or fields is None:
            continue
        after = there.get(path)
        same = after is not None and (after.version, after.marks) == (before.version, before.marks)
        if not same or await new.read(at) != fields:
            raise Stalled.because(
                f"`{path}` did not arrive in the new server", hint="nothing was changed; try again"
            )
