"""The parts that workflows are made of, put together once."""

from dataclasses import dataclass

from controller.workflows.catalogs import Catalogs
from controller.workflows.journal import Journal, OnStep
from controller.workflows.recording import Recording
from controller.workflows.removal import Removal
from controller.workflows.states import States
from controller.workflows.units import Units
from controller.workflows.wishes import Wishes
from controller.workflows.world import World


@dataclass(frozen=True)
class Parts:
    """What a workflow works with."""

    world: World
    catalogs: Catalogs
    recording: Recording
    journal: Journal
    wishes: Wishes
    units: Units
    removal: Removal
    states: States

    @classmethod
    def of(cls, world: World, *, on_step: OnStep | None = None) -> "Parts":
        """Put the parts together; `on_step` is told of each step of each run."""
        catalogs = Catalogs(world)
        recording = Recording(world)
        journal = Journal(world.ledger, world.clock, on_step)
        wishes = Wishes(world.ledger)
        units = Units(world, catalogs, wishes)
        removal = Removal(world, recording, journal, units)
        states = States(world, recording, journal, units, wishes)
        return cls(world, catalogs, recording, journal, wishes, units, removal, states)
