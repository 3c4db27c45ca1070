"""Forecasts of a folder: without a controller, from the files in it or from Prometheus."""

import asyncio
from pathlib import Path

from controller.adapters.forecast_models.memory import MemoryModels
from controller.adapters.forecast_models.statistics import StatisticsModels
from controller.adapters.git.folder import snapshot as folder_snapshot
from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.errors import ConfigurationWrong, Stalled
from controller.model.catalog import Catalog
from controller.model.forecast import Forecast
from controller.ports.forecast_models import ForecastModels
from controller.wiring import offline
from controller.workflows.forecasts import make_forecast, series_in
from schemas.kinds.forecast import Forecast as ForecastDocument

LIGHT = "`--light` was given"


def forecast(path: Path, name: str, *, product: str | None = None, light: bool = False) -> Forecast:
    """Make a forecast that a folder describes. Raises ConfigurationWrong, Stalled."""
    snapshot = folder_snapshot(path)
    catalog = offline.validate(path)
    document = _find(catalog, name, product)
    series = series_in(snapshot, document)
    models: ForecastModels = MemoryModels(LIGHT) if light else StatisticsModels()
    return asyncio.run(make_forecast(document, series, models))


def _find(catalog: Catalog, name: str, product: str | None) -> ForecastDocument:
    """Give the one that is meant; what else is wrong in the folder does not matter."""
    found = [
        each
        for each in catalog.all(ForecastDocument)
        if each.metadata.name == name and product in {None, each.product}
    ]
    if len(found) == 1:
        return found[0]
    if found:
        products = ", ".join(f"`{each.product}`" for each in found)
        raise Stalled.because(
            f"several products have a forecast `{name}`: {products}",
            hint="name one with `--product`",
        )
    wrong: list[Diagnostic] = []
    for reference, why in catalog.broken.items():
        if reference.kind == "Forecast" and reference.name == name:
            wrong.extend(why)
    if wrong:
        raise ConfigurationWrong(tuple(wrong))
    known = sorted({each.metadata.name for each in catalog.all(ForecastDocument)})
    raise Stalled.because(
        f"there is no forecast `{name}` here",
        hint=f"there are {', '.join(f'`{each}`' for each in known)}" if known
        else "add a document of the kind Forecast",
    )  # fmt: skip
