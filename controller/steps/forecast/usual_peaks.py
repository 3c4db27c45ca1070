"""Days of a forecast → days that peak as days do.

What is smoothed over weeks has the mean of each hour, and the highest mean is lower than the mean
of what was highest: the busiest hour is not the same one each day.
"""

from statistics import median

from controller.model.series import DAYS_A_WEEK
from controller.steps.forecast.light import Numbers

WEEKS = 8
FEWEST_WEEKS = 2


def with_usual_peaks(said: Numbers, values: Numbers, day: int) -> Numbers:
    """Give the highest step of each day the share of its day that it had on such days of a week."""
    weeks = min(len(values) // (day * DAYS_A_WEEK), WEEKS)
    if day == 1 or weeks < FEWEST_WEEKS:
        return said
    first = len(values) - weeks * DAYS_A_WEEK * day
    days = [values[begin : begin + day] for begin in range(first, len(values), day)]
    if min(map(sum, days)) <= 0:
        return said
    shares = [max(one) / sum(one) for one in days]
    found = list(said)
    for number, begin in enumerate(range(0, len(said) - day + 1, day)):
        steps = range(begin, begin + day)
        share = median(shares[number % DAYS_A_WEEK :: DAYS_A_WEEK])
        found[max(steps, key=said.__getitem__)] = share * sum(said[begin : begin + day])
    return tuple(found)
