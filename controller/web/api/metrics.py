"""`/metrics`: numbers for Prometheus. Labels are bounded: nothing that grows with units is one.

Who wants a series for each unit asks for it: `/metrics?units=yes`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from controller.app import App
from controller.model.view import UnitView
from controller.web import reading
from controller.web.site import Site


class _Given(Collector):
    """Gives metrics that were made before."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """Give them."""
        yield from self._metrics


async def answer(site: Site, request: Request) -> Response:
    """Answer whoever has a token. Raises NotRecognised."""
    site.bearer(request)
    registry = CollectorRegistry()
    each_unit = reading.word(request, "units", re.compile("yes"), "yes") is not None
    registry.register(_Given(await collect(site.app, each_unit=each_unit)))
    text = generate_latest(registry) + generate_latest(REGISTRY)
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def collect(app: App, *, each_unit: bool = False) -> list[Metric]:
    """Count what there is."""
    now = app.now()
    return [
        *await _units(app, now, each_unit=each_unit),
        *await _stages(app),
        *await _queue(app, now),
        await _findings(app),
        await _requests(app),
        await _repository(app, now),
        *await _disk(app),
    ]


async def _units(app: App, now: datetime, *, each_unit: bool) -> list[Metric]:
    units = await app.units()
    conditions = GaugeMetricFamily(
        "trueup_reconcile_condition",
        "Units by condition type and status.",
        labels=("type", "status"),
    )
    counted = Counter(
        (str(condition.type), str(condition.status))
        for unit in units
        for condition in unit.conditions
    )
    for (kind, status), count in sorted(counted.items()):
        conditions.add_metric((kind, status), count)
    suspended = GaugeMetricFamily("trueup_units_suspended", "Units suspended by hand.")
    suspended.add_metric((), sum(unit.suspended for unit in units))
    drifted = GaugeMetricFamily("trueup_units_drifted", "Units that differ from what was applied.")
    drifted.add_metric((), sum(bool(unit.drift) for unit in units))
    ages = _ages(units, now)
    return [conditions, suspended, drifted, ages[0], *(ages[1:] if each_unit else ())]


def _ages(units: Sequence[UnitView], now: datetime) -> tuple[Metric, Metric]:
    """Tell how old the looks for drift are: the oldest of each environment, and each unit's."""
    oldest = GaugeMetricFamily(
        "trueup_drift_verdict_oldest_seconds",
        "Seconds since the unit that waits longest was compared with what is there.",
        labels=("environment",),
    )
    each = GaugeMetricFamily(
        "trueup_drift_verdict_age_seconds",
        "Seconds since a unit was last compared with what is there.",
        labels=("unit",),
    )
    found: dict[str, float] = {}
    for unit in units:
        if unit.drift_looked_at is not None:
            age = (now - unit.drift_looked_at).total_seconds()
            each.add_metric((unit.name,), age)
            found[unit.environment] = max(age, found.get(unit.environment, age))
    for environment, age in sorted(found.items()):
        oldest.add_metric((environment,), age)
    return oldest, each


async def _stages(app: App) -> list[Metric]:
    stages = await app.stages()
    health = GaugeMetricFamily("trueup_stage_health", "Stages by health.", labels=("health",))
    for word, count in sorted(Counter(stage.health for stage in stages).items()):
        health.add_metric((word,), count)
    waiting = GaugeMetricFamily("trueup_approvals_wanted", "Stages that wait for an approval.")
    waiting.add_metric((), sum(stage.approval_wanted for stage in stages))
    return [health, waiting]


async def _queue(app: App, now: datetime) -> list[Metric]:
    depth = GaugeMetricFamily(
        "trueup_queue_depth", "Keys of the dispatcher by lane and state.", labels=("lane", "state")
    )
    oldest = GaugeMetricFamily(
        "trueup_queue_oldest_seconds", "How long the longest waiting key is due.", labels=("lane",)
    )
    counted: Counter[tuple[str, str]] = Counter()
    ages: dict[str, float] = {}
    for wakeup in await app.queue():
        lane = wakeup.key.partition(":")[0]
        overdue = (now - wakeup.due).total_seconds()
        if wakeup.working_since is not None:
            counted[lane, "working"] += 1
        elif overdue >= 0:
            counted[lane, "due"] += 1
            ages[lane] = max(overdue, ages.get(lane, 0.0))
        else:
            counted[lane, "planned"] += 1
    for labels, count in sorted(counted.items()):
        depth.add_metric(labels, count)
    for lane, age in sorted(ages.items()):
        oldest.add_metric((lane,), age)
    return [depth, oldest]


async def _requests(app: App) -> Metric:
    found = GaugeMetricFamily(
        "trueup_credential_requests",
        "Requests for secrets and credentials that are not over, by phase.",
        labels=("phase",),
    )
    counted = Counter(one.phase for one in await app.requests.all(is_open=True))
    for phase, count in sorted(counted.items()):
        found.add_metric((phase,), count)
    return found


async def _findings(app: App) -> Metric:
    findings = GaugeMetricFamily("trueup_findings", "Findings by severity.", labels=("severity",))
    for severity, count in sorted(Counter(f.severity for f in await app.findings()).items()):
        findings.add_metric((severity,), count)
    return findings


async def _repository(app: App, now: datetime) -> Metric:
    age = GaugeMetricFamily(
        "trueup_repository_age_seconds", "Seconds since the repository was last reached."
    )
    fetched_at = (await app.overview()).fetched_at
    if fetched_at:
        age.add_metric((), (now - datetime.fromisoformat(fetched_at)).total_seconds())
    return age


async def _disk(app: App) -> list[Metric]:
    """Tell what uses the disk, as the last clean-up saw it, and what that took away."""
    used = GaugeMetricFamily(
        "trueup_disk_used_bytes", "Bytes below the data folder, as of once a day.", labels=("name",)
    )
    gone = GaugeMetricFamily(
        "trueup_cleaned_up", "Things that the last clean-up took away.", labels=("kind",)
    )
    cleaning = await app.keeping.last()
    if cleaning is not None:
        for name, size in cleaning.disk.items():
            used.add_metric((name,), size)
        for kind, amount in cleaning.gone.items():
            gone.add_metric((kind,), amount.count)
    return [used, gone]
