"""An apply as it is heard of: progress for people, and notes for the case that it is cut off."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from controller.adapters.engine import _made, _state_file
from controller.diagnostics.errors import EngineFailed
from controller.ports.engine import OnProgress

# Events whose message is for everybody: those of provisioners and outputs may hold values.
TELLING = frozenset(
    {
        "planned_change",
        "resource_drift",
        "refresh_start",
        "refresh_complete",
        "apply_start",
        "apply_progress",
        "apply_complete",
        "apply_errored",
        "change_summary",
    }
)

OnEvent = Callable[[Mapping[str, Any]], None]


def listener(on_event: OnEvent | None) -> Callable[[str], None] | None:
    """Turn a listener to events into one to lines."""
    if on_event is None:
        return None

    def take(line: str) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            return
        if isinstance(event, dict):
            on_event(event)

    return take


def teller(on_progress: OnProgress | None) -> OnEvent | None:
    """Tell people what may be told."""
    if on_progress is None:
        return None

    def take(event: Mapping[str, Any]) -> None:
        if event.get("type") in TELLING:
            on_progress(str(event.get("@message", "")))

    return take


@contextmanager
def noted_apply(directory: Path, inner: OnEvent | None) -> Iterator[OnEvent]:
    """Keep a copy of the state and a note of the apply; the note stays when the engine died."""
    if not _state_file.is_remote(directory):
        _state_file.keep_copy(directory)
    _state_file.note_apply(directory, made_something=False)
    _made.begin(directory)
    noted = False

    def take(event: Mapping[str, Any]) -> None:
        nonlocal noted
        _made.take(directory, event)
        if event.get("type") == "apply_complete" and not noted:
            noted = True
            _state_file.note_apply(directory, made_something=True)
        if inner is not None:
            inner(event)

    try:
        yield take
    except EngineFailed:  # the process died
        raise
    except BaseException:
        _end(directory)
        raise
    if not _state_file.is_remote(directory):
        _state_file.keep_copy(directory)
    _end(directory)


def _end(directory: Path) -> None:
    _state_file.forget_apply(directory)
    _made.forget(directory)
