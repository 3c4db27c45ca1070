"""Backup and restore of the embedded secret server, with a note in the log of events."""

from pathlib import Path

from controller.adapters.clock.system import SystemClock
from controller.adapters.ledger.sqlite import SqliteLedger
from controller.adapters.secret_store import backup
from controller.adapters.secret_store.upgrade import Outdated, upgrade
from controller.diagnostics.errors import Stalled
from controller.model.delivery import RestoredSecret
from controller.model.event import Event, EventType

SUBJECT = "secret-server:embedded"


async def back_up(data: Path, out: Path, keys: Path | None) -> int:
    """Write a snapshot; gives its bytes.

    While a controller runs, the log of events is its own: then OpenBao's audit log has the note.
    """
    server = _server(data)
    size = await backup.backup(server, out, keys)
    try:
        await _tell(data, "BackedUp", f"a snapshot of {size} bytes was written to `{out}`")
    except Stalled:
        return size
    return size


async def bring_back(
    data: Path, file: Path, keys: Path | None, *, do: bool
) -> tuple[RestoredSecret, ...]:
    """Tell what a restore changes, and do it when told so. Raises StateLocked, Stalled."""
    server = data.absolute() / "openbao" if keys is not None else _server(data)
    changes = await backup.compare(server, file, keys)
    if do:
        await _tell(data, "Restoring", f"`{file}` is restored: {len(changes)} secrets change")
        await backup.restore(server, file, keys)
        await _tell(data, "Restored", f"`{file}` was restored: {len(changes)} secrets changed")
    return changes


async def make_anew(data: Path, *, do: bool) -> Outdated:
    """Make a server of an earlier version anew when that is needed and told."""
    found = await upgrade(_server(data), do=do)
    if do and found.is_needed:
        await _tell(data, "Upgraded", f"the server was made anew with {found.secrets} secrets")
    return found


def _server(data: Path) -> Path:
    server = data.absolute() / "openbao"
    if not (server / "server").is_dir():
        raise Stalled.because(
            f"there is no embedded secret server in `{data}`",
            hint="name the controller's folder with `--data`, and for a new machine the snapshot's "
            "keys with `--keys`",
        )
    return server


async def _tell(data: Path, reason: str, message: str) -> None:
    ledger = SqliteLedger.open(data / "ledger.db")
    try:
        now = SystemClock().now()
        await ledger.append(Event(now, EventType.WARNING, reason, SUBJECT, message))
    finally:
        await ledger.close()
