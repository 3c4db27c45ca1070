"""What steps are told of a unit's past: values that know the history to look into."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from controller.model.names import UnitName
from controller.model.outcome import Outcome
from controller.model.provider_places import Places
from controller.model.state import EngineState
from controller.ports.state_history import StateHistory


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
