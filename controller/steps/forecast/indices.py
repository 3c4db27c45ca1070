"""Numbers → what each place in a season is beside the level: the classical decomposition."""

from statistics import fmean

CYCLES = 8
"""So many of the newest seasons say what a season looks like."""


def indices_of(values: tuple[float, ...], season: int) -> tuple[list[float], bool]:
    """Give what each place in the season multiplies by, or adds; the newest seasons count."""
    is_ratio = min(values) > 0
    if season == 1:
        return [1.0 if is_ratio else 0.0], is_ratio
    means = _moving_means(values, season)
    places: list[list[float]] = [[] for _ in range(season)]
    first = max(0, len(values) - CYCLES * season)
    for at in range(len(means)):
        n = at + season // 2
        if n < first:
            continue
        mean = means[at]
        places[n % season].append(values[n] / mean if is_ratio else values[n] - mean)
    neutral = 1.0 if is_ratio else 0.0
    indices = [_middle(place) if place else neutral for place in places]
    centre = fmean(indices)
    if is_ratio:
        return [max(index / centre, 1e-6) for index in indices], True
    return [index - centre for index in indices], False


def _middle(numbers: list[float]) -> float:
    """Give the mean of the middle half: as deaf to odd ones as a median, and less by chance."""
    ordered = sorted(numbers)
    cut = len(ordered) // 4
    return fmean(ordered[cut : len(ordered) - cut])


def _moving_means(values: tuple[float, ...], season: int) -> list[float]:
    """Give the mean of each whole season, centred: an even one takes half of both ends."""
    sums = [0.0]
    for value in values:
        sums.append(sums[-1] + value)
    if season % 2:
        return [(sums[n + season] - sums[n]) / season for n in range(len(values) - season + 1)]
    return [
        (sums[n + season] - sums[n] + sums[n + season + 1] - sums[n + 1]) / (2 * season)
        for n in range(len(values) - season)
    ]
