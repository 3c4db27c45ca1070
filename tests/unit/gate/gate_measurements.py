"""Measurements for the tests of the gate; latencies go through the generator's own recorder."""

from dataclasses import replace
from functools import cache

from controller.adapters.load_generator.recording import Recorder
from controller.model.measurement import EndpointStatistics, Measurement
from controller.model.names import Digest

RELEASE = Digest("sha256:" + "a" * 64)
USERS, RATE, SECONDS = 8, 40.0, 10.0


def statistics(found):
    return EndpointStatistics(
        **{k: found[k] for k in ("requests", "failures", "raw", "corrected", "omitted")}
    )


def measured(latency, *, fails=lambda number: False, seconds=SECONDS, rate=RATE, freeze=None):
    """Simulate closed users: `latency(number)` in seconds; a freeze is `(from, until)`."""
    interval = USERS / rate
    recorder = Recorder(interval)
    recorder.open_window(0.0, seconds)
    number = 0
    for user in range(USERS):
        at = user * interval / USERS
        while at < seconds:
            took = latency(number)
            if freeze and freeze[0] <= at < freeze[1]:
                took += freeze[1] - at
            error = "GET /x: 500" if fails(number) else None
            recorder.request("GET /products", at, at + took, error)
            at += max(interval, took)
            number += 1
    result = recorder.result()
    total = statistics(result["total"])
    return Measurement(
        load_test="shop-load",
        target="http://127.0.0.1:1",
        started_at=0.0,
        seconds=seconds,
        offered_rate=rate,
        achieved_rate=total.requests / seconds,
        generator_cpu=0.1,
        total=total,
        endpoints={k: statistics(v) for k, v in result["endpoints"].items()},
        errors=tuple(tuple(e) for e in result["errors"]),
    )


@cache
def healthy(seconds=0.02):
    return measured(lambda number: seconds)


def with_total(measurement, **changes):
    return replace(measurement, total=replace(measurement.total, **changes))
