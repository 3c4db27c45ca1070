"""What a command finds around it; tests give others."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import httpx


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)


@dataclass(frozen=True)
class Surroundings:
    """How the controller is reached, and how time passes."""

    transport: "httpx.BaseTransport | None" = None
    """None: the network."""
    wait: Callable[[float], None] = _wait
    is_over: Callable[[], bool] = lambda: False
    """Ends what would follow for ever."""


def surroundings() -> Surroundings:
    """Give those of the command that runs."""
    found = click.get_current_context().obj
    return found if isinstance(found, Surroundings) else Surroundings()
