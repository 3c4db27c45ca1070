"""Promotion under everything at once: commits, gates, people, freezes, drift, time, and kills.

Each write of a pointer is looked at while it is made, by what the test knows itself.
"""

import asyncio
import contextlib
from datetime import datetime, timedelta

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from controller import shipped
from controller.adapters.git.memory import MemoryPointers
from controller.diagnostics.errors import TrueupError
from controller.model.caller import Caller, Role
from controller.model.decision import DecisionKind
from controller.model.names import StageName
from controller.model.record import Standing
from controller.steps.decide.verify import verify
from controller.workflows.pointers import read_decision, read_pointer
from tests.support.worlds import Killed, MemoryWorld
from tests.workflow.test_kills import Counted

TOUCHED = ("ledger", "pointers", "engine", "artifacts", "wakeups")
DEV, PRODUCTION = StageName("shop", "dev"), StageName("shop", "production")
SOAK = timedelta(minutes=10)
OPERATOR = Caller("olga", Role.OPERATOR)
PEOPLE = ("casey", "grace", "heidi")
DOCUMENTS = """\
apiVersion: platform/v1
kind: Product
metadata: {name: shop}
spec: {title: Shop, owner: team-shop, environments: [dev, production]}
---
apiVersion: platform/v1
kind: LoadTest
metadata: {name: shop-load, product: shop}
spec:
  file: loadtests/shop.py
  target: "http://127.0.0.1:1"
  users: 1
  rate: 40
  warmUp: 1s
  steady: 10s
  objectives: [{measure: p95, pass: "<150ms"}]
"""
STACK = """\
apiVersion: platform/v1
kind: Stack
metadata: {{name: storage, product: shop}}
spec:
  module: modules/local/storage
  inputs: {{versioning: true, labels: {{holds: "{0}"}}}}
  drift: {{mode: correct, every: 10m}}
"""
PIPELINE = """\
apiVersion: platform/v1
kind: Pipeline
metadata: {{name: shop, product: shop}}
spec:
  windows: {{freeze: [{0}]}}
  stages:
  - {{environment: dev, gates: [shop-load]}}
  - {{environment: production, after: [dev], soak: 10m, approvals: {{required: 1}}}}
"""


class Watched(MemoryPointers):
    """Shows every write to a test before it stands."""

    def __init__(self, clock, look):
        super().__init__(clock)
        self._look = look

    def push(self, files, **more):
        self._look(dict(self._files), dict(files))
        return super().push(files, **more)


class Generator:
    """Measures what lives in dev: slow, where the test made it so."""

    def __init__(self, machine):
        self.machine, self.real = machine, machine.world.generator

    def __getattr__(self, name):
        return getattr(self.real, name)

    async def run(self, *given, **named):
        at = read_pointer(DEV, await self.machine.world.pointers.read())
        self.machine.world.p95 = 900.0 if self.machine.slow[at.commit] else 10.0
        return await self.real.run(*given, **named)


