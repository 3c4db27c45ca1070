"""What happened → conditions and events; the only writer of statuses."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from controller.diagnostics.errors import ProviderMoved, Stalled, TrueupError, Waiting
from controller.model.audit import AuditRecord
from controller.model.condition import Condition, ConditionType, Truth
from controller.model.drift import Drift, is_put_back
from controller.model.event import Event, EventType
from controller.model.names import Commit, StageName, UnitName
from controller.model.outcome import Outcome
from controller.model.plan import Action, Plan, ResourceChange
from controller.model.provider_places import Places, moves
from controller.model.risk import Risk
from controller.model.status import SecretStatus, StageStatus, UnitStatus
from controller.model.verdict import Ruling, Verdict
from controller.workflows import keys
from controller.workflows.world import World

ORDER = tuple(ConditionType)
Told = tuple[Truth, str, str] | tuple[Truth, str, str, str]
"""Whether it is true, the reason, the message, and how to go on."""
UNCHANGED = {
    ConditionType.READY: (Truth.TRUE, "ReconciliationSucceeded", "as wanted"),
    ConditionType.RECONCILING: None,
    ConditionType.STALLED: None,
}
LONGEST = 1000
"""Letters of what policy tells of an allowed plan."""
REASONS = 20
"""So many reasons of a risk are kept with a unit."""


class Recording:
    """Writes statuses, and events where something has changed."""

    def __init__(self, world: World) -> None:
        self._ledger = world.ledger
        self._clock = world.clock
        self._dispatcher = world.dispatcher
        self._notifications = world.notifications

    async def event(
        self, subject: str, reason: str, message: str, *, revision: str = "", warning: bool = False
    ) -> None:
        """Tell what has happened."""
        kind = EventType.WARNING if warning else EventType.NORMAL
        await self._ledger.append(
            Event(self._clock.now(), kind, reason, subject, message, revision)
        )
        if self._notifications:
            await self._dispatcher.wake(keys.RECEIVERS)

    async def unit_wanted(self, name: UnitName, commit: Commit) -> UnitStatus:
        """Note which commit a unit should be at, and give its status."""
        status = await self._ledger.unit(name) or UnitStatus(name=name, desired=commit)
        if status.desired != commit or status.updated_at is None:
            status = replace(status, desired=commit, updated_at=self._clock.now())
            await self._ledger.put_unit(status)
        return status

    async def unit_working(self, status: UnitStatus, doing: str) -> UnitStatus:
        """Say that work is under way."""
        return await self._put(
            status, {ConditionType.RECONCILING: (Truth.TRUE, "Progressing", doing)}
        )

    async def unit_planned(self, status: UnitStatus, plan: Plan, verdict: Verdict) -> UnitStatus:
        """Record a plan, its risk, and what policy says of it."""
        status = replace(status, risk=_kept(verdict.risk) if not plan.is_empty else None)
        allowed = {
            Ruling.ALLOWED: (Truth.TRUE, "Allowed", _allowed(verdict)),
            Ruling.NEEDS_APPROVAL: (Truth.UNKNOWN, "ApprovalRequired", _findings(verdict)),
            Ruling.DENIED: (Truth.FALSE, "PolicyDenied", _findings(verdict)),
        }[verdict.ruling]
        return await self._put(
            status,
            {
                ConditionType.PLANNED: (Truth.TRUE, "Planned", plan.summary()),
                ConditionType.ALLOWED: allowed,
            },
        )

    async def unit_applying(self, status: UnitStatus, plan: Plan, places: Places) -> UnitStatus:
        """Note that an apply begins, and where it may make things: it may be cut off any time.

        What it wrote into the state then is not what was recorded, so that a look alone cannot tell
        whether all is as wanted: until an apply is recorded, every turn makes a plan.
        """
        if plan.is_empty:
            return status
        if places not in status.made_with:
            before: tuple[Places, ...] = status.made_with or ({},)  # somewhere, nobody noted where
            status = replace(status, made_with=(*before, places))
        under_way = (Truth.UNKNOWN, "Applying", "an apply is under way, or was cut off")
        return await self._put(status, {ConditionType.APPLIED: under_way})

    async def unit_restoring(self, name: UnitName) -> UnitStatus | None:
        """Note that an earlier state is brought back: what was applied is to be looked at anew."""
        status = await self._ledger.unit(name)
        if status is None:
            return None
        told = "an earlier state was brought back, so a plan has to tell what is as wanted"
        return await self._put(
            status, {ConditionType.APPLIED: (Truth.UNKNOWN, "StateRestored", told)}
        )

    async def unit_restored(self, name: UnitName, made_with: tuple[Places, ...]) -> None:
        """Note where the things were made that the state names now; nothing if nobody knows."""
        status = await self._ledger.unit(name)
        if status is not None:
            await self._put(replace(status, made_with=made_with), {})

    async def unit_applied(
        self,
        status: UnitStatus,
        outcome: Outcome,
        plan: Plan,
        *,
        places: Places,
        look_by: datetime | None = None,
    ) -> UnitStatus:
        """Record that a unit is as wanted; tells what was changed, or corrected."""
        subject = keys.unit_key(status.name)
        revision = f"sha1:{outcome.commit}"
        before = status.outcome.serial if status.outcome else 0
        changed = outcome.changed or outcome.serial != before  # or it was interrupted in between
        outcome = replace(outcome, changed=changed or _was_changed_at(status, outcome.commit))
        now = self._clock.now()
        is_taken = plan.is_empty and bool(plan.drift) and outcome.serial != before
        left = await self._tell_applied(status, plan, revision, changed=changed, is_taken=is_taken)
        if status.outcome is not None and status.outcome.engine != outcome.engine:
            told = f"{status.outcome.engine} → {outcome.engine}"
            await self.event(subject, "EngineChanged", told, revision=revision, warning=True)
        await self._tell_moved(status, plan, places, revision)
        status = replace(
            status, outcome=outcome, desired=outcome.commit, failures=0, made_with=(places,),
            drift=left, drift_looked_at=now, look_by=look_by,
            ignored=status.ignored if plan.is_empty else (),
        )  # fmt: skip
        if not status.drift:
            status = replace(status, drift_by=())
        return await self._put(
            status,
            {
                ConditionType.READY: (Truth.TRUE, "ReconciliationSucceeded", "as wanted"),
                ConditionType.APPLIED: (Truth.TRUE, "Applied", "the plan was applied"),
                ConditionType.IN_SYNC: _in_sync(Drift(status.name, now, status.drift)),
                ConditionType.SECRETS_DELIVERED: (Truth.TRUE, "Delivered", "all secrets are there"),
                ConditionType.RECONCILING: None,
                ConditionType.STALLED: None,
            },
        )

    async def _tell_applied(
        self, status: UnitStatus, plan: Plan, revision: str, *, changed: bool, is_taken: bool
    ) -> tuple[ResourceChange, ...]:
        """Tell what became of drift, or what was applied; gives the drift that is still there.

        With `is_taken` what differed is wanted so now, and nothing was changed but the state.
        """
        subject, now = keys.unit_key(status.name), self._clock.now()
        # What nothing in the configuration says is not put back; the state takes it over.
        left = tuple(change for change in status.drift if not is_put_back(change))
        back = Drift(status.name, now, tuple(c for c in status.drift if is_put_back(c)))
        if left and (is_taken or not plan.is_empty):
            taken = Drift(status.name, now, left).describe()
            await self.event(
                subject, "DriftTakenOver", f"not put back, for no document says what it should be; "
                f"from now on it counts as it is: {taken}", revision=revision, warning=True,
            )  # fmt: skip
        if back.changes and is_taken:
            told = f"wanted as it is from now on: {back.describe()}"
            await self.event(subject, "DriftAdopted", told, revision=revision)
        elif back.changes and changed:
            told = f"put back: {back.describe()}"
            await self.event(subject, "DriftCorrected", told, revision=revision)
        elif changed:
            done = "found applied" if plan.is_empty else f"applied: {plan.summary()}"
            await self.event(subject, "Applied", done, revision=revision)
        return left if plan.is_empty and not is_taken else ()

    async def _tell_moved(
        self, status: UnitStatus, plan: Plan, places: Places, revision: str
    ) -> None:
        """Tell that providers look elsewhere now, and what stays behind because of that."""
        moved = moves(status.made_with, places)
        if not moved:
            return
        left = [
            f"{change.address} ({', '.join(change.identities) or 'without a name'})"
            for change in plan.drift
            if plan.moved and change.action == Action.DELETE
        ]
        told = "; ".join(moved)
        told += f"; left behind, unmanaged: {', '.join(left)}" if left else ""
        await self.event(
            keys.unit_key(status.name), "ProviderMoved", told, revision=revision, warning=True
        )

    async def unit_unchanged(
        self, status: UnitStatus, commit: Commit, places: Places
    ) -> UnitStatus:
        """Record that a unit is as wanted at a newer commit, without anything to do."""
        return await self._put(replace(status_at(status, commit), made_with=(places,)), UNCHANGED)

    async def units_unchanged(
        self, found: Sequence[tuple[UnitStatus, Commit]]
    ) -> Sequence[UnitStatus]:
        """Record it of many at once, in one write; gives what was written.

        One that somebody else has written about since it was looked at is left to its own turn.
        """
        written = []
        for status, commit in found:
            if await self._ledger.unit(status.name) == status:
                written.append(self._told(status_at(status, commit), UNCHANGED))
        await self._ledger.put_units(written)
        return written

    async def unit_stopped(self, name: UnitName, error: TrueupError) -> None:
        """Record why a unit did not get there; the same fault again writes nothing new."""
        status = await self._ledger.unit(name)
        if status is None:
            return
        message = str(error)
        changes: dict[ConditionType, Told | None] = {
            ConditionType.READY: (Truth.FALSE, error.reason, message, error.hint),
            ConditionType.STALLED: None,
            ConditionType.RECONCILING: (Truth.TRUE, "ProgressingWithRetry", message),
        }
        if isinstance(error, Stalled):
            changes[ConditionType.STALLED] = (Truth.TRUE, error.reason, message, error.hint)
            changes[ConditionType.RECONCILING] = None
        before = status.condition(ConditionType.READY)
        is_news = before is None or (before.reason, before.message) != (error.reason, message)
        if not isinstance(error, Waiting):
            status = replace(status, failures=status.failures + 1)
            if is_news:
                await self.event(
                    keys.unit_key(name), error.reason, message,
                    revision=f"sha1:{status.desired}", warning=True,
                )  # fmt: skip
        await self._put(status, changes)

    async def unit_drift(
        self,
        status: UnitStatus,
        drift: Drift,
        *,
        look_by: datetime | None = None,
        by: Sequence[AuditRecord] = (),
    ) -> UnitStatus:
        """Record a look at a unit; tells when something differs that did not before.

        `look_by` is when the next look is overdue, `by` who may have made the drift.
        """
        status = await self._ledger.unit(status.name) or status  # its commit may be a newer one
        if drift.changes and drift.changes != status.drift:
            found = f"not as it was applied: {drift.tell()}"
            if told := sorted({f"{each.actor} ({each.action})" for each in by if not each.failed}):
                found += f"; maybe by {', '.join(told)}"
            revision = f"sha1:{status.desired}"
            await self.event(
                keys.unit_key(status.name), "DriftDetected", found, revision=revision, warning=True
            )
        status = replace(
            status, drift=drift.changes, drift_looked_at=drift.looked_at, look_by=look_by,
            ignored=drift.ignored, unused_ignores=drift.unused,
            drift_by=tuple(by) if drift.changes else (),
        )  # fmt: skip
        return await self._put(status, {ConditionType.IN_SYNC: _in_sync(drift)})

    async def unit_not_looked_at(self, name: UnitName, error: TrueupError) -> None:
        """Record why a look failed: what is there is not known then, whatever was known before."""
        status = await self._ledger.unit(name)
        if status is None:
            return
        message = f"could not be looked at: {error}"
        before = status.condition(ConditionType.IN_SYNC)
        is_news = before is None or (before.status, before.message) != (Truth.UNKNOWN, message)
        is_told = isinstance(error, ProviderMoved) or not isinstance(error, Waiting)
        if is_news and is_told:
            await self.event(
                keys.unit_key(name), "LookFailed", message,
                revision=f"sha1:{status.desired}", warning=True,
            )  # fmt: skip
        told = (Truth.UNKNOWN, error.reason, message, error.hint)
        await self._put(status, {ConditionType.IN_SYNC: told})

    async def unit_left_alone(self, status: UnitStatus) -> None:
        """Record that nobody wants a unit looked at: its last look does not grow too old."""
        if status.look_by is not None:
            await self._put(replace(status, look_by=None), {})

    async def stage(self, status: StageStatus) -> StageStatus:
        """Write a stage's status when it differs from what is stored."""
        before = await self._ledger.stage(status.name)
        if before is not None and replace(before, updated_at=status.updated_at) == status:
            return before
        status = replace(status, updated_at=self._clock.now())
        await self._ledger.put_stage(status)
        return status

    async def stage_stopped(self, name: StageName, error: TrueupError) -> None:
        """Record why a stage could not be looked after; the same fault again writes nothing new."""
        status = await self._ledger.stage(name) or StageStatus(name)
        message = str(error)
        if status.waiting_for == message:
            return
        if not isinstance(error, Waiting):
            await self.event(keys.stage_key(name), error.reason, message, warning=True)
        await self.stage(replace(status, waiting_for=message))

    async def secret(self, status: SecretStatus) -> None:
        """Write a secret's status when it differs from what is stored."""
        before = await self._ledger.secret(status.name)
        if before is None or replace(before, updated_at=status.updated_at) != status:
            await self._ledger.put_secret(replace(status, updated_at=self._clock.now()))

    async def _put(
        self,
        status: UnitStatus,
        changes: Mapping[ConditionType, Told | None],
    ) -> UnitStatus:
        told = self._told(status, changes)
        if told != replace(status, updated_at=told.updated_at) or (
            status != await self._ledger.unit(status.name)
        ):
            await self._ledger.put_unit(told)
            return told
        return status

    def _told(
        self,
        status: UnitStatus,
        changes: Mapping[ConditionType, Told | None],
    ) -> UnitStatus:
        now = self._clock.now()
        kept = {condition.type: condition for condition in status.conditions}
        for kind, told in changes.items():
            before = kept.pop(kind, None)
            if told is None:
                continue
            truth, *words = told
            since = before.last_transition_time if before and before.status == truth else now
            reason, message, hint = (*words, "")[:3]
            kept[kind] = Condition(
                kind, truth, reason, message, f"sha1:{status.desired}", since, hint
            )
        ordered = tuple(kept[kind] for kind in ORDER if kind in kept)
        return replace(status, conditions=ordered, updated_at=now)


