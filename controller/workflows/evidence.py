"""Gather all that a decision about a stage rests on, from Git and the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from controller.model.caller import with_users
from controller.model.condition import ConditionType
from controller.model.decision import UnitRisk
from controller.model.history import touches
from controller.model.measurement import GateResult
from controller.model.names import Digest, StageName
from controller.model.pointer_change import HandEdit
from controller.model.record import UnitPlan
from controller.model.release import Pointer, Release
from controller.model.status import StageStatus, UnitStatus
from controller.steps import release as release_step
from controller.steps.decide.question import (
    Answer,
    Ask,
    EarlierStage,
    PastProof,
    Question,
    WindowException,
)
from controller.steps.hand_edit import ways_out
from controller.steps.notes import clean
from controller.workflows.parts import Parts
from controller.workflows.readiness import SECRET, not_ready
from schemas.kinds.environment import Environment
from schemas.kinds.exception import AllowedFinding
from schemas.kinds.pipeline import PipelineStage
from schemas.windows import Windows


@dataclass(frozen=True, slots=True)
class Proof:
    """That a release was verified in a stage; kept while the stage goes on to others."""

    verified_at: datetime
    soaked: timedelta = timedelta(0)
    risk: tuple[UnitRisk, ...] = ()
    gates: tuple[GateResult, ...] = ()
    plans: tuple[UnitPlan, ...] = ()


_PROOF = TypeAdapter(Proof)


class Evidence:
    """Asks Git and the ledger; what it cannot find out is not known, which is no yes."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._world = parts.world

    def is_suspended(self, name: StageName) -> bool:
        """Tell whether the stage's environment is suspended in Git."""
        environment = self._environment(name)
        return environment is not None and environment.spec.suspended

    async def question(
        self,
        status: StageStatus,
        pointer: Pointer | None,
        candidate: Release,
        edit: HandEdit | None = None,
    ) -> Question:
        """Gather all that a decision about a stage rests on; `edit`: of its pointer, by hand."""
        name = status.name
        entry = self._parts.catalogs.pipeline_stage(name)
        wish = await self._parts.wishes.asked_for(name)
        asked = Ask(wish.by, wish.at) if wish and wish.release == candidate.digest else None
        suspended = await self._parts.wishes.is_suspended(name)
        earlier = [await self._earlier(StageName(name.product, e), candidate) for e in entry.after]
        given = tuple(await self._world.ledger.approvals(name, candidate.digest))
        edited = ways_out(name, edit) if edit else ""
        back = pointer.back_from(candidate.digest) if pointer else None
        if edit is not None and edit.names(candidate) and (edit.is_proposal or asked):
            by_itself = entry.auto and all(e.release == candidate.digest for e in earlier)
            if asked is None and edit.asks(comes_by_itself=by_itself):
                asked = Ask(edit.asked_by, edit.at)
            given, edited = edit.words(given), ""
        return Question(
            stage=name,
            candidate=candidate,
            previous=pointer.commit if pointer else "",
            current=pointer.digest if pointer else None,
            after=tuple(earlier),
            gates_required=entry.all_of,
            one_of=entry.one_of,
            gates=status.gates,
            verified=await self._verified(status, pointer),
            rejected=back.release if back else None,
            rejected_by=back.by if back else "",
            rejected_at=back.at if back else None,
            approvals_required=entry.approvals.required,
            approvals=given,
            groups=entry.approvals.from_,
            approvals_expire=entry.approvals.expire,
            authors=await self._authors(entry, candidate, pointer),
            asked=asked,
            suspended=self.is_suspended(name),
            held="somebody suspended it" if suspended else _wish(name, entry, asked),
            hold=pointer.hold if pointer else None,
            edited=edited,
            taken_over=edit.taken_over(asked.by if asked else "") if edit and not edited else "",
            soak=entry.soak,
            windows=self._windows(name, entry),
            exceptions=self._exceptions(name, candidate),
        )

    async def _verified(self, status: StageStatus, pointer: Pointer | None) -> Release | None:
        """Give what a gate that fails goes back to: nothing that was taken back itself."""
        if status.verified is None or (pointer and pointer.back_from(status.verified)):
            return None
        return await self._world.ledger.release(status.name.product, status.verified)

    async def _earlier(self, name: StageName, candidate: Release) -> EarlierStage:
        status = await self._world.ledger.stage(name)
        entry = self._parts.catalogs.pipeline_stage(name)
        if status is None or status.commit is None:
            return EarlierStage(name, None, gates_required=entry.all_of, one_of=entry.one_of)
        held = status.hold is not None
        target = await self._parts.catalogs.stage_target(name, status.commit, held=held)
        missing = await not_ready(self._world.ledger, target)
        found = await self._world.ledger.units(name)
        drifted = [
            unit.name.stack
            for unit in found
            if unit.drift or unit.is_unknown(ConditionType.IN_SYNC)
        ]
        secrets = tuple(n.removeprefix(SECRET) for n in missing if n.startswith(SECRET))
        units = tuple(n for n in missing if not n.startswith(SECRET))
        is_here = status.release == candidate.digest
        was_taken_back = status.rejected == candidate.digest
        known = None if is_here or was_taken_back else await self.proof(name, candidate.digest)
        return EarlierStage(
            stage=name,
            release=status.release,
            ready=Answer(ok=is_here and not units, names=units),
            in_sync=Answer(ok=not drifted, names=tuple(sorted(drifted))),
            secrets=Answer(ok=not secrets, names=secrets),
            gates_required=entry.all_of,
            one_of=entry.one_of,
            gates=(*status.gates, *(known.gates if known else ())),
            healthy_since=healthy_since(status, found) if is_here else None,
            past=PastProof(known.verified_at, known.soaked) if known else None,
            risk=status.risk if is_here else known.risk if known else (),
        )

    async def proof(self, name: StageName, release: Digest) -> Proof | None:
        """Tell whether a release was verified in a stage, and not taken back from it since."""
        found = await self._world.ledger.fact(_proof_fact(name, release))
        return _PROOF.validate_json(found) if found else None

    async def keep_proof(self, status: StageStatus) -> None:
        """Keep what was proved of a stage's release, before or while the stage goes on."""
        if status.release is None or status.verified != status.release:
            return
        now = self._world.clock.now()
        known = await self.proof(status.name, status.release)
        since = healthy_since(status, await self._world.ledger.units(status.name))
        soaked = max(
            known.soaked if known else timedelta(0), now - since if since else timedelta(0)
        )
        verified_at = known.verified_at if known else now
        gates = tuple(each for each in status.gates if each.release == status.release)
        kept = Proof(verified_at, soaked, status.risk, gates, status.plans)
        if kept != known:
            fact = _proof_fact(status.name, status.release)
            await self._world.ledger.set_fact(fact, _PROOF.dump_json(kept).decode())

    async def forget_proof(self, name: StageName, release: Digest) -> None:
        """Count nothing that was proved of a release which is taken back."""
        await self._world.ledger.set_fact(_proof_fact(name, release), "")

    async def _authors(
        self, entry: PipelineStage, candidate: Release, pointer: Pointer | None
    ) -> tuple[str, ...]:
        """Name who made the commits that touch the product between what is here and the candidate.

        Asked for only where somebody's word is needed. Of a first release only who made its newest
        commit is known.
        """
        if not entry.approvals.required:
            return ()
        members = self._world.members
        if pointer is None:
            made = (await self._world.repository.snapshot(candidate.commit)).co_authors
            return with_users((candidate.author, *made), members)
        catalogs, product = self._parts.catalogs, candidate.product
        owned = {
            path
            for commit in (candidate.commit, pointer.commit)
            for path in release_step.owned_paths((await catalogs.at(commit)).catalog, product)
        }
        history = await self._world.repository.history(candidate.commit, pointer.commit)
        makers = (
            person
            for each in history.commits
            if any(touches(owned, path) for path in each.paths)
            for person in (each.author, *each.co_authors)
            if person
        )
        return with_users((candidate.author, *makers), members)

    def _environment(self, name: StageName) -> Environment | None:
        head = self._parts.catalogs.known_head().catalog
        return head.find(Environment, name.environment)

    def _windows(self, name: StageName, entry: PipelineStage) -> tuple[Windows, ...]:
        environment = self._environment(name)
        pipeline = self._parts.catalogs.pipeline(name.product)
        found = [
            *([environment.spec.windows] if environment else ()),
            *([pipeline.spec.windows] if pipeline else ()),
            entry.windows,
        ]
        return tuple(each for each in found if each.allow or each.freeze)

    def _exceptions(self, name: StageName, candidate: Release) -> tuple[WindowException, ...]:
        """Give the Exceptions at the head that let this release come here at any time."""
        today = self._world.clock.now().date()
        return tuple(
            WindowException(
                each.metadata.name, each.spec.owner, each.spec.reason, str(each.spec.expires)
            )
            for each in self._parts.catalogs.known_head().catalog.all(AllowedFinding)
            if (allowed := each.spec.promotion) is not None
            and not each.has_expired(today)
            and candidate.commit.startswith(allowed.commit or "")
            and each.covers(product=name.product, document="", environment=name.environment)
        )


