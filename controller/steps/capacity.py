"""Forecast, law and choices → which is the cheapest that is enough, and until when."""

from collections.abc import Sequence
from datetime import date

from controller.model.capacity import (
    Capacity,
    ChoiceOutlook,
    Headroom,
    ScalabilityFit,
    Until,
)
from controller.model.forecast import Band, DayForecast, Forecast
from schemas.kinds.capacity_plan import CapacityPlan


def headroom(forecast: Forecast, rate: float) -> Headroom:
    """Tell how far a rate that was served is from today's peak, and when it is reached."""
    times = rate / forecast.today.mid if forecast.today.mid > 0 else float("inf")
    ends = forecast.days[-1].day if forecast.days else None
    # Each day is told in requests, in users at once and as it is counted, by the same factors.
    day = next((day for day in forecast.days if day.rate.mid > 0), None)
    part = rate / day.rate.mid if day else 0.0
    return Headroom(
        rate, times, _until(forecast.days, Band(rate, rate, rate)), ends, forecast.name,
        day.concurrency.mid * part if day else None, day.peak.mid * part if day else None,
        forecast.metric, forecast.every, forecast.assumptions,
    )  # fmt: skip


def capacity(
    plan: CapacityPlan,
    forecast: Forecast,
    fit: ScalabilityFit,
    present: int | str | None,
    today: date,
) -> Capacity:
    """Choose. Nothing is chosen when no choice is enough: that is said."""
    spec = plan.spec
    ahead = [day for day in forecast.days if day.day >= today]
    counted = [day for day in ahead if day.day <= today + spec.lasts]
    needed = max((_number(day.rate, spec.band) for day in counted), default=0.0)
    outlooks = []
    for choice in spec.choices:
        scale = choice.units / (1 + spec.contention * max(0.0, choice.units - 1))
        serves = fit.most.times(scale * (1 - spec.headroom))
        is_enough = bool(counted) and serves.low >= needed
        outlooks.append(
            ChoiceOutlook(choice.value, choice.price, serves, _until(ahead, serves), is_enough)
        )
    enough = [each for each in outlooks if each.is_enough]
    chosen = min(enough, key=lambda each: (each.price, each.serves.mid)).value if enough else None
    return Capacity(
        name=plan.metadata.name,
        product=plan.product,
        stack=spec.stack,
        environment=spec.environment,
        input=spec.input,
        present=present,
        chosen=chosen,
        needed=needed,
        fit=fit,
        choices=tuple(
            ChoiceOutlook(
                each.value, each.price, each.serves, each.until, each.is_enough,
                each.is_enough and each.value == chosen,
            )
            for each in outlooks
        ),
        notes=tuple(_notes(plan, fit, counted, chosen)),
    )  # fmt: skip


def _notes(
    plan: CapacityPlan,
    fit: ScalabilityFit,
    counted: Sequence[DayForecast],
    chosen: int | str | None,
) -> list[str]:
    notes = list(fit.notes)
    if not counted:
        notes.append("the forecast says nothing of the time that counts: nothing is chosen")
    elif chosen is None:
        notes.append("no choice is enough: add a larger one")
    if any(choice.units != 1 for choice in plan.spec.choices):
        notes.append(
            f"several were not measured: each more is taken to lose {plan.spec.contention:.0%} to "
            "what all share (`contention`)"
        )
    return notes


def _number(band: Band, which: str) -> float:
    return {"low": band.low, "mid": band.mid, "high": band.high}[which]


def _until(days: Sequence[DayForecast], serves: Band) -> Until:
    """Give the first day on which more is needed than is served."""
    return Until(
        mid=next((day.day for day in days if day.rate.mid > serves.mid), None),
        earliest=next((day.day for day in days if day.rate.high > serves.low), None),
        latest=next((day.day for day in days if day.rate.low > serves.high), None),
    )
