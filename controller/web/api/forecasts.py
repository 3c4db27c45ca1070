"""`/api/forecasts`, `/api/capacity`: what load is to come, and how much is enough."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from controller.model.capacity import Capacity, Proposal
from controller.model.forecast import Forecast
from controller.outlook import ForecastView
from controller.web import reading
from controller.web.acting import Ask
from controller.web.api.actions import read_body
from controller.web.api.endpoints import Answered, Endpoints
from controller.web.refusals import RequestWrong
from controller.web.site import Site

KEYS = frozenset({"subject", "dry_run"})


@dataclass(frozen=True)
class ForecastTold:
    """A forecast, its numbers once it was made, and the plans that rest on it."""

    status: ForecastView
    forecast: Forecast | None
    capacities: Sequence[Capacity]


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of forecasts and of capacity plans."""

    async def forecasts(request: Request) -> Sequence[ForecastView]:
        """Give all forecasts."""
        del request
        return await site.app.outlook.forecasts()

    async def forecast(request: Request) -> ForecastTold:
        """Give one forecast, with its numbers and capacity plans."""
        name = reading.name(request, "product", "name")
        status, made = await site.app.outlook.forecast(name)
        weighed = await site.app.outlook.capacities(name)
        return ForecastTold(status, made, weighed)

    async def capacity(request: Request) -> Capacity:
        """Give a capacity plan."""
        return await site.app.outlook.capacity(reading.name(request, "product", "name"))

    return {
        "/api/forecasts": forecasts,
        "/api/forecasts/{product}/{name}": forecast,
        "/api/capacity/{product}/{name}": capacity,
    }


async def propose(site: Site, request: Request) -> Answered[Proposal]:
    """Propose the change of a capacity plan for a recognised caller.

    Raises NotRecognised, RequestWrong, and the Outlook's.
    """
    caller = site.bearer(request)
    body = await read_body(request, KEYS)
    subject = body.get("subject", "")
    Ask(caller, subject).check("propose-capacity")
    if not subject:
        raise RequestWrong.because("a proposal needs a `subject`")
    is_dry = body.get("dry_run", "") == "yes"
    made = await site.app.outlook.propose(caller, subject, dry_run=is_dry)
    return Answered(made, 201 if made.branch else 200)
