"""Series for tests: what traffic looks like, without chance."""

import math
from datetime import datetime

from controller.model.series import Every, Series
from schemas.kinds.forecast import Forecast

WEEK = (100.0, 104.0, 102.0, 100.0, 92.0, 72.0, 68.0)
FIRST = Every.DAY.number(datetime.fromisoformat("2025-01-06"))


def wobble(n: int) -> float:
    """Something like chance, the same each time."""
    return math.sin(n * 12.9898) * 43758.5453 % 1 - 0.5


def daily(days: int = 200, growth: float = 0.0, noise: float = 0.1) -> Series:
    values = (WEEK[n % 7] * (1 + growth) ** n * (1 + noise * wobble(n)) for n in range(days))
    return Series(Every.DAY, FIRST, tuple(values))


def hourly(days: int = 42) -> Series:
    values = []
    for n in range(24 * days):
        shape = 1 + 0.8 * math.sin((n % 24 - 8) / 24 * 2 * math.pi)
        values.append(WEEK[n // 24 % 7] * shape * (1 + 0.1 * wobble(n)))
    return Series(Every.HOUR, FIRST * 24, tuple(values))


def document(**spec: object) -> Forecast:
    given = {"metric": "pageViews", "source": {"csv": {"file": "views.csv"}}, **spec}
    return Forecast.model_validate(
        {
            "apiVersion": "platform/v1",
            "kind": "Forecast",
            "metadata": {"name": "traffic", "product": "shop"},
            "spec": given,
        }
    )
