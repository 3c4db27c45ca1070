"""Forecasts of the head: made when the document or its numbers change, and each day."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter

from controller.diagnostics.errors import Stalled, TrueupError
from controller.model.catalog import Reference
from controller.model.forecast import Answers, Forecast, ForecastStatus, Question
from controller.model.names import Digest, SecretName
from controller.model.series import Series
from controller.ports.metric_source import RangeQuery
from controller.steps.forecast.regular import series_of
from controller.workflows import keys
from controller.workflows.forecasts import make_forecast, series_in
from controller.workflows.parts import Parts
from schemas.kinds.forecast import DatabaseSource, PrometheusSource
from schemas.kinds.forecast import Forecast as ForecastDocument
from schemas.values import read_duration

AGAIN = timedelta(days=1)
_STATUS = TypeAdapter(ForecastStatus)
_FORECAST = TypeAdapter(Forecast)


class NoModels:
    """Stands where no models but the light ones are."""

    async def predict(self, questions: Sequence[Question]) -> Answers:
        """Say that there are none."""
        del questions
        return Answers(problem="this controller has none")


def keys_of_forecasts(parts: Parts) -> list[str]:
    """Give the key of each forecast at the head."""
    head = parts.catalogs.head
    return [
        keys.forecast_key(each.product, each.metadata.name)
        for each in (head.catalog.all(ForecastDocument) if head else ())
    ]


async def status_of(parts: Parts, product: str, name: str) -> ForecastStatus:
    """Give what is known of a forecast."""
    known = await parts.world.ledger.fact(_fact(product, name))
    return _STATUS.validate_json(known) if known else ForecastStatus(product, name)


async def last_of(parts: Parts, status: ForecastStatus) -> Forecast | None:
    """Give the forecast that was made last, from where it is stored."""
    content = await parts.world.artifacts.get(status.evidence) if status.evidence else None
    return _FORECAST.validate_json(content) if content is not None else None


async def look_ahead(parts: Parts, product: str, name: str) -> datetime | None:
    """Make a forecast when it is due; gives when it is due again, None when it is gone.

    A forecast that cannot be made leaves the last one, and the reason beside it.
    """
    head = parts.catalogs.known_head()
    document = head.catalog.find(ForecastDocument, name, product)
    if document is None:
        return None
    known, now = await status_of(parts, product, name), parts.world.clock.now()
    made_from = _made_from(parts, document)
    if known.made_at is not None and known.made_from == made_from and not known.problem:
        due = known.made_at + AGAIN
        if now < due:
            return due
    try:
        series = await _series(parts, document)
        made = await make_forecast(document, series, parts.world.forecast_models or NoModels())
    except TrueupError as error:
        told = error.diagnostics[0]
        await _put(parts, replace(known, problem=told.message, hint=told.hint or ""))
        raise
    evidence = await parts.world.artifacts.put(_FORECAST.dump_json(made))
    await _put(parts, ForecastStatus(product, name, made_from, evidence, now))
    if evidence != known.evidence:
        await _tell(parts, document, made)
    return now + AGAIN


def _made_from(parts: Parts, document: ForecastDocument) -> str:
    head = parts.catalogs.known_head()
    reference = Reference("Forecast", document.product, document.metadata.name)
    found = [head.catalog.documents[reference].digest]
    source = document.spec.source.csv
    if source is not None:
        found.append(Digest(head.snapshot.files[source.file].blob))
    return hashlib.sha256(" ".join(found).encode()).hexdigest()


async def _put(parts: Parts, status: ForecastStatus) -> None:
    fact = _fact(status.product, status.name)
    await parts.world.ledger.set_fact(fact, _STATUS.dump_json(status).decode())


def _fact(product: str, name: str) -> str:
    return f"forecast/{product}/{name}"


async def _tell(parts: Parts, document: ForecastDocument, made: Forecast) -> None:
    highest = max(made.days, key=lambda day: day.rate.high, default=None)
    ahead = (
        f"; up to {highest.rate.high:,.4g} requests a second on {highest.day}" if highest else ""
    )
    await parts.recording.event(
        keys.forecast_key(document.product, document.metadata.name), "ForecastMade",
        f"{made.chosen}{ahead}",
    )  # fmt: skip


async def _series(parts: Parts, document: ForecastDocument) -> Series:
    source = document.spec.source
    if source.prometheus is not None:
        return await _measured(parts, document, source.prometheus)
    if source.database is not None:
        return await _asked(parts, document, source.database)
    return series_in(parts.catalogs.known_head().snapshot, document)


async def _measured(parts: Parts, document: ForecastDocument, source: PrometheusSource) -> Series:
    if parts.world.metric_source is None:
        raise Stalled.because("this controller asks no Prometheus", code="forecast/no-series")
    step = read_duration(source.step)
    # Whole steps of the past: one that still runs would look like a fall.
    end = parts.world.clock.now().timestamp() // step.total_seconds() * step.total_seconds()
    told = RangeQuery(
        source.address, source.query, end - source.window.total_seconds(), end,
        step.total_seconds(),
    )  # fmt: skip
    found = await parts.world.metric_source.read(told)
    if len(found) != 1:
        raise Stalled.because(
            f"the query gives {len(found)} series",
            hint="make one of them, with `sum(…)`; no series may be a name that is wrong",
            code="forecast/no-series",
        )
    # A point tells of the step before it.
    points = [(datetime.fromtimestamp(at, UTC) - step, value) for at, value in found[0]]
    return series_of(points, source.zone, is_rate=document.spec.metric == "requestRate")


async def _asked(parts: Parts, document: ForecastDocument, source: DatabaseSource) -> Series:
    if parts.world.table_query is None:
        raise Stalled.because("this controller asks no database", code="forecast/no-series")
    secret = SecretName(document.product, source.environment, source.login.secret)
    login = parts.world.secret_target.address(secret)
    rows = await parts.world.table_query.read(login, source.query)
    return series_of(rows, source.zone, is_rate=document.spec.metric == "requestRate")
