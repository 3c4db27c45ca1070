"""What people ask of decisions: which there were, what each rests on, whether it still stands."""

import json
from collections.abc import Sequence
from dataclasses import replace

from controller.diagnostics.errors import TrueupError
from controller.model import move_view
from controller.model.decision import Decision
from controller.model.names import Digest, StageName
from controller.model.record import Check, Standing, Verification
from controller.permission import NotFound
from controller.steps.decide.record import read_record
from controller.steps.decide.verify import verify
from controller.workflows.gate_evidence import BUNDLE, as_wanted, gather, judge_gates
from controller.workflows.holding import moves_among
from controller.workflows.parts import Parts
from controller.workflows.pointers import DECISIONS, decision_path, decisions_path, read_decision
from controller.workflows.records import Records, on_branch

CHECKED = 100
"""So many of a stage's decisions are checked when they are listed, the newest first."""


class Decisions:
    """Answers from the promotions branch and from what is stored."""

    def __init__(self, parts: Parts) -> None:
        self._world = parts.world
        self._catalogs = parts.catalogs
        self._records = Records(parts.world, parts.catalogs)

    @property
    def keys(self) -> Sequence[str]:
        """The public keys whose decisions count here; the first is in use."""
        return self._world.seal.keys

    async def all(self, stage: str | None = None) -> Sequence[move_view.MoveView]:
        """Give every decision about a stage, or about all, the newest of each first."""
        if stage:
            return await self.of_stage(StageName.parse(stage))
        return [
            each
            for status in await self._world.ledger.stages()
            for each in await self.of_stage(status.name)
        ]

    async def of_stage(self, name: StageName) -> Sequence[move_view.MoveView]:
        """Give every decision about a stage, with how its record stands. RepositoryUnreachable."""
        files = await self._world.pointers.read(decisions_path(name))
        found = []
        for place, (digest, decision) in enumerate(moves_among(files, name)):
            text = files[decision_path(name, digest)]
            stands = verify(text, self._world.seal, digest).standing if place < CHECKED else ""
            found.append(_view(digest, decision, text, str(stands)))
        return found

    async def record(self, digest: str) -> dict[str, object]:
        """Give a record as it was written. Raises NotFound."""
        try:
            told = json.loads(await self._records.find(Digest(digest)) or "null")
        except ValueError:
            told = None
        if not isinstance(told, dict) or "because" not in told:
            raise _not_there(digest)
        return told

    async def verify(self, digest: str) -> Verification:
        """Check a record, that the branch holds it, and judge anew what its gates measured.

        Raises NotFound.
        """
        text = await self._text(digest)
        found = verify(text, self._world.seal, digest)
        if found.standing != Standing.VALID:
            return found
        decision = read_record(json.loads(text)).decision
        kept = await gather(self._world.artifacts, decision.gates)
        judged = judge_gates(found, decision.gates, kept)
        more = [await self._stands(Digest(digest))]
        if judged.standing == Standing.VALID:
            more += await as_wanted(self._catalogs, decision, kept)
        is_refused = any(each.ok is False for each in more)
        return replace(
            judged, standing=Standing.REFUSED if is_refused else judged.standing,
            checks=(*judged.checks, *more),
        )  # fmt: skip

    async def bundle(self, digest: str) -> dict[str, object]:
        """Give a record with all that its gates measured, for who checks it elsewhere. NotFound."""
        text = await self._text(digest)
        decision = read_decision(text)
        if decision is None:
            raise NotFound.because(f"`{digest}` is no decision")
        kept = await gather(self._world.artifacts, decision.gates)
        evidence = {each: content.decode("utf-8", "replace") for each, content in kept.items()}
        return {BUNDLE: 1, "record": text, "evidence": evidence}

    async def _text(self, digest: str) -> str:
        text = await self._records.find(Digest(digest))
        if text is None:
            raise _not_there(digest)
        return text

    async def _stands(self, digest: Digest) -> Check:
        """Look whether the record is on the branch: one that is not has moved nothing."""
        try:
            is_there = on_branch(await self._world.pointers.read(DECISIONS), digest) is not None
        except TrueupError as error:
            return Check("branch", ok=None, said=f"the promotions branch was not read: {error}")
        if is_there:
            return Check("branch", ok=True, said="it stands on the promotions branch")
        said = "it is not on the promotions branch: it was never carried out, or taken away there"
        return Check("branch", ok=False, said=said)


def _view(digest: Digest, decision: Decision, text: str, standing: str) -> move_view.MoveView:
    return move_view.MoveView(
        number=decision.number, kind=str(decision.kind), commit=decision.release.commit,
        subject=decision.release.subject, previous=decision.previous, because=decision.because,
        by=decision.by, at=decision.decided_at, decision=digest, stage=str(decision.stage),
        commits=_commits(text), standing=standing,
    )  # fmt: skip


def _commits(text: str) -> int | None:
    """Tell how many commits a record's notes count; None for one that has none."""
    try:
        noted = read_record(json.loads(text)).background.notes
    except ValueError:
        return None
    return noted.total if noted else None


def _not_there(digest: str) -> NotFound:
    return NotFound.because(
        f"there is no decision `{digest}`", hint="`trueup decision list STAGE` lists them"
    )