def healthy_since(status: StageStatus, units: Sequence[UnitStatus]) -> datetime | None:
    """Tell since when a stage has been healthy: a failure that came and went has broken it."""
    if status.healthy_since is None:
        return None
    changed = [
        found.last_transition_time
        for unit in units
        for kind in (ConditionType.READY, ConditionType.IN_SYNC)
        if (found := unit.condition(kind)) is not None
    ]
    return max([status.healthy_since, *changed])


def changed_at(status: StageStatus, units: Sequence[UnitStatus]) -> Sequence[UnitStatus]:
    """Give the units that were changed as a stage's release came there."""
    return [
        unit
        for unit in sorted(units, key=lambda each: each.name)
        if unit.risk is not None
        and unit.outcome is not None
        and unit.outcome.changed
        and unit.outcome.commit == status.commit
    ]


def risk_of(unit: UnitStatus) -> UnitRisk:
    """Tell how dangerous the last plan was that changed a unit."""
    if unit.risk is None:
        return UnitRisk(str(unit.name), 0, "low")
    reasons = tuple(reason.sentence for reason in unit.risk.top())
    return UnitRisk(str(unit.name), unit.risk.score, str(unit.risk.level), reasons)


def plan_of(unit: UnitStatus) -> UnitPlan:
    """Tell of the last plan of a unit, and what policy said of it."""
    planned, allowed = map(unit.condition, (ConditionType.PLANNED, ConditionType.ALLOWED))
    return UnitPlan(
        str(unit.name),
        planned.message if planned else "not known",
        clean(allowed.message, 500) if allowed else "not known",
    )


def _proof_fact(name: StageName, release: Digest) -> str:
    return f"proof/{name}/{release}"


def _wish(name: StageName, entry: PipelineStage, asked: Ask | None) -> str | None:
    """Say whose wish is awaited; None: a release comes by itself, or somebody asked for it."""
    if entry.auto or asked is not None or not entry.after:
        return None
    return f"somebody has to ask for it: `trueup promote {name}`"