class PromotionMachine(RuleBasedStateMachine):
    """The controller on memory adapters, and all that can happen to it."""

    @initialize()
    def begin(self):
        self.loop = asyncio.new_event_loop()
        self.world = MemoryWorld()
        self.world.pointers = Watched(self.world.clock, self.look)
        self.world.generator = Generator(self)
        self.order, self.slow, self.author, self.freezes = [], {}, {}, {}
        self.approvals, self.asks, self.since, self.acting = [], [], {}, None
        self.frozen: tuple[datetime, datetime] | None = None
        self.left: int | None = None
        self.world.repository.commit(
            {path: text for path, text in shipped.example().items() if "platform/" in path}
            | {"products/shop.yaml": DOCUMENTS, "products/pipeline.yaml": PIPELINE.format("")}
        )
        for name in TOUCHED:
            setattr(self.world, name, Counted(getattr(self.world, name), self.count))
        self.commit(slow=False, author="casey")
        self.start()

    # What the test does.

    @rule(slow=st.booleans(), author=st.sampled_from(PEOPLE[:2]))
    def commit(self, slow, author):
        commit = self.world.repository.commit(
            {"products/stack.yaml": STACK.format(len(self.order))},
            author=f"{author} <{author}@example.com>",
        )
        self.order.append(commit)
        self.slow[commit], self.author[commit] = slow, author
        self.freezes[commit] = self.frozen

    @rule(minutes=st.integers(1, 30), seconds=st.sampled_from([-60, 0, 60]))
    def freeze(self, minutes, seconds):
        begins = self.world.clock.now() + timedelta(seconds=seconds)
        self.frozen = begins, begins + timedelta(minutes=minutes)
        told = 'from: "{}", until: "{}", reason: audit'.format(
            *map(datetime.isoformat, self.frozen)
        )
        text = PIPELINE.format(f"{{{told}}}")
        commit = self.world.repository.commit({"products/pipeline.yaml": text})
        # It may be the first that is seen of a release whose own commit came just before it.
        self.slow[commit], self.author[commit] = self.slow[self.order[-1]], "somebody"
        self.order.append(commit)
        self.freezes[commit] = self.frozen

    @rule(minutes=st.sampled_from([1, 3, 6, 11, 40]))
    def time_goes_by(self, minutes):
        while minutes:
            passed = min(minutes, 5)
            self.run(self.life.pass_time(60 * passed))
            minutes -= passed

    @rule(author=st.sampled_from(PEOPLE[:2]))
    def a_good_release_comes(self, author):
        self.commit(slow=False, author=author)
        self.time_goes_by(minutes=11)
        self.approve(by="heidi")
        self.time_goes_by(minutes=1)

    @rule(stage=st.sampled_from([DEV, PRODUCTION]), minutes=st.sampled_from([None, 5]))
    def hold(self, stage, minutes):
        until = self.world.clock.now() + timedelta(minutes=minutes) if minutes else None
        self.act(DecisionKind.HOLD, stage, lambda app: app.hold(OPERATOR, str(stage), "x", until))

    @rule(stage=st.sampled_from([DEV, PRODUCTION]))
    def lift(self, stage):
        self.act(DecisionKind.LIFT, stage, lambda app: app.lift(OPERATOR, str(stage)))

    @rule(stage=st.sampled_from([DEV, PRODUCTION]))
    def roll_back(self, stage):
        self.act(
            DecisionKind.ROLL_BACK, stage, lambda app: app.roll_back(OPERATOR, str(stage), "x")
        )

    @rule(by=st.sampled_from(PEOPLE))
    def approve(self, by):
        status = self.run(self.world.ledger.stage(PRODUCTION))
        if status is not None and status.candidate_commit is not None:
            self.approvals.append(
                [status.candidate_commit, by]
            )  # it counts from its first write on
            caller = Caller(by, Role.APPROVER)
            self.act(None, PRODUCTION, lambda app: app.approve(caller, str(PRODUCTION)))

    @precondition(lambda self: self.order)
    @rule(data=st.data())
    def ask(self, data):
        commit = data.draw(st.sampled_from(self.order))
        self.asks.append((commit, self.world.clock.now()))
        self.act(None, PRODUCTION, lambda app: app.promote(OPERATOR, str(PRODUCTION), commit))

    @rule(calls=st.integers(1, 150))
    def be_killed_soon(self, calls):
        self.left = calls

    @rule()
    def drift(self):
        if "shop/dev/storage" in self.world.engine.cloud:
            self.world.engine.cloud["shop/dev/storage"]["versioning"] = False

    def teardown(self):
        if hasattr(self, "life"):
            self.left = None
            try:
                self.time_goes_by(40)
            finally:
                self.loop.close()

    # How it is done.

    def start(self):
        self.life = self.world.start()
        self.run(self.life.begin())
        self.run(self.life.settle())

    def run(self, work):
        try:
            return self.loop.run_until_complete(work)
        except Killed:
            self.start()
            return None

    def act(self, kind, stage, do):
        self.acting = kind, stage
        with contextlib.suppress(TrueupError):
            self.run(do(self.life.app.promotions))
        self.acting = None
        self.run(self.life.settle())

    def count(self):
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                self.left = None
                raise Killed

    # What is looked at.

    def look(self, before, after):
        for stage in (DEV, PRODUCTION):
            new = read_pointer(stage, after)
            if new is None:
                continue
            old = read_pointer(stage, before)
            (record,) = (text for path, text in after.items() if path.endswith("json"))
            assert verify(record, self.world.seal, new.decision).standing == Standing.VALID
            decision = read_decision(record)
            assert decision.stage == stage
            assert new.number == (old.number if old else 0) + 1
            assert new.commit in self.order
            if decision.kind == DecisionKind.PROMOTE:
                self.look_at_promotion(stage, old, new)
            elif decision.by:
                assert self.acting == (decision.kind, stage)
            else:
                assert decision.kind == DecisionKind.ROLL_BACK
                assert self.slow[old.commit]
                assert not old.held(self.world.clock.now())
                assert new.hold == old.held(self.world.clock.now())
            if stage == DEV and (old is None or old.digest != new.digest):
                self.since[new.commit] = self.world.clock.now()

    def look_at_promotion(self, stage, old, new):
        now = self.world.clock.now()
        frozen = self.freezes.get(self.life.parts.catalogs.known_head().commit)
        assert frozen is None or not frozen[0] <= now < frozen[1]
        assert new.hold is None or not new.hold.holds(now)
        if old is not None:
            assert old.held(now) is None
            assert new.digest != old.digest
            if back := old.back_from(new.digest):
                assert any(c == new.commit and at > back.at for c, at in self.asks)
        if stage == DEV:
            return
        assert not self.slow[new.commit]
        assert now - self.since[new.commit] >= SOAK
        place = self.order.index(new.commit)
        first = self.order.index(old.commit) if old else place - 1
        assert place > first
        authors = {self.author[commit] for commit in self.order[first + 1 : place + 1]}
        authors |= {"olga"}
        assert any(commit == new.commit and by not in authors for commit, by in self.approvals)


TestPromotionMachine = PromotionMachine.TestCase
TestPromotionMachine.settings = settings(
    max_examples=25,
    stateful_step_count=14,
    deadline=None,
    report_multiple_bugs=False,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
