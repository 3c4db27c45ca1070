"""A whole controller on memory adapters, driven by hand, killed where a test wants."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, NoReturn

from controller import shipped
from controller.adapters.artifacts.memory import MemoryArtifacts
from controller.adapters.audit_log.memory import MemoryAuditLog
from controller.adapters.clock.memory import MemoryClock
from controller.adapters.credential.memory import MemoryCredentialIssuer
from controller.adapters.dispatcher._store import Again, Busy, Planned, Turn
from controller.adapters.dispatcher.in_process import InProcessDispatcher
from controller.adapters.dispatcher.memory import MemoryWakeups
from controller.adapters.engine.memory import MemoryEngine
from controller.adapters.git.memory import MemoryBranches, MemoryPointers, MemoryRepository
from controller.adapters.issuer.memory import MemoryIssuer
from controller.adapters.ledger.memory import MemoryLedger
from controller.adapters.load_generator.memory import MemoryLoadGenerator
from controller.adapters.notify.memory import MemoryNotifier
from controller.adapters.painter.memory import MemoryPainter
from controller.adapters.policy_engine.memory import MemoryPolicyEngine
from controller.adapters.processes.memory import MemoryProcesses
from controller.adapters.seal.memory import MemorySeal
from controller.adapters.secret_copy.in_store import StoreCopy
from controller.adapters.secret_store.memory import MemorySecretStore
from controller.adapters.secret_target.memory import MemorySecretTarget
from controller.adapters.state_history.memory import MemoryStateHistory
from controller.adapters.workspaces.memory import MemoryWorkspaces
from controller.app import App
from controller.diagnostics.errors import ApprovalPending, Stalled, Transient, TrueupError, Waiting
from controller.diagnostics.secret import SecretText
from controller.model.caller import Member
from controller.model.delivery import ServerHealth
from controller.model.history import Trust
from controller.model.measurement import EndpointStatistics, Measurement
from controller.model.names import StageName
from controller.model.retention import Retention
from controller.model.room import Room
from controller.ports.consumer import Consumer
from controller.ports.metric_source import MetricSource
from controller.ports.policy_engine import PolicyEngine
from controller.steps.load.load import ParsedFiles
from controller.workflows.journal import OnStep
from controller.workflows.loop import Loop
from controller.workflows.parts import Parts
from controller.workflows.world import Disk, Oversight, Tuning, World, no_consumer
from schemas.rotation import Consumer as ConsumerDocument

PAUSES = {ApprovalPending: 600.0, Waiting: 30.0, Stalled: 600.0, Transient: 1.0}


class Wakeups(MemoryWakeups):
    """Knows whose turn it is: who is woken in its own turn has another one, as it really is."""

    at_work: str = ""

    def wake(self, wishes: Iterable[Planned], again: Iterable[Again] = ()) -> None:
        """Plan keys, and note wake-ups of the key that is worked on."""
        told = [*wishes]
        own = [Again(w.key, w.due, w.priority) for w in told if w.key == self.at_work]
        super().wake([w for w in told if w.key != self.at_work], [*again, *own])


AUTHOR = "Casey Developer <casey@example.com>"
SECRET = """\
apiVersion: platform/v1
kind: Secret
metadata: {{name: {name}, product: shop}}
spec:
  store: main
  generate: {{random: {{length: 32}}}}
  rotation: {{every: 30d, grace: 3s}}
