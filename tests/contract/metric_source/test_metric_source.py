"""Every source of numbers keeps the port's promises; the real one asks a real HTTP server.

The server speaks the part of Prometheus's HTTP API that is used; no Prometheus is needed.
"""

import contextlib
import json
import math
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from controller.adapters.metric_source.memory import MemoryMetricSource
from controller.adapters.metric_source.prometheus import PrometheusMetricSource
from controller.diagnostics.errors import Stalled, Transient
from controller.ports.metric_source import RangeQuery

ONE = (tuple((100.0 + n, float(n)) for n in range(5)),)
KNOWN = {
    "one": ONE,
    "two": ONE * 2,
    "none": (),
    "nan": (((100.0, math.nan), (101.0, 2.0)),),
}


def as_text(number):
    return "NaN" if math.isnan(number) else repr(number)


ODD: dict[str, tuple[int, bytes]] = {}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        told = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        query = told["query"][0] if self.path == "/api/v1/query_range" else ""
        start, end = float(told["start"][0]), float(told["end"][0])
        if query in KNOWN:
            series = [
                {"metric": {}, "values": [[at, as_text(n)] for at, n in one if start <= at <= end]}
                for one in KNOWN[query]
            ]
            body = {"status": "success", "data": {"resultType": "matrix", "result": series}}
            status, content = 200, json.dumps(body).encode()
        else:
            refused = json.dumps({"status": "error", "error": "parse error"}).encode()
            status, content = ODD.get(query, (400, refused))
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture(params=["memory", "prometheus"])
def source(request):
    if request.param == "memory":
        return MemoryMetricSource(KNOWN)
    return PrometheusMetricSource(pause=0.01)


def query(url, text, start=100.0, end=110.0):
    return RangeQuery(url, text, start, end, 1.0)


async def test_series_come_with_their_points_in_order(source, server):
    assert await source.read(query(server, "one")) == ONE
    assert len(await source.read(query(server, "two"))) == 2
    assert await source.read(query(server, "none")) == ()


async def test_only_the_asked_stretch_of_time_is_given(source, server):
    (series,) = await source.read(query(server, "one", 101.0, 103.0))
    assert [at for at, _ in series] == [101.0, 102.0, 103.0]


async def test_what_is_not_a_number_is_given_as_it_is(source, server):
    ((first, second),) = await source.read(query(server, "nan"))
    assert math.isnan(first[1])
    assert second == (101.0, 2.0)


async def test_a_refused_query_stalls(source, server):
    with pytest.raises(Stalled):
        await source.read(query(server, "sum("))


PROMETHEUS = PrometheusMetricSource(pause=0.01)


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (500, b"broken", Transient),
        (503, b"", Transient),
        (302, b"", Stalled),
        (200, b"<html>", Stalled),
        (200, b"[]", Stalled),
        (200, b'{"status": "success", "data": {"resultType": "vector", "result": []}}', Stalled),
        (200, b'{"status": "success", "data": {"resultType": "matrix", "result": [1]}}', Stalled),
        (200, b" " * 5_000_000, Stalled),
    ],
)
async def test_an_answer_that_is_none_is_no_number(server, status, content, error):
    ODD["odd"] = (status, content)
    with pytest.raises(error):
        await PROMETHEUS.read(query(server, "odd"))


async def test_nobody_there_is_transient_and_elsewhere_is_not_asked():
    with pytest.raises(Transient):
        await PROMETHEUS.read(query("http://127.0.0.1:9", "one"))
    for url in ("http://example.com", "file:///etc", "", "http://[::", "http://127.0.0.1.example"):
        with pytest.raises(Stalled):
            await PROMETHEUS.read(query(url, "one"))
