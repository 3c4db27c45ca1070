"""What a gate's runs are compared with: the kept measurements of releases that were verified.

The list of a gate in a stage lies in the ledger, the measurements among the evidence. A release is
added when the next gate runs, from the stage's own word that it was verified.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from controller.diagnostics.errors import Stalled
from controller.model.measurement import GateResult, Measurement
from controller.model.names import Commit, Digest, StageName
from controller.model.status import StageStatus
from controller.steps.gate import validity
from controller.steps.gate.baseline import (
    FEWEST_RUNS,
    NOTHING_VERIFIED,
    Baseline,
    are_enough,
    choose,
)
from controller.workflows.world import World
from schemas.objectives import Baseline as Wanted

KEPT = 60
"""Releases of a gate whose runs are remembered."""

MEASUREMENT = TypeAdapter(Measurement)
RESULT = TypeAdapter(GateResult)


@dataclass(frozen=True)
class VerifiedRuns:
    """The runs of one verified release, as their digests."""

    release: Digest
    commit: Commit
    measurements: tuple[Digest, ...]


_ENTRIES = TypeAdapter(tuple[VerifiedRuns, ...])


def result_fact(stage: StageName, release: Digest, gate: str) -> str:
    """Name the fact that holds a gate's answer."""
    return f"gate/{stage}/{release}/{gate}"


class Baselines:
    """Reads and writes what gates compare with."""

    def __init__(self, world: World) -> None:
        self._ledger = world.ledger
        self._artifacts = world.artifacts

    async def history(self, status: StageStatus, gate: str) -> tuple[VerifiedRuns, ...]:
        """Give the verified releases that a gate measured here, the oldest first."""
        fact = _history_fact(status.name, gate)
        entries = await self.known(status.name, gate)
        if status.verified is None or any(e.release == status.verified for e in entries):
            return entries
        told = await self._ledger.fact(result_fact(status.name, status.verified, gate))
        result = RESULT.validate_json(told) if told else None
        if result is None or not result.measurements or not result.ruling.lets_through:
            return entries
        commit = status.verified_commit or Commit("")
        entries = (*entries, VerifiedRuns(status.verified, commit, result.measurements))[-KEPT:]
        await self._ledger.set_fact(fact, _ENTRIES.dump_json(entries).decode())
        return entries

    async def known(self, stage: StageName, gate: str) -> tuple[VerifiedRuns, ...]:
        """Give the releases that are in the list by now, the oldest first."""
        known = await self._ledger.fact(_history_fact(stage, gate))
        return _ENTRIES.validate_json(known) if known else ()

    async def baseline(
        self, history: Sequence[VerifiedRuns], like: Measurement, wanted: Wanted, release: Digest
    ) -> Baseline:
        """Give the newest runs that may be compared with a new one, or say why there are none."""
        earlier = [entry for entry in history if entry.release != release]
        if not earlier:
            return _absent(wanted, NOTHING_VERIFIED.absent)
        found: list[tuple[Digest, Measurement]] = []
        others = 0
        for digest, commit in _newest_first(earlier):
            if are_enough([run for _, run in found], wanted.runs):
                break
            run = await self.measurement(digest)
            if run is None and len(found) >= wanted.runs:
                break  # it was looked for only because newer ones were disturbed
            if run is None:
                return Baseline(missing=f"the measurement {digest[:19]} of {commit[:12]} is gone")
            if not validity.is_sound(run):
                continue  # it was made again then, and the answer does not rest on it
            if _is_like(run, like, wanted):
                found.append((digest, run))
            else:
                others += 1
        chosen = choose([run for _, run in found], wanted.runs)
        return _of([found[place] for place in chosen], others, wanted)

    async def measurement(self, digest: Digest) -> Measurement | None:
        """Give a kept measurement; None when it is gone, or is not what its name says."""
        try:
            content = await self._artifacts.get(digest)
            return MEASUREMENT.validate_json(content) if content is not None else None
        except (Stalled, ValidationError):
            return None


def _history_fact(stage: StageName, gate: str) -> str:
    return f"gate-history/{stage}/{gate}"


def _newest_first(entries: Sequence[VerifiedRuns]) -> Iterator[tuple[Digest, Commit]]:
    for entry in reversed(entries):
        for digest in reversed(entry.measurements):
            yield digest, entry.commit


def _of(found: Sequence[tuple[Digest, Measurement]], others: int, wanted: Wanted) -> Baseline:
    """Give the runs that were found, or say why they are too few."""
    if len(found) >= FEWEST_RUNS:
        forgiving = wanted.when_changed == "absolute"
        return Baseline(
            tuple(run for _, run in found), tuple(d for d, _ in found), is_forgiving=forgiving
        )
    if not others:
        runs = "one run of a verified release is" if found else "no run of one is"
        return _absent(wanted, f"only {runs} there yet")
    changed = "earlier runs are of another load test or another machine"
    if wanted.when_changed == "absolute":
        return _absent(wanted, changed)
    return Baseline(missing=f"{changed}; `whenChanged: absolute` lets the absolute limits decide")


def _absent(wanted: Wanted, why: str) -> Baseline:
    return Baseline(missing=why) if wanted.required else Baseline(absent=why)


def _is_like(run: Measurement, like: Measurement, wanted: Wanted) -> bool:
    if run.load != like.load:
        return False
    return not wanted.same_runner_class or run.runner_class == like.runner_class
