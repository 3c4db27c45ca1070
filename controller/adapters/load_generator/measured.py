"""The result of a run, as its process wrote it → a measurement."""

import os
import platform
from collections.abc import Mapping, Sequence
from typing import Any

from controller.adapters.load_generator.machine import processor
from controller.model.measurement import EndpointStatistics, Measurement, Part, WorkerShare
from controller.ports.load_generator import LoadOrder, LoadStage

LARGEST_CLOCK_JUMP = 0.5
"""Seconds between the wall clock and the monotonic one over the steady part; beyond it nobody knows
when the run was, nor what else was measured then."""
LEAST_OF_ITS_TIME = 0.98


def measurement(order: LoadOrder, result: Mapping[str, Any]) -> Measurement:
    """Read a result."""
    total = _statistics(result["total"])
    return Measurement(
        load_test=order.load_test,
        target=order.target,
        started_at=result["started_at"],
        seconds=result["seconds"],
        offered_rate=order.rate,
        achieved_rate=total.requests / result["seconds"],
        generator_cpu=result["cpu"],
        total=total,
        endpoints={name: _statistics(found) for name, found in result["endpoints"].items()},
        series=tuple((second[0], second[1], second[2], second[3]) for second in result["series"]),
        errors=tuple((text, count) for text, count in result["errors"]),
        generator=_generator(order, result),
        generator_lag=result["lag_p95"],
        generator_lags=result["lags"],
        stood_still=result["stood_still"],
        machine_waited=result.get("waited"),  # a run that an earlier version began has none
        machine_stolen=result.get("stolen"),
        ended_early=result["ended_early"],
        parts=_parts(order, result["parts"]),
        workers=tuple(
            WorkerShare(one["machine"], one["wanted"], one["made"], one["cpu"], one["lag"])
            for one in result["workers"]
        ),
        invalid=result["invalid"] or _why_invalid(order, result),
    )


def _generator(order: LoadOrder, result: Mapping[str, Any]) -> dict[str, str]:
    """Say what ran, and on what; of workers elsewhere, on what they did.

    What is compared says how many machines they are, and not which: pods have new names each time.
    """
    told = {
        "locust": result["locust"],
        "machine": platform.platform(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cores": str(os.cpu_count() or 1),
        "users": str(order.users),
        "workers": str(order.workers),
        "longestLag": f"{result['lags'].get('max', 0.0):.1f} ms",
    }
    if not order.are_elsewhere:
        return told
    machines = {one["machine"]: one for one in result["workers"]}
    return {
        **told,
        "machine": ", ".join(sorted(machines)),
        "system": " and ".join(sorted({one["system"] for one in machines.values()})),
        "processor": " and ".join(sorted({one["processor"] for one in machines.values()})),
        "cores": str(sum(one["cores"] for one in machines.values())),
        "workers": f"{order.workers} elsewhere on {len(machines)} machine(s)",
    }


def _parts(order: LoadOrder, made: Sequence[int]) -> tuple[Part, ...]:
    """Lay what was made in equal parts of the steady time beside what was wanted in them."""
    stages = order.stages or (LoadStage(order.rate, order.steady),)
    ends = [order.steady * (place + 1) / len(made) for place in range(len(made))]
    due = [0.0, *(_due_until(stages, end) for end in ends)]
    return tuple(Part(due[place + 1] - due[place], made[place]) for place in range(len(made)))


def _due_until(stages: Sequence[LoadStage], moment: float) -> float:
    due = 0.0
    for stage in stages:
        due += stage.rate * min(stage.seconds, max(0.0, moment))
        moment -= stage.seconds
    return due


def _why_invalid(order: LoadOrder, result: Mapping[str, Any]) -> str:
    if abs(result["clock_jump"]) > LARGEST_CLOCK_JUMP:
        return f"the clock of the generator jumped by {result['clock_jump']:+.1f} s"
    if not result["ended_early"] and result["seconds"] < LEAST_OF_ITS_TIME * order.steady:
        return f"the run ended after {result['seconds']:.1f} of {order.steady:g} s"
    return ""


def _statistics(found: Mapping[str, Any]) -> EndpointStatistics:
    return EndpointStatistics(
        requests=found["requests"],
        failures=found["failures"],
        raw=found["raw"],
        corrected=found["corrected"],
        histogram=found["histogram"],
        omitted=found["omitted"],
    )
