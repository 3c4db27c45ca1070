"""The numbers that commands end with, and what they mean."""

from enum import IntEnum

from controller.diagnostics.errors import Stalled, Transient, TrueupError, Waiting


class ExitCode(IntEnum):
    """Scripts rely on these; a number never changes its meaning."""

    DONE = 0
    REFUSED = 1
    """Somebody must change something; diagnostics were printed."""
    CHANGES = 2
    """There are changes; only with `--detailed-exitcode`."""
    USAGE = 64
    """The command was not used as it is meant."""
    BUG = 70
    """Ours; a report was written."""
    WAITING = 75
    """Nothing is wrong with the command: come again later."""
    INTERRUPTED = 130


def exit_code_of(error: TrueupError) -> ExitCode:
    """Tell what a command ends with that stopped at an error."""
    if isinstance(error, Waiting | Transient):
        return ExitCode.WAITING
    return ExitCode.REFUSED if isinstance(error, Stalled) else ExitCode.BUG
