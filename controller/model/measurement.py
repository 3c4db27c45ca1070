"""What a load test measured, and what the gate says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from controller.model.names import Digest


@dataclass(frozen=True)
class EndpointStatistics:
    """Latencies of one endpoint in milliseconds; percentiles corrected for coordinated omission."""

    requests: int
    failures: int
    raw: Mapping[str, float]
    """Percentiles as the generator saw them: `p50`, `p90`, `p95`, `p99`, `max`."""
    corrected: Mapping[str, float]
    histogram: str = ""
    """HdrHistogram V2 of the corrected latencies in microseconds, base64."""
    omitted: int = 0
    """Requests that were not made because a user still waited; the correction added them."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What somebody else, as Prometheus, measured in the steady part of a run."""

    name: str
    value: float | None
    """None: it is not known."""
    problem: str = ""
    """Why it is not known."""


@dataclass(frozen=True, slots=True)
class Part:
    """An equal part of the steady time: requests that were to begin in it, and that did."""

    wanted: float
    made: int


@dataclass(frozen=True, slots=True)
class WorkerShare:
    """What one of several generator processes did."""

    machine: str
    wanted: float
    """Requests that it was to make in the steady part."""
    made: int
    """With those that were omitted while the service held it up."""
    cpu: float
    """Share of one core."""
    lag: float
    """95th percentile of how late its event loop was, in milliseconds."""


@dataclass(frozen=True)
class Measurement:
    """One run of a load test; `total` and each endpoint, and what makes it valid."""

    load_test: str
    target: str
    started_at: float
    """Seconds since the epoch."""
    seconds: float
    """Length of the steady part."""
    offered_rate: float
    """Requests a second that the test wanted to make."""
    achieved_rate: float
    generator_cpu: float
    """Share of one core that the busiest generator process used, 0 to 1."""
    total: EndpointStatistics
    endpoints: Mapping[str, EndpointStatistics]
    series: tuple[tuple[float, float, float, float], ...] = ()
    """Per second: seconds since start, requests, failures, p95 in milliseconds."""
    errors: tuple[tuple[str, int], ...] = ()
    generator: Mapping[str, str] = field(default_factory=dict)
    """What ran: locust version, machine, cores."""
    generator_lag: float = 0.0
    """95th percentile of how late the generator's own event loop was, in milliseconds."""
    generator_lags: Mapping[str, float] = field(default_factory=dict)
    """All percentiles of how late it was, over the time: one long stop is many instants."""
    stood_still: float = 0.0
    """The longest time that a generator process did nothing, in milliseconds."""
    machine_waited: float | None = None
    """Share of the time in which something on its machine was ready to run and had no processor."""
    machine_stolen: float | None = None
    """Share of its machine's processors that the host of a virtual machine gave to others."""
    observations: tuple[Observation, ...] = ()
    load: str = ""
    """What was asked for, as a digest: the script, the users, the rate, the times."""
    ended_early: str = ""
    """Why the run was ended before its time; empty when it was not."""
    parts: tuple[Part, ...] = ()
    """Of the steady time, one after the other; empty where nobody counted."""
    workers: tuple[WorkerShare, ...] = ()
    """Where several processes shared the load."""
    invalid: str = ""
    """Why the run proves nothing, where whoever made it knows: a worker was lost; else empty."""

    def lag(self, measure: str) -> float:
        """Give how late the generator was at a percentile of latencies."""
        return self.generator_lags.get(measure, self.generator_lag)

    @property
    def runner_class(self) -> str:
        """What the generator ran on; only numbers of the same class are compared."""
        parts = ("locust", "system", "processor", "cores", "workers")
        return ", ".join(f"{part} {self.generator.get(part, '?')}" for part in parts)


class GateRuling(StrEnum):
    """The five answers of a gate; only pass, and an allowed warn, let a release through."""

    PASS = "pass"  # noqa: S105 - an answer, not a password
    WARN = "warn"
    FAIL = "fail"
    INVALID = "invalid"
    UNKNOWN = "unknown"

    @property
    def lets_through(self) -> bool:
        """Whether a release may go on with this answer."""
        return self in {GateRuling.PASS, GateRuling.WARN}


@dataclass(frozen=True, slots=True)
class ObjectiveResult:
    """One objective, what it wanted, and what was measured."""

    measure: str
    wanted: str
    measured: float | None
    ruling: GateRuling
    reason: str
    baseline: float | None = None
    """The mean of the baseline's runs that were compared with, where there is one."""
    weight: float = 1.0
    key: bool = False
    detectable: float | None = None
    """From which change on, as a share of the baseline, 95 of 100 such gates would have blocked."""
    noise_decides: bool = False
    """Whether that is more than twice what the limit allows, so that noise decides and not it."""


_ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EarlierAnswer:
    """What a gate had said of the same release before it was asked once more."""

    ruling: GateRuling
    because: str
    by: str = ""
    """Who asked for it again; empty when it asked itself, as an answer proved nothing."""
    times: int = 1
    """How often in a row."""

    def told(self) -> str:
        """Say who asked again, and after what."""
        return f"{self.by} asked for it again after {self.ruling}: {self.because}"


@dataclass(frozen=True)
class GateResult:
    """The answer of one gate for one release in one stage."""

    gate: str
    release: Digest
    ruling: GateRuling
    reasons: tuple[str, ...]
    objectives: tuple[ObjectiveResult, ...] = ()
    evidence: Digest | None = None
    """The stored measurement; of several runs, the last one."""
    measurements: tuple[Digest, ...] = ()
    """The stored measurements of all runs that the answer rests on."""
    baseline: tuple[Digest, ...] = ()
    """The stored measurements that they were compared with."""
    score: float | None = None
    """Of a hundred, where a score decides."""
    warnings: tuple[str, ...] = ()
    """What somebody should look at, though it does not decide."""
    report: Digest | None = None
    """The stored page that shows all of it."""
    judged: Digest | None = None
    """How the runs were judged, as it is stored; None: an earlier version did not keep that."""
    earlier: tuple[EarlierAnswer, ...] = ()
    """What it had said of this release before, the oldest first."""
    asks: int = 0
    """How often a person had asked for it again."""

    def told_earlier(self) -> str:
        """Say the how manyeth answer this is, and which were before; empty for the first one."""
        if not self.earlier:
            return ""
        number = 1 + sum(each.times for each in self.earlier)
        place = _ORDINALS[number - 1] if number <= len(_ORDINALS) else f"{number}th"
        before = ", ".join(
            f"{each.ruling}, {each.times} times" if each.times > 1 else str(each.ruling)
            for each in self.earlier
        )
        return f"the {place} answer for this release; before it: {before}"
