"""Puts another server in the place of the one that is there; finished by itself after a kill.

```
<directory>/server/          the server in use
            restoring/       the one that is being prepared
            restoring/proven written when it was proven by a login: from then on it is to be used
            server.before    the one that was there before
```

Every instant in between is told from the others by what is there, so that the next start does the
rest: without the mark nothing has happened, and what was prepared is wiped; with it, it is put into
place.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from controller.adapters.secret_store._private import (
    make_private_folder,
    write_private,
)
from controller.diagnostics.errors import Stalled
from controller.durable import sync_folder

PREPARED, PROVEN, BEFORE, SERVER = "restoring", "proven", "server.before", "server"


def _unwatched(_step: str) -> None:
    pass


def prepare(directory: Path) -> Path:
    """Give an empty folder, below which `server` is to be made. The folder must be held."""
    folder = directory / PREPARED
    if folder.exists():
        shutil.rmtree(folder)
    make_private_folder(folder)
    return folder


def put_into_place(directory: Path, on_step: Callable[[str], None] = _unwatched) -> None:
    """Use what was prepared and proven; what was there is kept beside it. Raises Stalled."""
    if not (directory / PREPARED / SERVER).exists():
        raise Stalled.because(
            "what was prepared was wiped by a controller that was started meanwhile",
            hint="stop the controller, and begin anew",
        )
    write_private(directory / PREPARED / PROVEN, b"")
    on_step("marked")
    settle(directory, on_step)


def settle(directory: Path, on_step: Callable[[str], None] = _unwatched) -> bool:
    """Finish or undo what a killed restore left; tells whether another server is used now.

    The folder must be held: a restore that is being prepared is wiped.
    """
    prepared, server, before = directory / PREPARED, directory / SERVER, directory / BEFORE
    is_lost = not server.exists() and before.exists()
    is_proven = (prepared / PROVEN).exists() or is_lost  # earlier versions left no mark
    is_new = is_proven and (prepared / SERVER).exists()
    if is_new:
        if server.exists():
            if before.exists():
                shutil.rmtree(before)
                on_step("cleared")
            server.rename(before)
            sync_folder(directory)
            on_step("moved away")
        (prepared / SERVER).rename(server)
        sync_folder(directory)
        on_step("moved in")
    elif is_lost:
        before.rename(server)
        sync_folder(directory)
    if prepared.exists():
        shutil.rmtree(prepared)
        on_step("wiped")
    return is_new