"""
SECRETS = (
    f"{SECRET.format(name='shop-api-key')}  issue: {{maxTtl: 1h}}\n"
    f"---\n{SECRET.format(name='shop-db-login')}"
)


_DOCUMENTS = ParsedFiles().documents
_MODULES = ParsedFiles().linked.modules


def _read_before() -> ParsedFiles:
    """What all worlds have read, by its content: a third of a story would be reading again.

    That a load with it is no other than one without is shown in `test_load_again`.
    """
    found = ParsedFiles()
    found.documents, found.linked.modules = _DOCUMENTS, _MODULES
    return found


class Killed(BaseException):
    """The process is gone."""


def measured(p95: float = 10.0, *, requests: int = 400, failures: int = 0) -> Measurement:
    """A run of forty requests a second for ten seconds."""
    numbers = {"p50": p95 / 2, "p90": p95 * 0.9, "p95": p95, "p99": p95 * 1.2, "max": p95 * 1.5}
    total = EndpointStatistics(requests, failures, numbers, numbers)
    return Measurement(
        load_test="shop-load", target="http://127.0.0.1:1", started_at=0.0, seconds=10.0,
        offered_rate=40.0, achieved_rate=40.0, generator_cpu=0.2, total=total, endpoints={},
    )  # fmt: skip


def _no_github(repository: str, name: str) -> NoReturn:
    raise Stalled.because(f"no GitHub: {repository}/{name}")


@dataclass
class MemoryWorld:
    """What survives a kill: repository, ledger, cloud, stores. `start` gives a new life."""

    clock: MemoryClock = field(default_factory=MemoryClock)
    repository: MemoryRepository = field(default_factory=MemoryRepository)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    wakeups: Wakeups = field(default_factory=Wakeups)
    artifacts: MemoryArtifacts = field(init=False)
    engine: MemoryEngine = field(default_factory=MemoryEngine)
    workspaces: MemoryWorkspaces = field(default_factory=MemoryWorkspaces)
    states: MemoryStateHistory = field(default_factory=MemoryStateHistory)
    processes: MemoryProcesses = field(default_factory=MemoryProcesses)
    store: MemorySecretStore = field(default_factory=MemorySecretStore)
    target: MemorySecretTarget = field(default_factory=MemorySecretTarget)
    credentials: MemoryCredentialIssuer = field(default_factory=MemoryCredentialIssuer)
    generator: MemoryLoadGenerator = field(default_factory=MemoryLoadGenerator)
    policies: PolicyEngine = field(default_factory=MemoryPolicyEngine)
    seal: MemorySeal = field(default_factory=MemorySeal)
    trust: Trust | None = None
    audit_logs: dict[str, MemoryAuditLog] = field(default_factory=dict)
    secrets_made: int = 0
    p95: float = 10.0
    metric_source: MetricSource | None = None
    painter: MemoryPainter = field(default_factory=MemoryPainter)
    noise: list[float] = field(default_factory=list)
    """Latencies of the next runs, before it is `p95` again."""
    notifier: MemoryNotifier = field(default_factory=MemoryNotifier)
    people: frozenset[str] = frozenset()
    members: tuple[Member, ...] = ()
    retention: Retention = field(default_factory=Retention)
    consumers: dict[str, Consumer] = field(default_factory=dict)
    """Those that can be told of a secret, by name."""
    told: list[str] = field(default_factory=list)
    """What a story has told already."""
    health: Callable[[], ServerHealth | None] = lambda: None
    room: Callable[[], Room | None] = lambda: None
    opened: ClassVar[list[MemoryWorkspaces]] = []

    @classmethod
    def close_all(cls) -> None:
        """Take the workspaces of all worlds away."""
        while cls.opened:
            cls.opened.pop().close()

    def __post_init__(self) -> None:
        self.opened.append(self.workspaces)
        self.issuer = MemoryIssuer(self.clock)
        self.artifacts = MemoryArtifacts(self.clock.now)
        self.pointers = MemoryPointers(self.clock)
        self.branches = MemoryBranches(self.repository)
        if isinstance(self.generator, MemoryLoadGenerator):
            self.generator = _Steady(self)  # type: ignore[assignment]

    def new_secret(self, length: int) -> SecretText:
        """A text that no two secrets share."""
        self.secrets_made += 1
        return SecretText(f"secret-{self.secrets_made}".ljust(length, "x"))

    def start(self, on_step: OnStep | None = None) -> Life:
        """Begin a life of the controller."""

        async def engine(_name: str, _environment: str) -> MemoryEngine:
            return self.engine

        async def store(_document: object) -> MemorySecretStore:
            return self.store

        async def issuer(_document: object) -> MemoryIssuer:
            return self.issuer

        async def notifier(_document: object) -> MemoryNotifier:
            return self.notifier

        dispatcher = InProcessDispatcher(self.wakeups, self.clock)
        world = World(
            clock=self.clock, repository=self.repository, pointers=self.pointers,
            branches=self.branches,
            ledger=self.ledger, dispatcher=dispatcher, artifacts=self.artifacts,
            workspaces=self.workspaces, states=self.states, processes=self.processes, engine=engine,
            secret_store=store, issuer=issuer, secret_target=self.target, github_copy=_no_github,
            store_copy=StoreCopy, credentials=self.credentials,
            load_generator=self.generator, new_secret=self.new_secret, shipped=shipped.files(),
            environment_limits={}, trust=self.trust, notifier=notifier, notifications=[],
            audit_logs=self.audit_logs, oversight=Oversight(self.health, self.repository),
            policies=self.policies, seal=self.seal, metric_source=self.metric_source,
            tuning=Tuning(self.people, self.members, self.retention),
            painter=self.painter, consumer=self.consumer, disk=Disk(room=self.room),
        )  # fmt: skip
        parts = Parts.of(world, on_step=on_step)
        parts.catalogs._cache = _read_before()
        return Life(self, parts, Loop(parts, timedelta(seconds=30)), App(parts))

    def consumer(self, document: ConsumerDocument, stage: StageName, place: str) -> Consumer:
        """Give one of those that there are."""
        return self.consumers.get(document.name) or no_consumer(document, stage, place)

    def example(self, *, with_forecasts: bool = False) -> str:
        """Commit the example repository, with secrets that need no database; gives the commit."""
        files = {**shipped.example(), "products/shop/secrets.yaml": SECRETS.encode()}
        if not with_forecasts:  # they say nothing of what other stories are about, and take time
            del files["products/shop/forecast.yaml"]
        return self.repository.commit(files, subject="first", author=AUTHOR)

    def edit(self, path: str, old: str, new: str, subject: str = "edit") -> str:
        """Commit one replaced text; gives the commit."""
        head = self.repository._contents[self.repository._head]
        text = head[path].decode()
        assert old in text
        return self.repository.commit(
            {path: text.replace(old, new)}, subject=subject, author=AUTHOR
        )


class _Steady:
    """A generator that always measures what the world says."""

    def __init__(self, world: MemoryWorld) -> None:
        self.world = world
        self.orders: list[object] = []

    async def run(self, order, *, on_progress=None):
        self.orders.append(order)
        return measured(self.world.noise.pop(0) if self.world.noise else self.world.p95)

    async def cancel(self, key):
        return bool(key)

    async def forget(self, key):
        pass


@dataclass
class Life:
    """One life of a controller, until it is killed."""

    world: MemoryWorld
    parts: Parts
    loop: Loop
    app: App

    async def begin(self) -> None:
        """What `Loop.run` does before it dispatches."""

        class Enough(Exception):  # noqa: N818
            pass

        async def stop() -> None:
            raise Enough

        with contextlib.suppress(Enough):
            await self.loop.run(stop)

    async def settle(self, *, turns: int = 400) -> None:
        """Work until nothing is due, one turn after the other; errors plan the next turn."""
        ended_at = time.monotonic() + 60
        for _ in range(turns):
            planned = self.world.wakeups.next_ready(self.world.clock.now(), Busy())
            if planned is None:
                return
            await self._turn(planned)
            assert time.monotonic() < ended_at
        raise AssertionError(f"not settled after {turns} turns: {planned.key}")

    async def _turn(self, planned: Planned) -> None:
        self.world.wakeups.at_work = planned.key
        try:
            due = await self.loop.work(planned.key)
        except TrueupError as error:
            pause = next(p for kind, p in PAUSES.items() if isinstance(error, kind))
            due = self.world.clock.now() + timedelta(seconds=pause)
        finally:
            self.world.wakeups.at_work = ""
        self.world.wakeups.finish(planned.key, Turn(due))

    async def pass_time(self, seconds: float) -> None:
        """Let time go by, and what is due then be done."""
        self.world.clock.advance(seconds)
        await self.settle()

    async def events(self, reason: str) -> list[str]:
        """The events with a reason: `subject message`."""
        return [
            f"{event.subject} {event.message}"
            for event in await self.world.ledger.events(limit=10_000)
            if event.reason == reason
        ]
