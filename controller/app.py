"""What the command line and the pages may ask for; the one place that checks who may do what."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

from controller import __version__
from controller.decisions import Decisions
from controller.diagnostics.errors import Stalled
from controller.gate_desk import GateDesk
from controller.keeping import Keeping
from controller.lookup import stage_named, unit_named
from controller.model import view
from controller.model.caller import Caller, Role, with_users
from controller.model.condition import ConditionType, Truth
from controller.model.decision import Approval
from controller.model.names import Digest, StageName
from controller.model.state import KeptState
from controller.model.status import StageStatus, UnitStatus
from controller.model.tree_view import ProductNode
from controller.outlook import Outlook
from controller.permission import NotAllowed, NotFound, require
from controller.promotions import Promotions
from controller.requests import Requests
from controller.rotations import Rotations
from controller.steps.decide.people import is_same_person
from controller.tree import tree_of
from controller.workflows import keys
from controller.workflows.adopt import Order, adopt
from controller.workflows.backlog import FETCHED_AT
from controller.workflows.parts import Parts
from controller.workflows.reach import HEAD
from controller.workflows.room import findings_of
from schemas.kinds.product import Product


class App:
    """Answers and acts for callers. Every action is an event with the caller's name."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._ledger, self._dispatcher = parts.world.ledger, parts.world.dispatcher
        self.gates, self.requests = GateDesk(parts), Requests(parts)
        self.promotions, self.rotations = Promotions(parts), Rotations(parts)
        self.outlook, self.decisions = Outlook(parts), Decisions(parts)
        self.keeping = Keeping(parts)
        self.on_reload: Callable[[str], Awaitable[str]] | None = None
        """Reads the settings anew for somebody; None where there are none to read."""

    # Looking.

    async def overview(self) -> view.Overview:
        """Everything on one page: products and environments."""
        return view.Overview(
            revision=await self._ledger.fact(HEAD) or "",
            fetched_at=await self._ledger.fact(FETCHED_AT) or "",
            products=await self._products(),
            findings=len(await self._ledger.findings()),
            version=__version__,
        )

    async def _products(self) -> tuple[view.ProductView, ...]:
        products = []
        for product in self._parts.catalogs.products() if self._parts.catalogs.head else ():
            found = self._parts.catalogs.known_head().catalog.find(Product, product)
            pipeline = self._parts.catalogs.pipeline(product)
            names = [
                StageName(product, stage.environment)
                for stage in (pipeline.spec.stages if pipeline else ())
            ]
            products.append(
                view.ProductView(
                    product=product,
                    title=found.spec.title if found else product,
                    owner=found.spec.owner if found else "",
                    stages=tuple([await self._stage_view(name) for name in names]),
                )
            )
        return tuple(products)

    async def tree(self, product: str = "") -> Sequence[ProductNode]:
        """Give a product, or all, down to the secrets of units. Raises NotFound."""
        return await tree_of(self._parts, await self._products(), product)

    async def units(self, stage: str | None = None) -> Sequence[view.UnitView]:
        """All units, or those of one stage."""
        of = StageName.parse(stage) if stage else None
        return [await self._unit_view(status) for status in await self._ledger.units(of)]

    async def unit(self, name: str) -> view.UnitView:
        """One unit. Raises NotFound."""
        return await self._unit_view(await unit_named(self._ledger, name))

    async def states(self, name: str) -> Sequence[KeptState]:
        """The kept states of a unit, the newest first, without what is in them."""
        return await self._parts.states.kept((await unit_named(self._ledger, name)).name)

    async def stages(self) -> Sequence[view.StageView]:
        """All stages."""
        return [await self._stage_view(status.name) for status in await self._ledger.stages()]

    async def stage(self, name: str) -> view.StageView:
        """One stage. Raises NotFound."""
        return await self._stage_view((await stage_named(self._ledger, name)).name)

    async def secrets(self) -> Sequence[view.SecretView]:
        """All secrets, without their values."""
        items, now = self._parts.stock.items, self.now()
        return [
            view.secret_view(status, items.get(status.name), now)
            for status in await self._ledger.secrets()
        ]

    async def releases(self, product: str | None = None) -> Sequence[view.ReleaseView]:
        """Releases of a product, or of all, the newest first."""
        names = [product] if product else list(self._parts.catalogs.products())
        stages = await self._ledger.stages()
        return [
            view.ReleaseView(
                release.product, release.commit, release.digest, release.subject, release.author,
                release.committed_at,
                tuple(str(stage.name) for stage in stages if stage.release == release.digest),
            )
            for name in names
            for release in await self._ledger.releases(name)
        ]  # fmt: skip

    async def findings(self) -> Sequence[view.FindingView]:
        """What somebody should look at."""
        return [
            view.FindingView(
                scope=scope, code=found.code, severity=str(found.severity),
                place=str(found.span) if found.span else "", message=found.message,
                expected=found.expected or "", hint=found.hint or "",
            )
            for scope, found in (
                *findings_of(self._parts.world.disk.room), *await self._ledger.findings(),
            )
        ]  # fmt: skip

    async def events(
        self, *, subject: str | None = None, after: int = 0, limit: int = 200
    ) -> Sequence[view.EventView]:
        """The log, the oldest first."""
        found = await self._ledger.events(subject=subject, after=after, limit=limit)
        return [
            view.EventView(e.number, e.at, str(e.type), e.reason, e.subject, e.message, e.revision)
            for e in found
        ]

    async def decision(self, digest: str) -> dict[str, object]:
        """One decision record with its evidence. Raises NotFound."""
        return await self.decisions.record(digest)

    async def evidence(self, digest: str) -> bytes:
        """The bytes of a stored piece of evidence. Raises NotFound."""
        content = await self._parts.world.artifacts.get(Digest(digest))
        if content is None:
            raise NotFound.because(f"there is no evidence `{digest}`")
        return content

    async def is_idle(self) -> bool:
        """Whether nothing is due and nothing is worked on."""
        return await self._dispatcher.is_idle()

    async def queue(self) -> Sequence[view.QueueView]:
        """What is worked on, due or planned, soonest first."""
        return [
            view.QueueView(wakeup.key, wakeup.due, wakeup.working_since)
            for wakeup in await self._dispatcher.pending()
        ]

    def now(self) -> datetime:
        """The present instant, as the controller's clock has it."""
        return self._parts.world.clock.now()

    # Acting. Each asks for a role, tells an event and wakes who does the work.

    async def reconcile(self, caller: Caller, subject: str = "") -> str:
        """Look at the repository, a stage or a unit now. Gives what was woken."""
        require(caller, Role.OPERATOR)
        parts = [part for part in subject.split("/") if part]
        if not parts:
            key = keys.SOURCE
        elif len(parts) == len(("product", "environment")):
            key = keys.stage_key((await stage_named(self._ledger, subject)).name)
        else:
            status = await unit_named(self._ledger, subject)
            key = keys.unit_key(status.name)
            if status.drift:  # asked for by a person, drift is put back whatever the stack says
                await self._parts.wishes.correct(status.name, wanted=True)
        await self._dispatcher.wake(key, priority=5)
        await self._tell(caller, key, "ReconcileRequested", "asked for a look now")
        return key

    async def reload(self, caller: Caller) -> str:
        """Read the settings anew. Gives what counts now, and what from the next start on."""
        require(caller, Role.ADMIN)
        if self.on_reload is None:
            raise Stalled.because("there are no settings here that could be read anew")
        return await self.on_reload(caller.name)

    async def look_for_drift(self, caller: Caller, unit: str) -> str:
        """Look at one unit now."""
        require(caller, Role.OPERATOR)
        key = keys.drift_key((await unit_named(self._ledger, unit)).name)
        await self._dispatcher.wake(key, priority=5)
        return key

    async def approve(
        self, caller: Caller, subject: str, reason: str = "", *, expect: str = ""
    ) -> str:
        """Approve the release that waits to be let into a stage. Gives the approved release."""
        return await self.promotions.approve(caller, subject, reason, expect=expect)

    async def approve_plan(
        self, caller: Caller, unit: str, reason: str = "", *, expect: str = ""
    ) -> str:
        """Approve exactly the changes that a unit's plan waits with; `expect` is what was shown."""
        require(caller, Role.APPROVER)
        status = await unit_named(self._ledger, unit)
        subject = await self._parts.wishes.waiting_plan(status.name)
        if not subject:
            raise Stalled.because(f"no plan of `{unit}` waits for an approval")
        _require_unchanged(expect, subject, f"the plan of `{unit}`")
        stage = await self._ledger.stage(status.name.stage)
        if stage is None or not stage.author or await self._made(stage, caller):
            raise NotAllowed.because(
                f"an approval by `{caller.name}` does not count: nobody approves their own change",
                hint="ask somebody else with the role `approver`",
            )
        now = self._parts.world.clock.now()
        await self._ledger.put_approval(
            Approval(status.name.stage, subject, caller.name, now, reason)
        )
        key = keys.unit_key(status.name)
        await self._tell(caller, key, "Approved", "approved the plan that waits")
        await self._dispatcher.wake(key, priority=5)
        return subject

    async def _made(self, stage: StageStatus, caller: Caller) -> bool:
        """Tell whether a caller made the newest commit of a release, perhaps with others."""
        others: tuple[str, ...] = ()
        if stage.commit is not None:
            others = (await self._parts.world.repository.snapshot(stage.commit)).co_authors
        makers = with_users((stage.author, *others), self._parts.world.members)
        return any(is_same_person(each, caller.name) for each in makers)

    async def approve_backlog(
        self, caller: Caller, environment: str, reason: str = "", *, expect: str = ""
    ) -> str:
        """Let the changes go that piled up in an environment; `expect` is how many were shown."""
        require(caller, Role.APPROVER)
        backlog = await self._parts.breaker.find(environment)
        if backlog is None or backlog.let_go_by or not backlog.asked:
            raise Stalled.because(
                f"no changes of `{environment}` wait for an approval",
                hint="`trueup get findings` names the environments where some do",
            )
        _require_unchanged(expect, str(backlog.asked), f"what waits in `{environment}`")
        said = f"lets {backlog.asked} units of `{environment}` be changed"
        said += f": {reason}" if reason else ""
        await self._tell(caller, f"environment:{environment}", "Approved", said)
        await self._parts.breaker.let_go(backlog, caller.name)
        return environment

    async def promote(self, caller: Caller, stage: str, release: str = "") -> str:
        """Ask for a release to be let into a stage."""
        return await self.promotions.promote(caller, stage, release)

    async def suspend(self, caller: Caller, subject: str, *, suspended: bool) -> str:
        """Stop or resume looking after a stage or a unit."""
        require(caller, Role.OPERATOR)
        reason = "Suspended" if suspended else "Resumed"
        if subject.count("/") == 1:
            stage = (await stage_named(self._ledger, subject)).name
            since = await self._parts.wishes.suspended_since(stage)
            if since is not None and not suspended:
                await self._parts.breaker.pause(stage.environment, since, "it was suspended")
            await self._parts.wishes.suspend(stage, suspended=suspended, at=self.now())
            key, units = keys.stage_key(stage), await self._ledger.units(stage)
        else:
            unit = await unit_named(self._ledger, subject)
            await self._parts.wishes.suspend(unit.name, suspended=suspended, at=self.now())
            key, units = keys.unit_key(unit.name), [unit]
        await self._tell(caller, key, reason, f"{reason.lower()} by hand")
        await self._dispatcher.wake(key, priority=5)
        for each in units:
            await self._dispatcher.wake(keys.unit_key(each.name))
        return key

    async def adopt(
        self, caller: Caller, unit: str, *, branch: str = "", dry_run: bool = False
    ) -> view.AdoptionView:
        """Turn the drift of a unit into an edit, prove it by a plan, and push it as a branch."""
        require(caller, Role.OPERATOR)
        name = (await unit_named(self._ledger, unit)).name
        made = await adopt(self._parts, Order(name, caller.name, branch, dry_run))
        return view.AdoptionView(
            str(name), made.drift, made.diff, made.proved, made.left, made.branch, made.commit or ""
        )

    async def unlock(self, caller: Caller, unit: str, lock: str) -> str:
        """Break the lock of a unit's state by its id; only when its holder is not known to live."""
        require(caller, Role.ADMIN)
        status = await unit_named(self._ledger, unit)
        if not lock:
            raise Stalled.because("which lock is meant?", hint="name it with `--lock ID`")
        await self._parts.states.unlock(status.name, lock)
        await self._tell(caller, keys.unit_key(status.name), "Unlocked", f"broke the lock {lock}")
        return lock

    async def restore_state(self, caller: Caller, unit: str, serial: str) -> str:
        """Ask for an earlier state of a unit, which is suspended until somebody resumes it."""
        require(caller, Role.ADMIN)
        status = await unit_named(self._ledger, unit)
        if not serial.isascii() or not serial.isdecimal():
            raise Stalled.because(f"`{serial}` is no serial of a state")
        await self._parts.states.ask_restore(status.name, int(serial), caller.name)
        await self._tell(
            caller, keys.unit_key(status.name), "RestoreRequested",
            f"asked for the state of serial {serial}; the unit is suspended",
        )  # fmt: skip
        return serial

    async def _unit_view(self, status: UnitStatus) -> view.UnitView:
        allowed = status.condition(ConditionType.ALLOWED)
        waits = allowed is not None and allowed.status == Truth.UNKNOWN
        waiting = await self._parts.wishes.waiting_plan(status.name) if waits else None
        suspended = await self._parts.wishes.is_suspended(status.name)
        because = await self._parts.wishes.suspended_because(status.name)
        return replace(
            view.unit_view(status, suspended=suspended, now=self.now()),
            plan_waiting=waiting or "",
            suspended_because=because,
        )

    async def _tell(self, caller: Caller, key: str, reason: str, message: str) -> None:
        await self._parts.recording.event(key, reason, f"{caller.name}: {message}")

    async def _stage_view(self, name: StageName) -> view.StageView:
        status = await self._ledger.stage(name) or StageStatus(name)
        units = await self._ledger.units(name)
        suspended = await self._parts.wishes.is_suspended(name)
        return view.stage_view(status, units, suspended=suspended)


def _require_unchanged(expect: str, found: str, what: str) -> None:
    if expect and expect != found:
        raise Stalled.because(
            f"{what} has changed since it was shown",
            hint="look at what waits now, and decide again",
            code="app/changed-meanwhile",
        )
