"""Whether a run proves anything. A generator that was the bottleneck says nothing, good or bad."""

from controller.model.measurement import Measurement
from controller.steps.gate.objectives import are_numbers

FEWEST_REQUESTS = 50
"""Percentiles of fewer requests than this say nothing."""
BUSIEST_GENERATOR = 0.9
LATEST_GENERATOR = 50.0
"""Milliseconds; when the generator's own loop is later, its latencies are its own."""
LONGEST_STANDSTILL = 1000.0
"""Milliseconds; whoever stands still for longer makes neither the load nor a measurement."""
LEAST_SHARE = 0.95
"""Of the wanted rate; below it the load that the gate is about was not there."""
MOST_SHARE = 1.2
"""Of the wanted rate; above it a fail may be that of another load."""
MOST_WAITED = 0.5
"""Of the time. On two processors, with 120 requests a second of 4 ms, runs below it had a p95 from
10 to 17 ms, most of those above it from 17 to 35 ms; the generator itself was as late in both."""
MOST_STOLEN = 0.05
"""Of the processors; runs above it had a p95 from 13 to 15 ms where others had 10 to 12 ms."""
LEAST_OF_A_PART = 0.5
"""Of the requests that were wanted in a part of the steady time."""
SHOWN_ERRORS = 3


def problems(measurement: Measurement) -> list[str]:
    """Say why the run proves nothing, whatever its numbers are."""
    total, cpu = measurement.total, measurement.generator_cpu
    if measurement.invalid:
        return [measurement.invalid]
    found = []
    if not are_numbers(
        measurement.offered_rate,
        measurement.achieved_rate,
        cpu,
        measurement.generator_lag,
        measurement.stood_still,
        *measurement.generator_lags.values(),
    ):
        found.append("the measurement has numbers that cannot be")
    if total.requests == 0:
        found += ["not one request was made", *errors(measurement)]
    elif total.requests + total.omitted < FEWEST_REQUESTS:
        found += few(measurement)
    if not cpu < BUSIEST_GENERATOR:
        found.append(
            f"the load generator was the bottleneck: it used {cpu:.0%} of its processor core"
        )
    if not measurement.stood_still < LONGEST_STANDSTILL:
        found.append(
            f"the load generator stood still for {measurement.stood_still / 1000:.1f} s:"
            " it was suspended, or something in its script held it up"
        )
    if not found and _is_short(measurement) and not _is_held_up(measurement):
        found.append(
            f"only {_rates(measurement)} were made, though the service held nobody up:"
            " the load generator or its script was the cause"
        )
    return found


def is_sound(measurement: Measurement) -> bool:
    """Tell whether a run may stand for its release, beside others."""
    return not problems(measurement) and not doubts(measurement)


def doubts(measurement: Measurement) -> list[str]:
    """Say why the run cannot be a pass, though it may be a fail."""
    return [
        *few(measurement), *late(measurement), *short(measurement), *quiet(measurement),
        *idle(measurement),
    ]  # fmt: skip


def short(measurement: Measurement) -> list[str]:
    """Say that fewer requests were made than were wanted."""
    if measurement.ended_early:
        return [f"the run was ended early: {measurement.ended_early}"]
    if not _is_short(measurement):
        return []
    reason = "the users waited for the service, so it was not seen under the load that is wanted"
    return [f"only {_rates(measurement)} were made: {reason}"]


def quiet(measurement: Measurement) -> list[str]:
    """Say that a part of the steady time saw few requests: a sum hides what was made up elsewhere.

    Where a task makes several requests, all parts have as many times more.
    """
    parts = measurement.parts
    wanted, made = sum(part.wanted for part in parts), sum(part.made for part in parts)
    more = max(1.0, made / wanted) if wanted > 0 else 1.0
    return [
        f"only {part.made} of {part.wanted * more:.0f} requests were made in part {number + 1}"
        f" of the {len(parts)} of its time"
        for number, part in enumerate(parts)
        if part.made < LEAST_OF_A_PART * part.wanted * more
    ][:1]


def idle(measurement: Measurement) -> list[str]:
    """Say that a worker made less than its share, whatever the others made."""
    return [
        f"worker {number + 1} of {len(measurement.workers)} made only {one.made}"
        f" of {one.wanted:.0f} requests"
        for number, one in enumerate(measurement.workers)
        if one.made < LEAST_SHARE * one.wanted
    ]


def more(measurement: Measurement) -> list[str]:
    """Say that far more requests were made than were wanted: a script that keeps no pace."""
    if not measurement.achieved_rate > MOST_SHARE * measurement.offered_rate:
        return []
    return [f"{_rates(measurement)} were made: the script makes several a task, or keeps no pace"]


def disturbed(measurement: Measurement) -> list[str]:
    """Say that the machine of the generator had more to do than it could.

    It speaks against a fail only, and only where other runs were left in peace: a service on the
    same machine that became hungry makes all runs busy, and on some machines all always are.
    """
    found = []
    waited, stolen = measurement.machine_waited, measurement.machine_stolen
    if waited is not None and not waited < MOST_WAITED:
        found.append(f"something waited for a processor in {waited:.0%} of its time")
    if stolen is not None and not stolen < MOST_STOLEN:
        found.append(f"the host took {stolen:.0%} of the processors")
    return found


def few(measurement: Measurement) -> list[str]:
    """A service that hangs may fail on fewer requests, but none passes on them."""
    if measurement.total.requests >= FEWEST_REQUESTS:
        return []
    return [f"only {measurement.total.requests} requests were made; {FEWEST_REQUESTS} are needed"]


def late(measurement: Measurement) -> list[str]:
    """Say that the generator itself was late at many of its steps."""
    if measurement.generator_lag < LATEST_GENERATOR:
        return []
    return [f"the load generator itself was late by {measurement.generator_lag:.0f} ms"]


def late_at(measurement: Measurement, measure: str) -> list[str]:
    """Say that the generator itself was late, as a percentile of latencies sees it."""
    lag = measurement.lag(measure)
    if lag < LATEST_GENERATOR:
        return []
    return [f"the load generator itself was late by {lag:.0f} ms ({measure})"]


def errors(measurement: Measurement) -> list[str]:
    """Give the most frequent errors."""
    return [f"{count} times: {text}" for text, count in measurement.errors[:SHOWN_ERRORS]]


def _is_short(measurement: Measurement) -> bool:
    return not measurement.achieved_rate >= LEAST_SHARE * measurement.offered_rate


def _is_held_up(measurement: Measurement) -> bool:
    """Tell whether users who waited for the service explain the requests that are missing."""
    total = measurement.total
    if measurement.ended_early:
        return True
    if not total.requests:
        return False
    made_or_omitted = measurement.achieved_rate * (1 + total.omitted / total.requests)
    return made_or_omitted >= LEAST_SHARE * measurement.offered_rate


def _rates(measurement: Measurement) -> str:
    return f"{measurement.achieved_rate:.1f} of {measurement.offered_rate:g} requests a second"
