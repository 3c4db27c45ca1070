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
        ended_early=result["ended_early"],
        parts=_parts(order, result["parts"]),
        workers=tuple(
            WorkerShare(one["machine"], one["wanted"], one["made"], one["cpu"], one["lag"])
            for one in result["workers"]
        ),
        invalid=result["invalid"] or _why_invalid(result),
    )


def _generator(order: LoadOrder, result: Mapping[str, Any]) -> dict[str, str]:
    """Say what ran, and on what; of workers elsewhere, on what they did."""
    machines = result["workers"] if order.are_elsewhere else ()
    processors = sorted({one["processor"] for one in machines}) or [processor()]
    cores = sum(one["cores"] for one in machines) or os.cpu_count() or 1
    return {
        "locust": result["locust"],
        "machine": platform.platform(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": " and ".join(processors),
        "cores": str(cores),
        "users": str(order.users),
        "workers": f"{order.workers} elsewhere" if order.are_elsewhere else str(order.workers),
        "longestLag": f"{result['lag_max']:.1f} ms",
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


def _why_invalid(result: Mapping[str, Any]) -> str:
    if abs(result["clock_jump"]) > LARGEST_CLOCK_JUMP:
        return f"the clock of the generator jumped by {result['clock_jump']:+.1f} s"
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