def status_at(status: UnitStatus, commit: Commit) -> UnitStatus:
    """Give the status of a unit that was applied before and is as wanted at another commit."""
    if status.outcome is None:
        raise ValueError(f"{status.name} was never applied")
    outcome = replace(status.outcome, commit=commit, changed=_was_changed_at(status, commit))
    return replace(status, outcome=outcome, desired=commit, failures=0)


def _was_changed_at(status: UnitStatus, commit: Commit) -> bool:
    """Tell whether a commit has changed a unit; a later look that finds nothing to do has not."""
    found = status.outcome
    return found is not None and found.changed and found.commit == commit


def _in_sync(drift: Drift) -> tuple[Truth, str, str]:
    ignored = f" ({len(drift.ignored)} ignored)" if drift.ignored else ""
    if not drift.changes:
        return Truth.TRUE, "InSync", f"nothing differs{ignored}"
    reason = "DriftDetected" if any(map(is_put_back, drift.changes)) else "UnmanagedDrift"
    return Truth.FALSE, reason, drift.describe() + ignored


def _findings(verdict: Verdict) -> str:
    texts: Sequence[str] = sorted({str(finding) for finding in verdict.findings})
    return "; ".join(texts)


def _allowed(verdict: Verdict) -> str:
    """Say that a plan is allowed, by whom, and what policy tells of it all the same."""
    by = f", approved by {', '.join(verdict.approved_by)}" if verdict.approved_by else ""
    told = _findings(verdict)
    said = f"policy allows the plan{by}" + (f"; it tells: {told}" if told else "")
    return said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"


def _kept(risk: Risk | None) -> Risk | None:
    """Give a risk with the reasons that weigh most: a row of the ledger stays small."""
    return replace(risk, reasons=risk.reasons[:REASONS]) if risk else None
