"""Forecast → steps of load."""

from datetime import date

from controller.diagnostics.errors import Stalled
from controller.model.capacity import Stages
from controller.model.forecast import Band, Forecast
from schemas.kinds.load_profile import LoadProfileSpec


def stages(forecast: Forecast, spec: LoadProfileSpec, today: date) -> Stages:
    """Give the steps: from today's peak up to the highest to come, and beyond it.

    Raises Stalled when the forecast says nothing of that time.
    """
    days = [day for day in forecast.days if today <= day.day <= today + spec.within]
    if not days:
        raise Stalled.because(
            f"the forecast `{forecast.name}` says nothing of the {spec.within.days} days from "
            f"{today} on",
            hint="bring newer numbers, or a longer `horizon`",
            code="forecast/too-old",
        )
    peak = max(_number(day.rate, spec.band) for day in days) * spec.share
    begin = min(forecast.today.mid * spec.share, peak)
    seconds = spec.ramp.total_seconds() / spec.steps
    found = [(begin + (peak - begin) * step / spec.steps, seconds) for step in range(spec.steps)]
    found.append((peak, spec.hold.total_seconds()))
    if spec.headroom > 1 and spec.beyond:
        found.append((peak * spec.headroom, spec.beyond.total_seconds()))
    return tuple((round(rate, 3), round(length, 3)) for rate, length in found)


def _number(band: Band, which: str) -> float:
    return {"low": band.low, "mid": band.mid, "high": band.high}[which]
