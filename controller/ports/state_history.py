"""Earlier states of units, so that one can be looked at and brought back."""

from collections.abc import Sequence
from typing import Protocol

from controller.diagnostics.secret import SecretText
from controller.model.names import UnitName
from controller.model.provider_places import Places
from controller.model.state import EngineState, KeptState


class StateHistory(Protocol):
    """States by unit and content. They hold secrets: nobody but the controller may read them."""

    async def keep(
        self, unit: UnitName, state: EngineState, *, why: str, made_with: Sequence[Places] = ()
    ) -> None:
        """Keep a state, and drop the oldest beyond the limit. May be repeated.

        `made_with` is where the providers looked when what it names was made. The same content
        again changes nothing, but that this is noted where it was not. Survives a crash once it
        has returned. Raises Transient when it cannot be kept.
        """

    async def origin(self, unit: UnitName, state: EngineState) -> tuple[Places, ...]:
        """Tell where what a state names was made, as a state of this very content was kept.

        Empty when it was not kept, or nobody noted it.
        """

    async def kept(self, unit: UnitName) -> Sequence[KeptState]:
        """Tell which states are kept, the newest first."""

    async def read(self, unit: UnitName, serial: int) -> SecretText | None:
        """Give the newest kept state with a serial; None when there is none.

        Raises Stalled when it is damaged.
        """
