"""An App that shows plain values and writes down what it is asked to do."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from controller.diagnostics.errors import Stalled
from controller.model import move_view, view
from controller.model.audit import AuditRecord
from controller.model.caller import Caller, Role
from controller.model.condition import Condition, ConditionType, Truth
from controller.model.drift import IgnoredDrift
from controller.model.drill import DrillRow, DrillView
from controller.model.measurement import GateResult, GateRuling, ObjectiveResult
from controller.model.names import Digest
from controller.model.plan import Action, AttributeChange, DriftKind, ResourceChange
from controller.model.record import Check, Standing, Verification
from controller.model.state import KeptState
from controller.model.tree_view import ProductNode, SecretNode, StageNode, UnitNode
from controller.permission import NotAllowed, NotFound, require
from tests.unit.web.fake_keeping import FakeKeeping
from tests.unit.web.fake_outlook import FakeOutlook
from tests.unit.web.fake_requests import FakeRequests

NOW = datetime(2030, 1, 1, 12, 0, 0, tzinfo=UTC)
COMMIT = "a3f1c09e" + "0" * 32
OLDER = "77be2d14" + "0" * 32
RELEASE = "sha256:" + "1" * 64
DECISION = "sha256:" + "d" * 64
EVIDENCE = "sha256:" + "e" * 64
PLAN_FILE = "sha256:" + "f" * 64
PLAN = "sha256:" + "2" * 64


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)


def gate(ruling: GateRuling = GateRuling.PASS, p95: float | None = 41.2) -> GateResult:
    return GateResult(
        gate="shop-load",
        release=Digest(RELEASE),
        ruling=ruling,
        reasons=(f"p95 of all requests is {p95} ms, wanted <150ms",),
        objectives=(
            ObjectiveResult("p95 of all requests", "<150ms", p95, ruling, ""),
            ObjectiveResult("errorRate of all requests", "<1%", 0.0, GateRuling.PASS, ""),
        ),
        evidence=Digest(EVIDENCE),
    )


def unit(environment: str, stack: str, **changes: object) -> view.UnitView:
    made = view.UnitView(
        name=f"shop/{environment}/{stack}",
        product="shop",
        environment=environment,
        stack=stack,
        ready="True",
        reason="ReconciliationSucceeded",
        message="as wanted",
        revision=COMMIT,
        wanted_revision=COMMIT,
        in_sync="True",
        drift=(),
        drift_looked_at=ago(minutes=3),
        drift_age=180.0,
        engine="embedded 1.15.5",
        suspended=False,
        conditions=(
            Condition(
                ConditionType.READY, Truth.TRUE, "ReconciliationSucceeded", "as wanted",
                f"sha1:{COMMIT}", ago(hours=2),
            ),
            Condition(
                ConditionType.IN_SYNC, Truth.TRUE, "InSync", "nothing differs",
                f"sha1:{COMMIT}", ago(hours=2),
            ),
        ),
        outputs={"url": "http://127.0.0.1:41234"} if stack == "shop-api" else {},
        updated_at=ago(minutes=3),
    )  # fmt: skip
    return replace(made, **changes)


BY = AuditRecord(
    ago(minutes=9), "arn:aws:iam::1:user/robin", "StopInstances", "shop-api", "192.0.2.7"
)
IGNORED = IgnoredDrift(
    ResourceChange(
        "module.unit.local_service.this", "local_service", Action.UPDATE,
        (AttributeChange("tags.LastScan", None, "monday"),), drift=DriftKind.CHANGED,
    ),
    "the scanner writes it every night", "team-shop", date(2031, 1, 31),
)  # fmt: skip
DRIFT = ResourceChange(
    address="module.stack.local_service.this",
    type="local_service",
    action=Action.UPDATE,
    attributes=(
        AttributeChange('env["GREETING"]', "Welcome to the shop", "hacked by hand"),
        AttributeChange("replicas", "3", "1"),
    ),
)


def stage(environment: str, **changes: object) -> view.StageView:
    made = view.StageView(
        name=f"shop/{environment}",
        product="shop",
        environment=environment,
        commit=COMMIT,
        release=RELEASE,
        subject="Show recommendations beside each product",
        author="Casey Developer <casey@example.com>",
        health="healthy",
        units_ready=3,
        units_total=3,
        drift=(),
        gates=(gate(),),
        verified=True,
        waiting_for="",
        candidate="",
        approval_wanted=False,
        decision=DECISION,
        suspended=False,
        updated_at=ago(minutes=4),
    )
    return replace(made, **changes)


STAGES = (
    stage("dev", decision=""),
    stage(
        "staging",
        health="degraded",
        units_ready=2,
        drift=("shop-api: update module.stack.local_service.this (replicas: 3 → 1)",),
        gates=(gate(GateRuling.WARN, 163.0),),
        verified=False,
        waiting_for="drift to be mended in shop/staging: shop-api",
    ),
    stage(
        "production",
        commit=OLDER,
        subject="The shop: three stacks, two secrets, a load gate and a pipeline",
        gates=(),
        verified=False,
        candidate=COMMIT,
        approval_wanted=True,
        waiting_for="the approval of one person other than its author Casey Developer "
        "<casey@example.com> for shop@a3f1c09e0000 in shop/production",
    ),
)
UNITS = (
    unit("dev", "shop-api"),
    unit("dev", "shop-db"),
    unit(
        "staging",
        "shop-api",
        in_sync="False",
        drift=("update module.stack.local_service.this (replicas: 3 → 1)",),
        drift_changes=(DRIFT,),
        drift_by=(BY,),
        drift_ignored=(IGNORED,),
        drift_unused=("aws_instance.* user_data",),
    ),
    unit(
        "production",
        "shop-db",
        ready="Unknown",
        reason="ApprovalPending",
        message="the database would be replaced",
        plan_waiting=PLAN,
        hint="`trueup approve shop/production/shop-db` lets exactly this plan through",
    ),
)
SECRET = view.SecretView(
    name="shop/staging/shop-api-key",
    product="shop",
    environment="staging",
    ready=True,
    message="delivered",
    path="shop/staging/shop-api-key",
    version=3,
    generation=2,
    phase="idle",
    target="/srv/demo/.trueup/secrets/shop/staging/shop-api-key",
    next_step=NOW + timedelta(days=12),
    updated_at=ago(days=3),
)
FINDING = view.FindingView(
    scope="source",
    code="load/unknown-key",
    severity="error",
    place="products/shop/stacks/api.yaml:12:5",
    message="`spec` has no key `replica`",
    expected="one of `drift`, `inputs`, `module`, `protect`",
    hint="did you mean `replicas`?",
)
RECORD = {
    "kind": "promote",
    "stage": {"product": "shop", "environment": "production"},
    "release": {
        "product": "shop", "commit": COMMIT, "digest": RELEASE,
        "subject": "Show recommendations beside each product",
        "author": "Casey Developer <casey@example.com>", "committed_at": None,
    },
    "previous": OLDER,
    "decided_at": ago(minutes=4).isoformat(),
    "because": "verified in shop/staging, approved by robin",
    "items": [
        {"check": "in shop/staging", "ok": True, "detail": "shop@a3f1c09e is in shop/staging",
         "evidence": ""},
        {"check": "gate shop-load in shop/staging", "ok": True,
         "detail": "shop-load says pass in shop/staging", "evidence": EVIDENCE},
        {"check": "in sync in shop/staging", "ok": False,
         "detail": "drift to be mended in shop/staging: shop-api", "evidence": ""},
        {"check": "soak", "ok": None, "detail": "not known how long it ran", "evidence": "note"},
    ],
    "gates": [
        {"gate": "shop-load", "release": RELEASE, "ruling": "pass",
         "reasons": ["p95 of all requests is 41.2 ms, wanted <150ms"],
         "objectives": [
             {"measure": "p95 of all requests", "wanted": "<150ms", "measured": 41.2,
              "ruling": "pass", "reason": ""},
             {"measure": "errorRate of all requests", "wanted": "<1%", "measured": None,
              "ruling": "unknown", "reason": ""},
         ],
         "evidence": EVIDENCE},
    ],
    "approvals": [
        {"stage": {"product": "shop", "environment": "production"}, "release": RELEASE,
         "by": "robin", "at": ago(minutes=5).isoformat(), "reason": "seen in staging"},
    ],
    "account": [
        {"topic": "policy", "answer": "unknown", "said": []},
        {"topic": "approvals", "answer": "yes", "said": ["approved by robin"]},
    ],
    "background": {
        "notes": {
            "since": OLDER, "until": COMMIT, "total": 3, "is_whole": True, "takes_away": False,
            "said": "",
            "groups": [
                {"title": "Features", "more": 1, "notes": [
                    {"commit": COMMIT, "subject": "feat: baskets", "author": "Ada",
                     "breaking": True},
                ]},
            ],
            "merges": [
                {"commit": OLDER, "subject": "Merge pull request 1", "author": "Grace",
                 "breaking": False},
            ],
        },
    },
}  # fmt: skip


def events() -> list[view.EventView]:
    told = [
        ("Normal", "NewRevision", "source:repository", "Show recommendations", 20),
        ("Normal", "Applied", "unit:shop/dev/shop-api", "applied: 1 update", 18),
        ("Normal", "GatePass", "stage:shop/dev", "shop-load: p95 of all requests is 41.2 ms", 15),
        ("Normal", "Promoted", "stage:shop/staging", "shop@a3f1c09e: verified in shop/dev", 14),
        ("Warning", "DriftDetected", "unit:shop/staging/shop-api",
         "changed by hand: local_service.this (env, replicas)", 2),
    ]  # fmt: skip
    return [
        view.EventView(number, ago(minutes=minutes), kind, reason, subject, message, "")
        for number, (kind, reason, subject, message, minutes) in enumerate(told, start=1)
    ]


TREE = (
    ProductNode(
        "shop", "The shop", "team-shop", (
            StageNode("shop/dev", "degraded", COMMIT, (), "", (
                UnitNode("shop/dev/shop-db", "True", "as wanted", "local/database", (),
                         (SecretNode("shop/dev/shop-db-login", ready=True),)),
                UnitNode("shop/dev/shop-storage", "True", "as wanted", "local/storage"),
                UnitNode("shop/dev/shop-api", "False", "the port is taken", "local/service",
                         ("shop/dev/shop-db", "shop/dev/shop-storage"),
                         (SecretNode("shop/dev/shop-api-key", False, ("shop/dev/shop-db",)),)),
                UnitNode("shop/dev/old", "Unknown", "nobody wants it any more: it goes"),
            )),
            StageNode("shop/production", "unknown", "", ("dev",),
                      "the approval of one person", ()),
        )
    ),
)  # fmt: skip


@dataclass
class FakeApp:
    """Has the methods of `App`."""

    stage_views: tuple[view.StageView, ...] = STAGES
    unit_views: tuple[view.UnitView, ...] = UNITS
    secret_views: tuple[view.SecretView, ...] = (SECRET,)
    finding_views: tuple[view.FindingView, ...] = (FINDING,)
    event_views: list[view.EventView] = field(default_factory=events)
    standing: Standing = Standing.REFUSED
    records: dict[str, dict[str, object]] = field(default_factory=lambda: {DECISION: RECORD})
    stored: dict[str, bytes] = field(
        default_factory=lambda: {
            EVIDENCE: b'{"load_test": "shop-load", "seconds": 60}',
            PLAN_FILE: b'{"planned_values": {"secret": "canary"}}',
        }
    )
    fails_with: Exception | None = None
    outlook: FakeOutlook = field(default_factory=FakeOutlook)
    keeping: FakeKeeping = field(default_factory=FakeKeeping)
    instant: datetime = NOW
    asked: list[tuple[object, ...]] = field(default_factory=list)
    looks: int = 0
    """How often somebody looked at a drill."""

    def __post_init__(self) -> None:
        self.requests = FakeRequests(self.asked)

    def now(self) -> datetime:
        return self.instant

    async def overview(self):
        self._fail()
        return view.Overview(
            revision=COMMIT,
            fetched_at=(NOW - timedelta(seconds=12)).isoformat(),
            products=(view.ProductView("shop", "The shop", "team-shop", self.stage_views),),
            findings=len(self.finding_views),
            version="0.1.0",
        )

    async def tree(self, product=""):
        if product not in {"", "shop"}:
            raise NotFound.because(f"there is no product `{product}`")
        return TREE

    async def units(self, stage=None):
        return [one for one in self.unit_views if stage in (None, one.name.rpartition("/")[0])]

    async def unit(self, name):
        return self._find(self.unit_views, name)

    async def stages(self):
        return self.stage_views

    async def stage(self, name):
        return self._find(self.stage_views, name)

    async def secrets(self):
        return self.secret_views

    async def releases(self, product=None):
        return [
            view.ReleaseView(
                product or "shop", commit, digest, one.subject, one.author, ago(hours=1), stages
            )
            for commit, digest, one, stages in (
                (COMMIT, RELEASE, self.stage_views[0], ("shop/dev", "shop/staging")),
                (OLDER, "sha256:" + "0" * 64, self.stage_views[-1], ("shop/production",)),
            )
        ]

    async def findings(self):
        return self.finding_views

    async def events(self, *, subject=None, after=0, limit=200):
        found = [
            one for one in self.event_views if one.number > after and subject in (None, one.subject)
        ]
        return found[:limit] if after else found[-limit:]

    async def decision(self, digest):
        if digest not in self.records:
            raise NotFound.because(f"there is no decision `{digest}`")
        return self.records[digest]

    @property
    def decisions(self):
        return FakeDecisions(self)

    async def evidence(self, digest):
        if digest not in self.stored:
            raise NotFound.because(f"there is no evidence `{digest}`")
        return self.stored[digest]

    async def queue(self):
        return [
            view.QueueView("unit:shop/dev/shop-api", ago(seconds=4), ago(seconds=2)),
            view.QueueView("stage:shop/dev", ago(seconds=9), None),
            view.QueueView("drift:shop/dev/shop-api", NOW + timedelta(minutes=5), None),
        ]

    async def reconcile(self, caller: Caller, subject=""):
        return self._act(caller, Role.OPERATOR, "reconcile", subject)

    async def look_for_drift(self, caller, unit):
        return self._act(caller, Role.OPERATOR, "drift", unit)

    async def adopt(self, caller, unit, *, branch="", dry_run=False):
        self._act(caller, Role.OPERATOR, "adopt", unit, branch, dry_run)
        pushed = "" if dry_run else branch or "trueup/adopt/shop-dev-shop-api-0123456789"
        return view.AdoptionView(
            unit, ("aws_vpc.this cidr: a → b",), "--- a/x\n+++ b/x\n-one\n+two\x1b[31m\n",
            "a plan of the unit is empty",
            ("aws_sg.this: ignored until 2031-01-31",), pushed, COMMIT if pushed else "",
        )  # fmt: skip

    async def approve(self, caller, subject, reason="", *, expect=""):
        if expect not in ("", COMMIT):
            raise Stalled.because("the release has changed since it was shown")
        if caller.name == "casey":
            raise NotAllowed.because("`casey` wrote this release and cannot approve it")
        return self._act(caller, Role.APPROVER, "approve", subject, reason, expect)

    async def approve_plan(self, caller, unit, reason="", *, expect=""):
        return self._act(caller, Role.APPROVER, "approve-plan", unit, reason, expect)

    @property
    def promotions(self):
        return FakePromotions(self)

    async def suspend(self, caller, subject, *, suspended):
        return self._act(caller, Role.OPERATOR, "suspend" if suspended else "resume", subject)

    async def unlock(self, caller, unit, lock):
        return self._act(caller, Role.ADMIN, "unlock", unit, lock)

    async def restore_state(self, caller, unit, serial):
        return self._act(caller, Role.ADMIN, "restore-state", unit, serial)

    async def states(self, name):
        await self.unit(name)
        digest = Digest("sha256:" + "5" * 64)
        two = ("module.unit.one", "module.unit.two")
        return [
            KeptState(9, "line", digest, ago(minutes=2), "after an apply", two[1:], ({},), ()),
            KeptState(
                7,
                "line",
                digest,
                ago(hours=2),
                "before an apply",
                two,
                ({"aws": {"region": "north"}},),
                ("`aws`: `region` north → south",),
            ),
            KeptState(5, "line", digest, ago(days=2), "before an apply", two),
        ]

    @property
    def rotations(self):
        return self

    async def preview(self, selector):
        rows = tuple(self._row(name, "waits") for name in ("shop/dev/a", "shop/dev/b"))
        return DrillView("", ago(minutes=0), "", selector, "", rows)

    async def rotate_all(self, caller, selector, *, expect, at_once, reason):
        self._act(caller, Role.OPERATOR, "drill", selector, expect, at_once, reason)
        return await self.drill("20300101-000000")

    async def drill(self, identity):
        """Each look finds it further."""
        self.looks += 1
        states = ("waits", "by hand") if self.looks == 1 else ("done", "by hand")
        rows = [self._row(f"shop/dev/{n}", state) for n, state in zip("ab", states, strict=True)]
        return DrillView(identity, ago(minutes=0), "ada", "all", "", tuple(rows))

    @staticmethod
    def _row(name, state):
        return DrillRow(name, "team-shop", state, 2, "delivered")

    async def acknowledge(self, caller, secret, said):
        return self._act(caller, Role.OPERATOR, "acknowledge", secret, said)

    async def rotate(self, caller, secret):
        return self._act(caller, Role.OPERATOR, "rotate", secret)

    def _act(self, caller, role, *what):
        self._fail()
        require(caller, role)
        self.asked.append((caller.name, *what))
        return f"woken:{what[1]}"

    def _find(self, found, name):
        self._fail()
        for one in found:
            if one.name == name:
                return one
        raise NotFound.because(f"there is no `{name}`", hint="look at `trueup get`")

    def _fail(self):
        if self.fails_with is not None:
            raise self.fails_with


class FakePromotions:
    """Has the methods of `Promotions`."""

    def __init__(self, app):
        self._app = app

    async def promote(self, caller, stage, release=""):
        return self._act(caller, "promote", stage, *([release] if release else []))

    async def accept_edit(self, caller, stage):
        return self._act(caller, "accept-edit", stage)

    async def put_back(self, caller, stage, reason=""):
        return self._act(caller, "put-back", stage, reason)

    async def revoke(self, caller, subject, reason=""):
        return self._act(caller, "revoke", subject, reason)

    async def hold(self, caller, stage, reason, until=None):
        return self._act(caller, "hold", stage, reason, until)

    async def lift(self, caller, stage, reason=""):
        return self._act(caller, "lift", stage, reason)

    async def roll_back(self, caller, stage, reason, release=""):
        return self._act(caller, "rollback", stage, reason, release)

    async def abort(self, caller, stage, reason):
        return self._act(caller, "abort", stage, reason)

    async def history(self, stage):
        await self._app.stage(stage)
        return [
            move_view.MoveView(2, "hold", COMMIT, "Faster", COMMIT, "held by olga", "olga",
                          ago(minutes=5), DECISION),
            move_view.MoveView(1, "promote", COMMIT, "Faster", "", "verified in shop/staging", "",
                          ago(hours=1), DECISION),
        ]  # fmt: skip

    async def trace(self, commit):
        stages = (
            move_view.TracedView("shop/dev", holds=True, commit=COMMIT, said="here is it"),
            move_view.TracedView(
                "shop/production", holds=False, commit="", said="waits for somebody"
            ),
        )
        return move_view.TraceView(commit, stages)

    async def preview(self, stage, release=""):
        await self._app.stage(stage)
        units = (move_view.UnitPreview(f"{stage}/shop-api", ("~ module.this",), said="1 changes"),)
        return move_view.PreviewView(stage, release or COMMIT, DECISION, units)

    def _act(self, caller, *what):
        return self._app._act(caller, Role.OPERATOR, *what)


@dataclass(frozen=True)
class FakeDecisions:
    """What is asked of `app.decisions`."""

    app: FakeApp
    keys = ("c" * 64, "b" * 64)

    async def all(self, stage=None):
        made = MOVE
        return [made] if stage in (None, made.stage) else []

    async def bundle(self, digest):
        record = await self.app.decision(digest)
        return {"bundle": 1, "record": json.dumps(record), "evidence": {}}

    async def verify(self, digest):
        await self.app.decision(digest)
        checks = (
            Check("address", ok=True, said="its content is what its address says"),
            Check("seal", ok=False, said="its content was changed since"),
        )
        return Verification(digest, self.app.standing, checks, "promote", "shop/production")


MOVE = move_view.MoveView(
    number=3, kind="promote", commit=COMMIT, subject="Show recommendations", previous=OLDER,
    because="verified in shop/staging", by="", at=ago(minutes=4), decision=DECISION,
    stage="shop/production", commits=2, standing="valid",
)  # fmt: skip
