"""What the disk of the data folder says of itself: asked for anew, for a full one takes no note."""

from collections.abc import Callable, Sequence

from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.errors import fault_of
from controller.model.room import Room

SCOPE = "machine"
MIB = 1024 * 1024
LEAST = 16 * MIB
"""With less than this any write may be cut off."""


def findings_of(look: Callable[[], Room | None]) -> Sequence[tuple[str, Diagnostic]]:
    """Find, with its scope, that nothing can be written down, and so nothing is done."""
    try:
        room = look()
    except OSError as error:
        return [(SCOPE, each) for each in fault_of(error).diagnostics]
    if room is None or not (room.is_read_only or room.free_bytes < LEAST):
        return []
    short = f"less than {LEAST // MIB} MiB are left"
    why = "its disk can only be read" if room.is_read_only else short
    found = Diagnostic(
        "trueup/disk-full",
        f"nothing can be written to `{room.folder}`: {why}; what is shown was noted before, and"
        " nothing is changed meanwhile",
        hint="make room on that disk; it goes on by itself",
    )
    return [(SCOPE, found)]
