"""The runs of releases that were promoted, and whether new runs are worse than they. Pure.

The run is the unit of statistics, not the request: requests of one run share its noise, so that
thousands of them look like a proof where there is none. Simulated with 5 % noise from run to run
(log-normal latencies, 400 trials): a rank test over pooled requests, as Kayenta makes it, cries
wolf in 31.5 % of comparisons of a release with itself, "10 % above the last run" in 10.5 %; three
new runs against five, with the rule below at 5 %, in 4.6 %, and it finds 99 % of 20 % slowdowns.

A run of the baseline that a busy machine made slow is put aside: its spread hid slowdowns. Where
each fifth run is slower by 30 to 60 % (noise of 4 %, a limit of 10 %), 34 % of slowdowns by a fifth
were found beside all runs, and 93 % are without; where each tenth is, 60 % and 98 %. A release is
blocked beside itself as rarely as before while noise is below 8 %, and up to 9 % of the time where
it is 15 %, instead of 5 %. Deviations from a median (Hampel's rule) find less: two such runs of
five widen them. Trimmed means (Yuen's t) find 73 % where this finds 93 %.
Nothing is ever put aside of the new runs: what is slow now and then is slow. Nor are good ones.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from controller.model.measurement import Measurement
from controller.model.names import Digest
from controller.steps.gate import validity
from schemas.limits import RelativeLimit

CONFIDENCE = 0.95
FEWEST_RUNS = 2
"""Of a baseline: one run does not tell how much runs differ."""
LARGEST_EXCUSE = 0.5
"""Beyond its limit by more than this share, a number is not let through because runs differ."""
MOST_APART = 0.15
"""Of their mean: when the better half of the runs lies further apart, all of them differ."""
ODD_SHARE = 0.25
"""By so much worse than the mean of the better half is odd."""
ODD_TIMES = 5.0
"""Where all runs differ, worse by so many times what lies between the best and the worst of the
better half: ninety milliseconds beside twenty."""
FEWEST_BESIDE_ODD = 4
"""Runs of a baseline: of three nobody knows which is the odd one."""


LOOKED_BACK = 2
"""Times as many runs as are wanted are looked at when the newest were disturbed. Not more: if all
of today's are, that is how it is now."""


@dataclass(frozen=True)
class Baseline:
    """What new runs are compared with."""

    runs: tuple[Measurement, ...] = ()
    digests: tuple[Digest, ...] = ()
    missing: str = ""
    """Why nothing can be compared, which blocks; empty when something can."""
    absent: str = ""
    """Why nothing has to be compared; then absolute limits alone decide."""
    is_forgiving: bool = False
    """Where these runs lack an objective's number, absolute limits alone decide on it."""


NOTHING_VERIFIED = Baseline(absent="no release was verified here yet")


@dataclass(frozen=True, slots=True)
class Comparison:
    """New runs beside those of the baseline."""

    effect: float
    """How much more the mean is than the baseline's, as a share of it."""
    bound: float
    """One-sided 95 % bound: at least so much is the mean worse, in the number's own unit."""
    base: float
    """The baseline's mean."""
    noise: float
    """By so much the means differ, at most, by noise alone in 95 of 100 such comparisons."""
    aside: tuple[float, ...] = ()
    """Numbers of the baseline that were put aside, in their order."""


def are_enough(runs: Sequence[Measurement], wanted: int) -> bool:
    """Tell whether no older run has to be looked at for a baseline."""
    in_peace = sum(not validity.disturbed(run) for run in runs)
    return in_peace >= wanted or len(runs) >= LOOKED_BACK * wanted


def choose(runs: Sequence[Measurement], wanted: int) -> list[int]:
    """Give the places of the runs to compare with: the newest, those of a busy machine at last.

    A busy moment meets all runs of a release, which are most of a baseline: much passes beside it.
    """
    busy = [bool(validity.disturbed(run)) for run in runs]
    return sorted(sorted(range(len(runs)), key=lambda place: (busy[place], place))[:wanted])


