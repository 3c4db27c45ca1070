"""Forecasts of a folder: without a controller, from the files in it or from Prometheus."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.adapters.forecast_models.memory import MemoryModels
from controller.adapters.forecast_models.statistics import StatisticsModels
from controller.adapters.git.folder import snapshot as folder_snapshot
from controller.adapters.painter.child import ChildPainter
from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.errors import ConfigurationWrong, Stalled
from controller.model import forecast_chart
from controller.model.capacity import Capacity
from controller.model.catalog import Catalog, M
from controller.model.forecast import Forecast
from controller.ports.forecast_models import ForecastModels
from controller.wiring import offline
from controller.workflows.capacity import weigh
from controller.workflows.forecasts import make_forecast, series_in
from schemas.kinds.capacity_plan import CapacityPlan
from schemas.kinds.forecast import Forecast as ForecastDocument

LIGHT = "`--light` was given"


def forecast(path: Path, name: str, *, product: str | None = None, light: bool = False) -> Forecast:
    """Make a forecast that a folder describes. Raises ConfigurationWrong, Stalled."""
    catalog = offline.validate(path)
    document = _find(catalog, ForecastDocument, name, product)
    return _made(path, document, light=light)


def picture(made: Forecast, file: Path) -> None:
    """Draw a forecast into a file: PNG where it is called so, else SVG."""
    if file.suffix.lower() != ".png":
        file.write_text(forecast_chart.chart(made), encoding="utf-8")
        return
    with TemporaryDirectory() as folder:
        painter = ChildPainter(Path(folder))
        (drawn,) = asyncio.run(painter.paint([forecast_chart.values(made)]))
    file.write_bytes(drawn.png)


def capacity(path: Path, name: str, *, product: str | None = None, light: bool = False) -> Capacity:
    """Weigh a capacity plan that a folder describes. Raises ConfigurationWrong, Stalled."""
    catalog = offline.validate(path)
    plan = _find(catalog, CapacityPlan, name, product)
    document = _find(catalog, ForecastDocument, plan.spec.forecast, plan.product)
    return weigh(plan, catalog, _made(path, document, light=light))


def _made(path: Path, document: ForecastDocument, *, light: bool) -> Forecast:
    models: ForecastModels = MemoryModels(LIGHT) if light else StatisticsModels()
    series = series_in(folder_snapshot(path), document)
    return asyncio.run(make_forecast(document, series, models))


def _find(catalog: Catalog, kind: type[M], name: str, product: str | None) -> M:
    """Give the one that is meant; what else is wrong in the folder does not matter."""
    word = kind.__name__
    found = [
        each
        for each in catalog.all(kind)
        if each.metadata.name == name and product in {None, each.product}
    ]
    if len(found) == 1:
        return found[0]
    if found:
        products = ", ".join(f"`{each.product}`" for each in found)
        raise Stalled.because(
            f"several products have a {word} `{name}`: {products}",
            hint="name one with `--product`",
        )
    wrong: list[Diagnostic] = []
    for reference, why in catalog.broken.items():
        if reference.kind == word and reference.name == name:
            wrong.extend(why)
    if wrong:
        raise ConfigurationWrong(tuple(wrong))
    known = sorted({each.metadata.name for each in catalog.all(kind)})
    raise Stalled.because(
        f"there is no {word} `{name}` here",
        hint=f"there are {', '.join(f'`{each}`' for each in known)}" if known
        else f"add a document of the kind {word}",
    )  # fmt: skip
