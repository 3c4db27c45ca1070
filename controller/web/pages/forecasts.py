"""`/forecasts`: what load is to come."""

from starlette.requests import Request
from starlette.responses import Response

from controller.model.forecast import DayForecast
from controller.model.forecast_chart import chart
from controller.permission import NotFound
from controller.web import reading
from controller.web.contexts import ForecastPage, ForecastsPage
from controller.web.pages.framing import frame
from controller.web.rendering import render
from controller.web.site import Site

SHOWN_CANDIDATES = 8


async def table(site: Site, request: Request) -> Response:
    """Show all forecasts."""
    found = await site.app.outlook.forecasts()
    return render("forecasts.html", ForecastsPage(frame(site, request, "Forecasts"), found))


async def page(site: Site, request: Request) -> Response:
    """Show one forecast with its picture, its reasons and the plans on it. Raises NotFound."""
    name = reading.name(request, "product", "name")
    status, made = await site.app.outlook.forecast(name)
    months: dict[str, DayForecast] = {}
    for day in made.days if made else ():
        month = f"{day.day:%Y-%m}"
        if month not in months or day.rate.high > months[month].rate.high:
            months[month] = day
    context = ForecastPage(
        frame=frame(site, request, name),
        status=status,
        made=made,
        months=tuple(months.values()),
        candidates=made.backtest.scores[:SHOWN_CANDIDATES] if made else (),
        capacities=await site.app.outlook.capacities(name),
    )
    return render("forecast.html", context)


async def picture(site: Site, request: Request) -> Response:
    """Give the picture of a forecast. Raises NotFound."""
    name = reading.name(request, "product", "name")
    _, made = await site.app.outlook.forecast(name)
    if made is None:
        raise NotFound.because(f"the forecast `{name}` was not made yet")
    served = [
        (f"{plan.input} {each.value}", each.serves.mid)
        for plan in await site.app.outlook.capacities(name)
        for each in plan.choices
        if each.value == plan.present or each.is_chosen
    ]
    return Response(chart(made, served), media_type="image/svg+xml")
