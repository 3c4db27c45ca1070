"""An apply as it is heard of: progress for people, and notes for the case that it is cut off."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from controller.adapters.engine import _made, _state_file
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

_log = structlog.get_logger(__name__)

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


def note_apply(directory: Path, inner: OnEvent | None) -> OnEvent:
    """Keep a copy of the state and begin notes of an apply; give who hears of its events.

    They stay when the engine died, or could not write its state: `end_apply` is for the good end.
    """
    if not _state_file.is_remote(directory):
        _state_file.keep_copy(directory)
    _state_file.note_apply(directory, made_something=False)
    _made.begin(directory)
    noted = False

    def take(event: Mapping[str, Any]) -> None:
        nonlocal noted
        try:
            _made.take(directory, event)
            if event.get("type") == "apply_complete" and not noted:
                noted = True
                _state_file.note_apply(directory, made_something=True)
        except OSError as error:  # a full disk: the engine will say so as well
            _log.warning("an apply cannot be noted", error=str(error))
        if inner is not None:
            inner(event)

    return take


def end_apply(directory: Path) -> None:
    """End the notes: the state says it all."""
    if not _state_file.is_remote(directory):
        _state_file.sync(directory)
        _state_file.keep_copy(directory)
    forget(directory)


def forget(directory: Path) -> None:
    """Take the notes away."""
    _state_file.forget_apply(directory)
    _made.forget(directory)
