"""Earlier states of units, so that one can be looked at and brought back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from controller.diagnostics.secret import SecretText
from controller.model.names import UnitName
from controller.model.outcome import Outcome
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


@dataclass(frozen=True)
class Past:
    """What is known of a unit before a step: earlier states, where it was made, what was recorded.

    Without a history nothing is kept, and nothing is looked up.
    """

    history: StateHistory | None = None
    made_with: tuple[Places, ...] = ()
    outcome: Outcome | None = None

    async def origins(self, unit: UnitName, state: EngineState) -> tuple[Places, ...]:
        """Tell where what a state names was made; empty when nobody noted it.

        A state that is not the recorded one, as one that was put back by hand, or by the engine
        after a kill, may be from before a move: it is looked up by its content.
        """
        if self.history is None or state.is_of(self.outcome):
            return self.made_with
        return (*self.made_with, *await self.history.origin(unit, state))

    async def keep(
        self, unit: UnitName, state: EngineState | None, why: str, made_with: Sequence[Places]
    ) -> None:
        """Keep a state, if there is one and a history. Raises Transient when it cannot be kept."""
        if self.history is not None and state is not None:
            await self.history.keep(unit, state, why=why, made_with=made_with)


NO_PAST: Final = Past()
