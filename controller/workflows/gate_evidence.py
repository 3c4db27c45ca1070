"""What the gates of a record were measured and judged from: gathered, and judged again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from controller.diagnostics.errors import Stalled, TrueupError
from controller.model.decision import Decision, DecisionKind
from controller.model.measurement import GateResult
from controller.model.names import Commit, Digest
from controller.model.record import Check, Recomputed, Standing, Verification
from controller.ports.artifacts import Artifacts
from controller.steps.gate.again import Judged, read_judged, recompute
from controller.workflows.catalogs import Catalogs
from controller.workflows.gate_orders import read_objective, score_of
from schemas.kinds.load_test import LoadTest

BUNDLE = "bundle"
"""The key by which a file is told that holds a record and its evidence; its value is the format."""
_CHANGED = b""
"""Stands for content that a store found changed: no evidence is empty, so it is found so again."""


async def gather(artifacts: Artifacts, gates: Sequence[GateResult]) -> Mapping[Digest, bytes]:
    """Give what is kept of all that gates name, by address; what is gone is left out."""
    found: dict[Digest, bytes] = {}
    for digest in dict.fromkeys(each for gate in gates for each in _named(gate)):
        try:
            content = await artifacts.get(digest)
        except Stalled:
            content = _CHANGED
        if content is not None:
            found[digest] = content
    return found


def judge_gates(
    found: Verification, gates: Sequence[GateResult], kept: Mapping[Digest, bytes]
) -> Verification:
    """Judge the gates of a valid record again; what cannot be is never called valid."""
    again = [recompute(gate, kept) for gate in gates]
    checks = (*found.checks, *(each.check for each in again))
    return replace(found, standing=_standing(found.standing, again), checks=checks)


def without_evidence(found: Verification, gates: Sequence[GateResult]) -> Verification:
    """Say of a record alone that what its gates measured was not looked at."""
    measured = [gate.gate for gate in gates if gate.measurements]
    if not measured:
        return found
    names = ", ".join(dict.fromkeys(measured))
    said = f"not recomputed: this is the record alone, without what {names} measured (`--bundle`)"
    return replace(found, checks=(*found.checks, Check("gates", ok=None, said=said)))


async def as_wanted(
    catalogs: Catalogs, decision: Decision, kept: Mapping[Digest, bytes]
) -> Sequence[Check]:
    """Look whether the gates of a valid record were judged by what the repository wants of them."""
    is_back = decision.kind == DecisionKind.ROLL_BACK
    commit = Commit(decision.previous) if is_back else decision.release.commit
    named = [gate.judged for gate in decision.gates if gate.judged]
    told = [read_judged(kept[digest]) for digest in named if digest in kept]
    try:
        at = await catalogs.at(commit) if told else None
    except TrueupError as error:
        said = f"the load tests of {commit[:12]} were not read: {error}"
        return (Check("objectives", ok=None, said=said),)
    if at is None:
        return ()
    found = []
    for judged in told:
        name = judged.load_test
        load_test = at.catalog.find(LoadTest, name, decision.stage.product)
        is_so = load_test is not None and _wants(load_test, judged)
        stand = "are" if is_so else "are not"
        said = f"the objectives of {name} {stand} those of its load test at {commit[:12]}"
        found.append(Check("objectives", ok=is_so, said=said))
    return tuple(found)


def _wants(load_test: LoadTest, judged: Judged) -> bool:
    spec = load_test.spec
    objectives = tuple(map(read_objective, spec.objectives))
    wanted = (objectives, score_of(spec.score), spec.runs)
    return wanted == (judged.objectives, judged.score, judged.runs)


def _named(gate: GateResult) -> tuple[Digest, ...]:
    judged = (gate.judged,) if gate.judged else ()
    return (*judged, *gate.measurements, *gate.baseline)


def _standing(before: Standing, again: Sequence[Recomputed]) -> Standing:
    if any(each.check.ok is False for each in again):
        return Standing.REFUSED
    if any(each.is_other_judge for each in again):
        return Standing.OTHER_RULES
    if any(each.check.ok is None for each in again):
        return Standing.NOT_RECOMPUTED
    return before
