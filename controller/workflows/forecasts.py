"""Forecasts: read the series, ask the models, conclude."""

import asyncio

from controller.diagnostics.errors import ConfigurationWrong, Stalled
from controller.model.forecast import Forecast
from controller.model.series import Series
from controller.model.snapshot import Snapshot
from controller.ports.forecast_models import ForecastModels
from controller.steps.forecast import forecast as forecast_step
from controller.steps.load.series_file import read_series
from schemas.kinds.forecast import Forecast as ForecastDocument


async def make_forecast(
    document: ForecastDocument, series: Series, models: ForecastModels
) -> Forecast:
    """Give the forecast of a series; the arithmetic runs beside the loop."""
    trial = await asyncio.to_thread(forecast_step.prepare, series, document.spec)
    answers = await models.predict(trial.questions)
    return await asyncio.to_thread(forecast_step.conclude, document, trial, answers)


def series_in(snapshot: Snapshot, document: ForecastDocument) -> Series:
    """Give the series of a file of the repository. Raises Stalled when it is not one."""
    source = document.spec.source.csv
    if source is None:
        raise Stalled.because(
            f"the numbers of `{document.metadata.name}` are not in a file: only a controller "
            "asks Prometheus or a database",
            hint="`trueup describe forecast` shows what it made of them",
        )
    series, faults = read_series(source.file, snapshot.read(source.file), source)
    if series is None:
        raise ConfigurationWrong(faults)
    return series
