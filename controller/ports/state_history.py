"""Earlier states of units, so that one can be looked at and brought back."""

from collections.abc import Sequence
from typing import Protocol

from controller.diagnostics.secret import SecretText
from controller.model.names import UnitName
from controller.model.state import EngineState, KeptState


class StateHistory(Protocol):
    """States by unit and content. They hold secrets: nobody but the controller may read them."""

    async def keep(self, unit: UnitName, state: EngineState, *, why: str) -> None:
        """Keep a state, and drop the oldest beyond the limit. May be repeated.

        Survives a crash once it has returned. Raises Transient when it cannot be kept.
        """

    async def kept(self, unit: UnitName) -> Sequence[KeptState]:
        """Tell which states are kept, the newest first."""

    async def read(self, unit: UnitName, serial: int) -> SecretText | None:
        """Give the newest kept state with a serial; None when there is none.

        Raises Stalled when it is damaged.
        """
