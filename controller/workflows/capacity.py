"""Capacity plans of the head: what they come to, and the change that they propose as a branch."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace

from controller.diagnostics.errors import ConfigurationWrong, DependencyNotReady, Stalled
from controller.model.adoption import InputEdit
from controller.model.capacity import Capacity, Proposal, Run, Until
from controller.model.catalog import Catalog
from controller.model.forecast import Forecast
from controller.model.names import StageName, UnitName
from controller.steps import capacity as capacity_step
from controller.steps import usl
from controller.steps.gate.load_point import load_point
from controller.steps.load.splice import SpliceError
from controller.workflows import keys
from controller.workflows.adopt import at_head, diff_of, edited_files
from controller.workflows.baselines import Baselines
from controller.workflows.forecast_runs import last_of, status_of
from controller.workflows.parts import Parts
from schemas.kinds.capacity_plan import CapacityPlan
from schemas.kinds.stack import Stack

BRANCHES = "trueup/capacity/"
NEWEST_RUNS = 30
"""So many of each gate count: older ones are of another program."""


def weigh(
    plan: CapacityPlan, catalog: Catalog, forecast: Forecast, measured: Sequence[Run] = ()
) -> Capacity:
    """Give what a plan comes to, from the forecast's first day on. Raises Stalled.

    `measured` are the kept runs of its gates.
    """
    spec = plan.spec
    stack = catalog.find(Stack, spec.stack, plan.product)
    held = stack.inputs_in(spec.environment).get(spec.input) if stack else None
    present = held if isinstance(held, int | str) and not isinstance(held, bool) else None
    runs = [*(Run(run.concurrency, run.rate) for run in spec.runs), *measured]
    fit = usl.fit(runs, spec.max_latency.total_seconds() if spec.max_latency else None)
    begin = forecast.days[0].day if forecast.days else forecast.history[-1][0]
    if spec.gates:
        fit = replace(fit, notes=(*fit.notes, _of_gates(measured)))
    return capacity_step.capacity(plan, forecast, fit, present, begin)


def _of_gates(measured: Sequence[Run]) -> str:
    if not measured:
        return "no kept run of the gates counts: what is known of them, only a controller knows"
    highest = max(measured, key=lambda run: run.rate)
    return (
        f"{len(measured)} kept runs of gates count, up to {highest.rate:,.4g} requests a second "
        f"with {highest.concurrency:,.3g} at once"
    )


async def measured_runs(parts: Parts, plan: CapacityPlan) -> list[Run]:
    """Give the newest kept runs of a plan's gates, as points of the law."""
    baselines, found = Baselines(parts.world), []
    for each in plan.spec.gates:
        known = await baselines.known(StageName(plan.product, each.environment), each.gate)
        digests = [digest for entry in known for digest in entry.measurements]
        for digest in digests[-NEWEST_RUNS:]:
            run = await baselines.measurement(digest)
            point = await asyncio.to_thread(load_point, run, each.units) if run else None
            if point is not None:
                found.append(point)
    return found


async def look_at(parts: Parts, product: str, name: str) -> Capacity:
    """Give what a plan at the head comes to. Raises Stalled, DependencyNotReady."""
    catalog = parts.catalogs.known_head().catalog
    plan = _plan(parts, product, name)
    status = await status_of(parts, product, plan.spec.forecast)
    forecast = await last_of(parts, status)
    if forecast is None:
        raise DependencyNotReady.because(
            f"the forecast `{plan.spec.forecast}` was not made yet", hint=status.problem or None
        )
    measured = await measured_runs(parts, plan)
    return await asyncio.to_thread(weigh, plan, catalog, forecast, measured)


def _plan(parts: Parts, product: str, name: str) -> CapacityPlan:
    plan = parts.catalogs.known_head().catalog.find(CapacityPlan, name, product)
    if plan is None:
        raise Stalled.because(f"there is no capacity plan `{name}` of `{product}`")
    return plan


async def propose(parts: Parts, product: str, name: str, by: str, *, dry_run: bool) -> Proposal:
    """Propose the change of a plan as a branch; main is never written.

    Without a change there is nothing to propose, and no branch. Raises Stalled.
    """
    found = await look_at(parts, product, name)
    if not found.is_change:
        return Proposal(found)
    wanted = at_head(parts, UnitName(product, found.environment, found.stack))
    edit = InputEdit((found.input,), found.chosen)
    try:
        files = edited_files(parts, wanted, (edit,))
    except SpliceError as error:
        raise Stalled.because(str(error), code="forecast/not-proposed") from error
    loaded, _, graph = parts.catalogs.edited(product, files)
    unit = graph.units.get(wanted.unit.name)
    if unit is None or unit.inputs.get(found.input) != found.chosen:
        wrong = tuple(d for d in loaded.catalog.diagnostics if d.severity == "error")
        raise (
            ConfigurationWrong(wrong)
            if wrong
            else Stalled.because(
                f"the edited document does not set `{found.input}`", code="forecast/not-proposed"
            )
        )
    head = parts.catalogs.known_head()
    diff = "".join(diff_of(path, head.snapshot.read(path), text) for path, text in files.items())
    if dry_run:
        return Proposal(found, diff)
    digest = hashlib.sha256(diff.encode()).hexdigest()[:10]
    branch = f"{BRANCHES}{product}-{name}-{digest}"
    commit = await parts.world.branches.propose(
        branch, files, base=head.commit, author=by, message=_message(found, by)
    )
    await parts.recording.event(
        keys.unit_key(wanted.unit.name), "CapacityProposed",
        f"{by}: proposed `{branch}`: {_summary(found)}", revision=f"sha1:{commit}",
    )  # fmt: skip
    return Proposal(found, diff, branch, commit)


def _summary(found: Capacity) -> str:
    return (
        f"{found.input} of {found.stack} in {found.environment}: {found.present} to {found.chosen}"
    )


def _used_up(until: Until) -> str:
    if until.mid is None:
        return f"What is there may be used up from {until.earliest} on." if until.earliest else ""
    sooner = until.earliest not in {None, until.mid}
    earliest = f" ({until.earliest} at the earliest)" if sooner else ""
    return f"What is there is used up on {until.mid}{earliest}."


def _message(found: Capacity, by: str) -> str:
    present = next((each for each in found.choices if each.value == found.present), None)
    chosen = next(each for each in found.choices if each.is_chosen)
    lines = [f"Set {_summary(found)}", ""]
    if present is not None and (said := _used_up(present.until)):
        lines.append(said)
    lines.append(
        f"Needed are {found.needed:,.4g} requests a second; this serves {chosen.serves.mid:,.4g} "
        f"({chosen.serves.low:,.4g} to {chosen.serves.high:,.4g})."
    )
    lines.append(f"Asked for by {by}; by the capacity plan {found.name}.")
    return "\n".join([*lines, ""])
