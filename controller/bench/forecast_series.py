"""Series to forecast: made ones as traffic looks like, folders of CSV, and those of statsmodels."""

import math
import random
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from controller.model.series import Every, Series
from controller.steps.load.series_file import read_series
from schemas.kinds.forecast import CsvSource

FIRST_DAY = Every.DAY.number(datetime.fromisoformat("2024-01-01"))
WEEK = (1.0, 1.04, 1.02, 1.0, 0.92, 0.72, 0.68)
DAYS = 900
HOURS = 24 * 7 * 12


def _daily(value: Callable[[int, random.Random], float], seed: int) -> Series:
    source = random.Random(seed)
    return Series(Every.DAY, FIRST_DAY, tuple(max(0.0, value(n, source)) for n in range(DAYS)))


def _views(n: int, source: random.Random) -> float:
    year = 1 + 0.25 * math.sin(2 * math.pi * (n - 60) / 365.25)
    return 40_000 * 1.0006**n * year * WEEK[n % 7] * source.lognormvariate(0, 0.06)


def _shift(n: int, source: random.Random) -> float:
    return (9_000 if n < 640 else 15_000) * WEEK[n % 7] * source.lognormvariate(0, 0.08)


def _holidays(n: int, source: random.Random) -> float:
    spike = 2.6 if n % 365 in {331, 332, 333, 334} else 1.0
    return 20_000 * WEEK[n % 7] * spike * source.lognormvariate(0, 0.07)


def _intermittent(n: int, source: random.Random) -> float:
    del n
    return float(source.randint(20, 90)) if source.random() < 0.3 else 0.0


def _flat(n: int, source: random.Random) -> float:
    del n
    return 5_000 * source.lognormvariate(0, 0.05)


def _bursty(n: int, source: random.Random) -> float:
    burst = source.paretovariate(2.5) if source.random() < 0.1 else 1.0
    return 12_000 * WEEK[n % 7] * burst * source.lognormvariate(0, 0.15)


def _hourly(seed: int, noise: float) -> Series:
    source = random.Random(seed)
    values, drift = [], 0.0
    for n in range(HOURS):
        hour, day = n % 24, n // 24
        drift = 0.97 * drift + source.gauss(0, noise)
        shape = (
            0.25
            + math.exp(-(((hour - 13) / 4.5) ** 2))
            + 0.6 * math.exp(-(((hour - 20) / 2.2) ** 2))
        )
        values.append(
            90_000 * shape * WEEK[day % 7] * math.exp(drift) * source.lognormvariate(0, 0.08)
        )
    return Series(Every.HOUR, FIRST_DAY * 24, tuple(values))


def made() -> Mapping[str, Series]:
    """Give the made series; the same ones every time."""
    return {
        "daily page views, weekly and yearly, growing": _daily(_views, 1),
        "daily, a level shift": _daily(_shift, 2),
        "daily, holiday spikes": _daily(_holidays, 3),
        "daily, intermittent": _daily(_intermittent, 4),
        "daily, flat": _daily(_flat, 5),
        "daily, bursty": _daily(_bursty, 6),
        "hourly requests": _hourly(7, 0.01),
        "hourly requests, wandering": _hourly(8, 0.05),
    }


def published() -> Mapping[str, Series]:
    """Give the series that come with statsmodels; none without it."""
    if find_spec("statsmodels") is None:
        return {}
    from statsmodels import datasets

    carbon = datasets.co2.load_pandas().data["co2"].interpolate()
    warmth = datasets.elnino.load_pandas().data.set_index("YEAR").to_numpy().ravel()
    macro = datasets.macrodata.load_pandas().data
    found = {
        "carbon dioxide, weekly": (Every.WEEK, 1958 * 52, carbon),
        "sea surface temperature, monthly": (Every.MONTH, 1950 * 12, warmth),
        "sunspots, yearly": (Every.YEAR, 1700, datasets.sunspots.load_pandas().data["SUNACTIVITY"]),
        "volume of the Nile, yearly": (
            Every.YEAR,
            1871,
            datasets.nile.load_pandas().data["volume"],
        ),
        "gross domestic product, quarterly": (Every.QUARTER, 1959 * 4, macro["realgdp"]),
        "unemployment, quarterly": (Every.QUARTER, 1959 * 4, macro["unemp"]),
    }
    return {
        name: Series(every, first, tuple(map(float, values)))
        for name, (every, first, values) in found.items()
    }


def folder(path: Path) -> tuple[dict[str, Series], dict[str, str]]:
    """Give every column of numbers of every CSV file of a folder, and why some are left out."""
    found: dict[str, Series] = {}
    skipped: dict[str, str] = {}
    for file in sorted(path.rglob("*.csv")):
        content = file.read_bytes()
        head = content.decode("utf-8-sig", "replace").splitlines()[:1]
        names = [name.strip().strip('"') for name in re.split("[,;\t]", head[0])] if head else []
        name = file.relative_to(path).as_posix()
        for column in names[1:] or [""]:
            source = CsvSource.model_construct(
                file=name, time=(names or [""])[0], value=column, zone="UTC"
            )
            series, faults = read_series(name, content, source)
            called = f"{name} {column}" if len(names) > 2 else name
            if series is None:
                skipped[called] = faults[0].message
            else:
                found[called] = series
    return found, skipped
