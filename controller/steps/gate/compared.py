"""One objective's new runs beside those of the baseline: compared, and told to people. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import fmean, median

from controller.model.measurement import GateRuling, Measurement, ObjectiveResult
from controller.steps.gate import validity
from controller.steps.gate.baseline import (
    Baseline,
    Comparison,
    compare,
    compare_beside_odd,
    is_excused,
    is_noise,
    least_seen,
)
from controller.steps.gate.objectives import FAR_FROM_NOTHING, Objective, show, value_of
from schemas.limits import Limit, RelativeLimit

SEEN = "this gate would have seen "
"""How a gate begins to say how much its noise could have hidden."""


def compare_objective(
    objective: Objective, values: Sequence[float], baseline: Baseline, *, with_odd: bool
) -> Comparison | None:
    """Compare with the baseline; None where nothing has to be, or can be, compared."""
    if not objective.is_relative or not baseline.runs:
        return None
    base = [value_of(objective, run) for run in baseline.runs]
    known = [value for value in base if value is not None]
    if len(known) < len(base):
        return None
    worse = objective.more_is_worse
    if with_odd or objective.measure not in FAR_FROM_NOTHING:  # one error beside none is not odd
        return compare(values, known, more_is_worse=worse)
    return compare_beside_odd(values, known, more_is_worse=worse)


def why_not_compared(objective: Objective, compared: Comparison | None, baseline: Baseline) -> str:
    """Say why an objective cannot be compared though it has to be; empty when it can."""
    if not objective.is_relative or compared is not None or baseline.absent:
        return ""
    if baseline.missing or not baseline.runs:
        return f"there is nothing to compare with: {baseline.missing or 'no baseline was given'}"
    if baseline.is_forgiving:
        return ""
    return "a run of the baseline does not have it"


def is_kept_by_spread(
    objective: Objective, limits: Iterable[Limit], compared: Comparison | None
) -> bool:
    """Tell whether runs that differ much are all that keeps an objective that is far off.

    Values near nothing, as the share of errors, often double without a cause.
    """
    if compared is None or objective.measure not in FAR_FROM_NOTHING:
        return False
    return any(is_excused(limit, compared) for limit in _relative(limits))


def is_kept_by_noise(objective: Objective, ruling: GateRuling, compared: Comparison | None) -> bool:
    """Tell whether a limit that counted is beyond what it allows, and noise alone keeps it."""
    kept = {GateRuling.PASS: objective.passes, GateRuling.WARN: objective.warns}.get(ruling, ())
    return compared is not None and any(is_noise(limit, compared) for limit in _relative(kept))


def tell(
    objective: Objective,
    values: Sequence[float],
    compared: Comparison | None,
    baseline: Baseline,
) -> str:
    """Tell the median, and where it is compared the mean too: that is what a share is of."""
    said = f"{objective.title} is {show(objective.measure, median(values))}"
    if compared is not None:
        mean = f" ({show(objective.measure, fmean(values))} in the mean)" if values[1:] else ""
        said += (
            f"{mean}, {compared.effect:+.1%} beside {show(objective.measure, compared.base)}"
            f" in {len(baseline.runs) - len(compared.aside)} runs of the baseline"
        )
        said += _aside(objective, compared)
    return f"{said}, wanted {objective.wanted}"


def with_detectable(
    result: ObjectiveResult, objective: Objective, compared: Comparison | None
) -> ObjectiveResult:
    """Put into a result from which change on it would have been seen, where that can be told."""
    limits = [*_relative(objective.passes)] or [*_relative(objective.warns)]
    if compared is None or not limits:
        return result
    limit = min(limits, key=lambda each: abs(each.share))
    is_near_nothing = objective.measure not in FAR_FROM_NOTHING
    seen = least_seen(limit, compared, is_near_nothing=is_near_nothing)
    if seen is None:
        return result
    return replace(
        result,
        detectable=seen if objective.more_is_worse else -seen,
        noise_decides=seen > 2 * abs(limit.share),
    )


def tell_detectable(
    results: Iterable[ObjectiveResult], runs: Sequence[Measurement], baseline: Baseline
) -> list[str]:
    """Say in one sentence from which change on a gate would have blocked.

    Beside runs that a busy machine made slow even more may pass.
    """
    seen = [(each, each.detectable) for each in results if each.detectable is not None]
    if not seen:
        return []
    parts = ", ".join(f"{each.measure} {change:+.0%}" for each, change in seen)
    said = f"{SEEN}{parts} or more; less could hide in the noise of its runs"
    noisy = [each.measure for each, _ in seen if each.noise_decides]
    if noisy:
        said += (
            f", which is more than twice what the limit of {' and of '.join(noisy)} allows:"
            " make more or longer runs"
        )
    if _are_mostly_busy(baseline.runs) and not _are_mostly_busy(runs):
        said += "; more could hide, too: most of the baseline was made on a busier machine"
    return [said]


def _are_mostly_busy(runs: Sequence[Measurement]) -> bool:
    return 2 * sum(bool(validity.disturbed(run)) for run in runs) > len(runs)


def _aside(objective: Objective, compared: Comparison) -> str:
    if not compared.aside:
        return ""
    numbers = " and ".join(show(objective.measure, value) for value in compared.aside)
    return f" (put aside, as odd beside the others: {numbers})"


def _relative(limits: Iterable[Limit]) -> list[RelativeLimit]:
    return [limit for limit in limits if isinstance(limit, RelativeLimit)]
