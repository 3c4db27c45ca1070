"""Look over the verified releases of a gate for numbers that got worse step by step."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from controller.diagnostics.diagnostic import Diagnostic, Severity
from controller.model.measurement import GateResult, Measurement
from controller.model.names import Commit
from controller.model.status import StageStatus
from controller.steps.gate import validity
from controller.steps.gate.objectives import Objective, show, value_of
from controller.steps.gate.slow_drift import FEWEST_RELEASES, Shift, find_shift
from controller.workflows.baselines import Baselines
from controller.workflows.gate_orders import Asked
from controller.workflows.parts import Parts

CODE = "gate/slow-drift"


async def tell_drift(
    parts: Parts,
    status: StageStatus,
    asked: Asked,
    new: Sequence[Measurement],
    result: GateResult,
) -> GateResult:
    """Add what drifted to an answer, and to the findings; nothing where too little is known."""
    baselines = Baselines(parts.world)
    history = await baselines.history(status, result.gate)
    commits: list[Commit] = []
    releases: list[Sequence[Measurement]] = []
    for entry in history:
        found = [await baselines.measurement(digest) for digest in entry.measurements]
        alike = [r for r in found if r is not None and _is_like(r, new[0])]
        if alike and entry.release != status.release:
            commits.append(entry.commit)
            releases.append(alike)
    if len(releases) + 1 < FEWEST_RELEASES:
        return result
    commits.append(status.commit or Commit(""))
    releases.append(new)
    said = []
    for objective in asked.objectives:
        numbers = [_median(objective, runs) for runs in releases]
        known = [number for number in numbers if number is not None]
        if len(known) == len(numbers):
            shift = find_shift(known, more_is_worse=objective.more_is_worse)
            if shift is not None:
                said.append(_sentence(objective, shift, commits))
    scope = f"gate/{status.name}/{result.gate}"
    findings = [
        Diagnostic(
            CODE, f"{result.gate} in {status.name}: {one}", severity=Severity.WARNING,
            hint="compare the release named here with the one before it",
        )
        for one in said
    ]  # fmt: skip
    await parts.world.ledger.put_findings(scope, commits[-1], findings)
    return replace(result, warnings=(*result.warnings, *said))


def _is_like(run: Measurement, other: Measurement) -> bool:
    is_alike = (run.load, run.runner_class) == (other.load, other.runner_class)
    return is_alike and validity.is_sound(run)


def _median(objective: Objective, runs: Sequence[Measurement]) -> float | None:
    values = [value_of(objective, run) for run in runs]
    known = [value for value in values if value is not None]
    return median(known) if known and len(known) == len(values) else None


def _sentence(objective: Objective, shift: Shift, commits: Sequence[Commit]) -> str:
    before, now = show(objective.measure, shift.before), show(objective.measure, shift.now)
    return (
        f"{objective.title} drifts: from {before} to {now} ({shift.change:+.0%})"
        f" over the releases since {commits[shift.began][:12]}"
    )