def without_odd(
    base: Sequence[float], *, more_is_worse: bool
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Give the numbers of a baseline that are compared with, and those that are put aside.

    The better half is more than half of them, and never odd: a slower release that came to stay is
    the baseline when most runs are its own, and a faster one likewise, beside which older runs are
    odd. What is put aside was worse.
    """
    ranked = sorted(base, reverse=not more_is_worse)
    better = ranked[: len(base) // 2 + 1]
    middle = fmean(better)
    if len(base) < FEWEST_BESIDE_ODD:
        return tuple(base), ()
    apart = abs(better[-1] - better[0])
    alike = apart <= MOST_APART * abs(middle)
    most = ODD_SHARE * abs(middle) if alike else ODD_TIMES * apart
    sign = 1.0 if more_is_worse else -1.0
    odd = [sign * (value - middle) > most for value in base]
    kept = tuple(value for value, is_odd in zip(base, odd, strict=True) if not is_odd)
    return kept, tuple(value for value, is_odd in zip(base, odd, strict=True) if is_odd)


def compare(new: Sequence[float], base: Sequence[float], *, more_is_worse: bool) -> Comparison:
    """Compare by Student's t; `base` has at least two values.

    New runs and those of the baseline are taken for equally noisy. By Welch's t three new runs have
    to show by themselves how much runs differ: it lets 4 % of 20 % slowdowns through, also one that
    two of three runs saw. The price: where new runs are twice as noisy as those of
    the baseline, 8 % of comparisons of a release with itself are blocked instead of 5 %.
    """
    there, here = fmean(base), fmean(new)
    sign = 1.0 if more_is_worse else -1.0
    worse = sign * (here - there)
    spread, freedom = _standard_error(new, base)
    noise = _quantile(freedom) * spread if spread > 0 else 0.0
    grown = math.inf if here else 0.0  # from nothing
    effect = here / there - 1 if there else grown
    return Comparison(effect, worse - noise, there, noise)


def compare_beside_odd(
    new: Sequence[float], base: Sequence[float], *, more_is_worse: bool
) -> Comparison:
    """Compare with the runs of a baseline that are not odd.

    What is more than noise beside all runs stays so: fewer runs know less of noise, and no release
    may pass because others were disturbed.
    """
    kept, aside = without_odd(base, more_is_worse=more_is_worse)
    found = compare(new, kept, more_is_worse=more_is_worse)
    if not aside:
        return found
    whole = compare(new, base, more_is_worse=more_is_worse)
    return replace(found, bound=max(found.bound, whole.bound), aside=aside)


def _standard_error(new: Sequence[float], base: Sequence[float]) -> tuple[float, float]:
    """Give the standard error of the difference of the means, and its degrees of freedom."""
    freedom = len(new) + len(base) - 2
    squares = sum((value - fmean(side)) ** 2 for side in (new, base) for value in side)
    return math.sqrt(squares / freedom * (1 / len(new) + 1 / len(base))), freedom


def _quantile(freedom: float) -> float:
    from scipy.special import stdtrit  # scipy.stats gives the same, and takes a second to load

    return float(stdtrit(freedom, CONFIDENCE))


def is_broken(limit: RelativeLimit, comparison: Comparison) -> bool:
    """Tell whether a limit is broken: by more than it allows, and by more than noise explains."""
    return _is_beyond(limit, comparison) and comparison.bound > 0


def is_noise(limit: RelativeLimit, comparison: Comparison) -> bool:
    """Tell whether a limit is kept only because noise explains what is beyond it."""
    return _is_beyond(limit, comparison) and comparison.bound <= 0


def _is_beyond(limit: RelativeLimit, comparison: Comparison) -> bool:
    effect, share = comparison.effect, limit.share
    if effect == share:
        return limit.operator not in {"<=", ">="}
    return effect > share if limit.is_upper else effect < share


def is_excused(limit: RelativeLimit, comparison: Comparison) -> bool:
    """Tell whether a limit is kept only because runs differ so much, and nobody can say by what.

    Two runs of a baseline on a busy machine can differ so much that noise might explain a service
    that is three times as slow. What cannot be told apart from that has not been shown to be good.
    """
    if not is_noise(limit, comparison):
        return False
    beyond = comparison.effect - limit.share
    return (beyond if limit.is_upper else -beyond) > LARGEST_EXCUSE


def least_seen(
    limit: RelativeLimit, comparison: Comparison, *, is_near_nothing: bool
) -> float | None:
    """Give from which slowdown on, as a share of the baseline, 95 of 100 such gates would block.

    What has to be beyond noise with one-sided 95 % is so in 95 of 100 cases from twice the noise
    on: the minimum detectable effect, (t of the level + t of the power) times the standard error
    (Bloom, "Minimum detectable effects", Evaluation Review 19, 1995). The mean has to be beyond the
    limit as well, which takes the noise once more than the limit. None beside nothing.
    """
    if not comparison.base:
        return None
    allowed = limit.share if limit.is_upper else -limit.share
    noise = comparison.noise / abs(comparison.base)
    beyond = max(noise, allowed)
    if is_near_nothing:
        return noise + beyond
    return noise + min(beyond, allowed + LARGEST_EXCUSE)
