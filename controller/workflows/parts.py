"""The parts that workflows are made of, put together once."""

from dataclasses import dataclass, field

from controller.model.names import Commit, Digest, SecretName, StageName
from controller.workflows.backlog import Breaker
from controller.workflows.catalogs import Catalogs
from controller.workflows.drift_order import DriftOrder
from controller.workflows.engines_ready import EnginesReady
from controller.workflows.issue import Issuing
from controller.workflows.issue_rows import Rows
from controller.workflows.issue_turns import IssueTurns
from controller.workflows.journal import Journal, OnStep
from controller.workflows.live_runs import LiveRuns
from controller.workflows.pace import Pace
from controller.workflows.quiet import Quiet
from controller.workflows.recording import Recording
from controller.workflows.removal import Removal
from controller.workflows.states import States
from controller.workflows.stock import Stock
from controller.workflows.survey import Survey
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
    survey: Survey
    pace: Pace
    breaker: Breaker
    issuing: Issuing
    issue_turns: IssueTurns
    surveyed: dict[StageName, tuple[Commit, Commit | None]]
    """The head and the release at which all of a stage was woken; empty in a new life."""
    stock: Stock
    quiet: Quiet
    engines_ready: EnginesReady
    drift_order: DriftOrder
    live_runs: LiveRuns = field(default_factory=dict)
    pointers_seen: dict[StageName, str | None] = field(default_factory=dict)
    """What each pointer's file said at the last look at the repository. Empty in a new life."""
    used_secrets: dict[SecretName, Digest | None] = field(default_factory=dict)
    """Which document the last turn of a secret used; None: there was none. Empty in a new life."""

    @classmethod
    def of(cls, world: World, *, on_step: OnStep | None = None) -> "Parts":
        """Put the parts together; `on_step` is told of each step of each run."""
        catalogs = Catalogs(world)
        recording = Recording(world)
        journal = Journal(world.ledger, world.clock, on_step)
        wishes = Wishes(world.ledger)
        units = Units(world, catalogs, wishes)
        states = States(world, recording, journal, units, wishes)
        pace = Pace(world.clock, world.accounts)
        breaker = Breaker(world, catalogs, units, recording)
        removal = Removal(world, recording, journal, units, breaker, states, pace)
        rows = Rows(world, catalogs)
        issuing = Issuing(rows)
        turns = IssueTurns(rows, issuing, wishes)
        survey = Survey(world, units, recording, breaker)
        return cls(
            world,
            catalogs,
            recording,
            journal,
            wishes,
            units,
            removal,
            states,
            survey,
            pace,
            breaker,
            issuing,
            turns,
            {},
            Stock(world),
            Quiet(world),
            EnginesReady(world, catalogs),
            DriftOrder(world, units, wishes),
        )
