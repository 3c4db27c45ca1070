"""Forecast → a picture as SVG: history, what is to come with its bounds, events, what is served.

Only attributes and no styles, so that the strictest page shows it; every word in it is escaped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from controller.model.chart import Chart, Line
from controller.model.forecast import Forecast

WIDTH, HEIGHT = 960, 380
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 28, 60
EPOCH = date(1970, 1, 1)
MOST_WORDS = 40
STEPS = (1, 2, 2.5, 5, 10)
LINES = 5
INK, MUTED, GRID, BLUE, BAND, AMBER, RED = (
    "#1d2733", "#5a6675", "#e3e7ec", "#2b5fb3", "#c9d9f1", "#b36b00", "#b3261e",
)  # fmt: skip
Served = tuple[str, float]
"""What a capacity line is called, and how much it serves a second."""


@dataclass(frozen=True)
class _Scale:
    first: date
    last: date
    most: float

    def x(self, day: date) -> float:
        share = (day - self.first).days / max(1, (self.last - self.first).days)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, rate: float) -> float:
        return HEIGHT - BOTTOM - rate / self.most * (HEIGHT - TOP - BOTTOM)


def chart(forecast: Forecast, served: Sequence[Served] = ()) -> str:
    """Draw a forecast in requests a second at the peak of each day."""
    factor = _factor(forecast)
    history = [(day, value * factor) for day, value in forecast.history]
    highest = [rate for _, rate in history] + [day.rate.high for day in forecast.days]
    most = max([*highest, *(rate for _, rate in served), 1e-9]) * 1.05
    last = forecast.days[-1].day if forecast.days else history[-1][0]
    scale = _Scale(history[0][0], last, most)
    title = escape(_title(forecast))
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    font = 'font-family="sans-serif" font-size="12"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font} role="img">',
        f"<title>{title}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *_grid(scale),
        *_ahead(scale, forecast),
        _line([(scale.x(day), scale.y(rate)) for day, rate in history], INK),
        *_events(scale, forecast),
        *_served(scale, served),
        f'<text x="{LEFT}" y="16" fill="{INK}">{title}</text>',
        f'<text x="{LEFT}" y="{HEIGHT - 4}" fill="{MUTED}">{escape(tried(forecast))}</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def values(forecast: Forecast, served: Sequence[Served] = ()) -> Chart:
    """Give the same as values, for a painter that makes PNG of it."""
    factor, days = _factor(forecast), forecast.days
    known = tuple((_day(day), value * factor) for day, value in forecast.history)
    ahead = tuple((_day(day.day), day.rate.mid) for day in days)
    first, last = known[0][0], (ahead or known)[-1][0]
    limits = (Line(name, ((first, rate), (last, rate))) for name, rate in served)
    return Chart(
        title=_title(forecast), across="", upward="requests a second",
        lines=(Line("forecast", ahead), Line("history", known), *limits), is_of_days=True,
        band=tuple((_day(day.day), day.rate.low, day.rate.high) for day in days),
        marks=tuple(
            (_day(each.day), each.reason[:MOST_WORDS])
            for each in forecast.happenings if first <= _day(each.day) <= last
        ),
        note=tried(forecast),
    )  # fmt: skip


def tried(forecast: Forecast) -> str:
    """Say in a sentence how the forecast did on the past, and how far it may be wrong."""
    test = forecast.backtest
    score = next((each for each in test.scores if each.is_chosen), None)
    if score is None or test.coverage is None:
        return "too short to be tried on the past: the bounds are half and twice, which is a guess"
    return (
        f"tried at {test.folds} places of the past: errors {score.rmase:.2f} times those of the "
        f"seasonal naive, {score.peaks:.2f} at daily peaks; {test.coverage:.0%} of the peaks lay "
        "below the upper bound"
    )


def _day(day: date) -> float:
    return float((day - EPOCH).days)


def _title(forecast: Forecast) -> str:
    return f"{forecast.name} of {forecast.product}: requests a second at the daily peak"


def _factor(forecast: Forecast) -> float:
    """Give what makes a counted number a rate: that of the days to come."""
    day = next((day for day in forecast.days if day.peak.mid > 0), None)
    return day.rate.mid / day.peak.mid if day else 1.0


def _line(points: Sequence[tuple[float, float]], colour: str) -> str:
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="1.2"/>'


def _grid(scale: _Scale) -> Iterator[str]:
    rough = scale.most / LINES
    size = 10.0 ** _exponent(rough)
    step = next(size * each for each in STEPS if size * each >= rough)
    level = 0.0
    while level <= scale.most:
        y = scale.y(level)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="{GRID}"/>'
        at = f'x="{LEFT - 8}" y="{y + 4:.1f}"'
        yield f'<text {at} text-anchor="end" fill="{MUTED}">{level:g}</text>'
        level = round(level + step, 9)
    every = max(1, (scale.last - scale.first).days // 300)
    month = date(scale.first.year, scale.first.month, 1)
    number = 0
    while month <= scale.last:
        if month >= scale.first and number % (every + 1) == 0:
            yield (
                f'<text x="{scale.x(month):.1f}" y="{HEIGHT - 34}" text-anchor="middle" '
                f'fill="{MUTED}">{month:%Y-%m}</text>'
            )
        number += 1
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _exponent(number: float) -> int:
    exponent = 0
    while number >= 10 ** (exponent + 1):
        exponent += 1
    while number < 10.0**exponent:
        exponent -= 1
    return exponent


def _ahead(scale: _Scale, forecast: Forecast) -> Iterator[str]:
    days = forecast.days
    if not days:
        return
    top = [(scale.x(day.day), scale.y(day.rate.high)) for day in days]
    bottom = [(scale.x(day.day), scale.y(day.rate.low)) for day in reversed(days)]
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*top, *bottom])
    yield f'<polygon points="{drawn}" fill="{BAND}"/>'
    yield _line([(scale.x(day.day), scale.y(day.rate.mid)) for day in days], BLUE)


def _events(scale: _Scale, forecast: Forecast) -> Iterator[str]:
    for each in forecast.happenings:
        if not scale.first <= each.day <= scale.last:
            continue
        x = scale.x(each.day)
        yield (
            f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" '
            f'stroke="{AMBER}" stroke-dasharray="3 3"/>'
            f'<text x="{x:.1f}" y="{TOP + 10}" text-anchor="end" fill="{AMBER}">'
            f"{escape(each.reason[:MOST_WORDS])} </text>"
        )


def _served(scale: _Scale, served: Sequence[Served]) -> Iterator[str]:
    for name, rate in served:
        y = scale.y(rate)
        yield (
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="{RED}" '
            f'stroke-width="1.2" stroke-dasharray="8 4"/>'
            f'<text x="{LEFT + 6}" y="{y - 5:.1f}" fill="{RED}">{escape(name[:80])}</text>'
        )
