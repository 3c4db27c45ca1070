"""Every load generator keeps the port's promises; the real one runs against a real server."""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from controller.adapters.load_generator.locust import LocustLoadGenerator
from controller.adapters.load_generator.memory import MemoryLoadGenerator
from controller.diagnostics.errors import Stalled, Transient
from controller.model.measurement import EndpointStatistics, Measurement
from controller.ports.load_generator import LoadOrder
from tests.contract.load_generator.target_server import running

SCRIPT = b"""
from locust import FastHttpUser, constant_throughput, task
import os

class Visitor(FastHttpUser):
    wait_time = constant_throughput(float(os.environ["TRUEUP_LOAD_RATE_PER_USER"]))

    @task
    def look(self):
        self.client.get("/")
"""
pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]


def order(url="http://127.0.0.1:9", **changes):
    fields = {"users": 4, "rate": 40.0, "warm_up": 0.5, "steady": 1.5}
    return LoadOrder("shop-load", SCRIPT, url, **{**fields, **changes})


def remembered(requests=60):
    latencies = dict.fromkeys(("p50", "p90", "p95", "p99", "max"), 2.0) if requests else {}
    total = EndpointStatistics(requests, 0, latencies, latencies)
    return Measurement(
        load_test="shop-load",
        target="",
        started_at=1.0,
        seconds=1.5,
        offered_rate=40.0,
        achieved_rate=requests / 1.5,
        generator_cpu=0.1,
        total=total,
        endpoints={"GET /": total} if requests else {},
        series=((1.0, 40.0, 0.0, 2.0), (2.0, 40.0, 0.0, 2.0)),
    )


@pytest.fixture(params=["memory", "locust"])
def generator(request):
    """A generator whose next answer is a good run, or the reason why there is none."""
    real = request.param == "locust"

    def make(answer):
        return LocustLoadGenerator(end_grace=1.0) if real else MemoryLoadGenerator([answer])

    return make


def children():
    found = psutil.Process().children(recursive=True)
    return [p for p in found if any("locust_runner" in word for word in cmdline(p))]


def cmdline(process):
    try:
        return process.cmdline()
    except psutil.Error:
        return []


async def met(target):
    async with asyncio.timeout(120):
        while target.requests < 5:  # noqa: ASYNC110 - the target counts, and tells nobody
            await asyncio.sleep(0.1)


async def test_a_run_gives_a_measurement_and_tells_how_it_goes(generator):
    seen = []
    async with running() as target:
        measurement = await generator(remembered()).run(order(target.url), on_progress=seen.append)
    assert measurement.total.requests == measurement.endpoints["GET /"].requests
    assert measurement.total.requests == pytest.approx(60, abs=4)
    assert measurement.total.failures == 0
    assert measurement.offered_rate == 40.0
    assert measurement.achieved_rate == pytest.approx(40, rel=0.05)
    assert 0 < measurement.total.corrected["p50"] <= measurement.total.corrected["max"]
    assert measurement.generator_cpu < 0.9
    assert [round(told.seconds) for told in seen][:2] == [1, 2]
    assert seen[1].rate == pytest.approx(40, rel=0.2)
    assert 0 < seen[1].p50 <= seen[1].p95 <= seen[1].p99
    assert len(measurement.series) == len(seen)
    assert not children()


async def test_no_request_is_a_measurement_of_nothing(generator):
    lazy = SCRIPT.replace(b'self.client.get("/")', b"pass")
    measurement = await generator(remembered(requests=0)).run(replace(order(), script=lazy))
    assert measurement.total.requests == 0
    assert measurement.total.corrected == {}
    assert measurement.achieved_rate == 0.0


async def test_a_script_that_cannot_be_imported_stalls_with_its_error(generator):
    broken = replace(order(), script=b"import locust\nlocust.no_such_thing\n")
    stalled = Stalled.because("module 'locust' has no attribute 'no_such_thing'")
    with pytest.raises(Stalled, match="has no attribute 'no_such_thing'"):
        await generator(stalled).run(broken)


async def test_a_generator_that_breaks_off_is_transient(generator):
    dying = SCRIPT.replace(b'self.client.get("/")', b'os.write(2, b"oh no"); os._exit(7)')
    with pytest.raises(Transient, match="oh no"):
        await generator(Transient.because("oh no")).run(replace(order(), script=dying))


LOCUST = LocustLoadGenerator(end_grace=1.0)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (b"this is no python", "SyntaxError"),
        (b"raise SystemExit(3)", "SystemExit"),
        (b"import locust", "no user class"),
        (b"import no_such_module_at_all", "no_such_module_at_all"),
        (
            SCRIPT + b"    def on_start(self): pass\n"
            b"    def __init__(self, e): raise ValueError('spoilt')",
            "ValueError: spoilt",
        ),
        (SCRIPT + b"    def on_start(self): raise SystemExit(3)", r"SystemExit\(3\)"),
        (
            SCRIPT
            + b"from locust import LoadTestShape\nclass Waves(LoadTestShape):\n    tick = None\n",
            "the LoadTestShape `Waves`",
        ),
        (
            SCRIPT + b"from locust import events\n@events.init_command_line_parser.add_listener\n"
            b"def _(parser): parser.add_argument('--colour', required=True)",
            "required: --colour",
        ),
    ],
)
async def test_a_script_that_cannot_be_used_says_why(script, said):
    with pytest.raises(Stalled, match=said):
        await LOCUST.run(replace(order(), script=script))


@pytest.mark.parametrize(
    "changes",
    [
        {"users": 0},
        {"rate": 0.0},
        {"steady": 0.0},
        {"warm_up": -1.0},
        {"environment": {"A=B": "c"}},
        {"environment": {"A": "c\0"}},
    ],
)
async def test_an_order_that_cannot_be_run_is_refused_at_once(changes):
    with pytest.raises(Stalled):
        await LOCUST.run(order(**changes))


@pytest.mark.parametrize(
    "url", ["http://example.com", "http://127.0.0.1.example.com", "file:///etc", "", "http://[::"]
)
async def test_a_target_elsewhere_is_refused(url):
    with pytest.raises(Stalled, match="is not this machine"):
        await LOCUST.run(order(url))


async def test_a_freeze_shows_in_the_corrected_percentiles_only():
    """The server freezes for 2 s in every 5 s: users wait, and make few requests meanwhile."""
    async with running(frozen=2.0) as target:
        measurement = await LOCUST.run(order(target.url, users=10, rate=100.0, steady=5.0))
    raw, corrected = measurement.total.raw, measurement.total.corrected
    print(f"p95 raw {raw['p95']} ms, corrected {corrected['p95']} ms")
    assert raw["p95"] < corrected["p95"] / 4
    assert corrected["p95"] > 1000
    held_up = measurement.total.requests + measurement.total.omitted
    assert held_up == pytest.approx(500, rel=0.1)


async def test_a_target_that_hangs_is_seen_though_no_request_ends():
    async with running(delay=60.0) as target:
        measurement = await LOCUST.run(order(target.url, rate=20.0))
    assert measurement.total.failures == measurement.total.requests == 4
    assert measurement.total.corrected["p95"] > 3000
    assert measurement.errors[0][0].startswith("no answer within")


async def test_errors_are_counted_with_their_texts():
    async with running(fails_every=4) as target:
        measurement = await LOCUST.run(order(target.url))
    assert measurement.total.failures == pytest.approx(15, abs=2)
    assert measurement.errors[0][1] == measurement.total.failures
    assert "500" in measurement.errors[0][0]


async def test_connections_that_break_are_not_tried_again_in_secret():
    async with running(resets_every=4) as target:
        measurement = await LOCUST.run(order(target.url))
    assert measurement.total.failures == pytest.approx(15, abs=2)


async def test_a_target_that_is_not_there_is_all_failures():
    measurement = await LOCUST.run(order())
    assert measurement.total.failures == measurement.total.requests > 50


async def test_exceptions_of_the_script_count_as_failures():
    wrong = SCRIPT + b"        raise KeyError('colour')\n"
    async with running() as target:
        measurement = await LOCUST.run(replace(order(target.url), script=wrong))
    assert measurement.total.failures >= 50
    assert "KeyError: 'colour'" in measurement.errors[0][0]


MANY_WAYS = b"""
import gevent
from locust import FastHttpUser, SequentialTaskSet, TaskSet, between, events, tag, task

@events.init_command_line_parser.add_listener
def _(parser):
    parser.add_argument("--path", default="/", env_var="PATH_OF_MINE")

@events.test_start.add_listener
def _(environment, **_kwargs):
    environment.path = environment.parsed_options.path

@events.request.add_listener
def _(exception, **_kwargs):
    if exception:
        raise RuntimeError("it hides what failed")

class Steps(SequentialTaskSet):
    wait_time = between(9, 10)

    @tag("mine")
    @task
    def first(self):
        gevent.spawn(self.client.get, self.user.environment.path).join()

    @tag("mine")
    @task
    class Inner(TaskSet):
        @task
        def second(self):
            events.request.fire(request_type="grpc", name="second", response_time=3.0,
                                response_length=0, exception=ValueError("odd"), context={})
            self.interrupt()

    @task
    def left_out(self):
        self.client.get("/left-out")

class Visitor(FastHttpUser):
    tasks = [Steps]
"""


async def test_a_script_may_do_what_locust_lets_it_do():
    """Listeners, options, tags, greenlets, events, nested tasks; the pace is that of arrivals."""
    wanted = {"PATH_OF_MINE": "/mine", "LOCUST_TAGS": "mine"}
    async with running() as target:
        found = await LOCUST.run(
            replace(order(target.url, is_open=True, environment=wanted), script=MANY_WAYS)
        )
    assert set(found.endpoints) == {"GET /mine", "grpc second"}
    assert found.endpoints["GET /mine"].requests == pytest.approx(60, abs=4)
    assert found.total.failures == found.endpoints["grpc second"].requests > 20
    assert "it hides what failed" in found.invalid


async def test_users_that_name_no_pace_keep_the_wanted_one_in_one_process():
    """What forks goes on once; what takes no time is told to have taken none that can be."""
    script = (
        b"import os\nfrom locust import User, task\nclass Visitor(User):\n"
        b"    def on_start(self): os.fork()\n"
        b"    @task\n    def look(self):\n"
        b"        for took in (2.0, float('nan')):\n"
        b"            self.environment.events.request.fire(request_type='x', name='y',"
        b" response_time=took, response_length=0, exception=None, context={})\n"
    )
    found = await LOCUST.run(replace(order(users=2, rate=60.0), script=script))
    assert found.total.requests == pytest.approx(90, abs=6)
    assert found.total.failures >= found.total.requests
    assert "`y` took nan ms" in found.errors[0][0]


async def test_warm_up_is_not_counted():
    async with running() as target:
        measurement = await LOCUST.run(order(target.url, warm_up=1.5, steady=1.0))
    assert measurement.total.requests == pytest.approx(40, abs=2)
    assert target.requests == pytest.approx(100, abs=8)


async def test_the_environment_is_built_from_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("CANARY", "sings")
    seen = tmp_path / "seen.json"
    dump = b"\nimport json\nopen(os.environ['SEEN'], 'w').write(json.dumps(dict(os.environ)))\n"
    told = {"SEEN": str(seen), "PATH": "/nowhere", "API_KEY_FILE": "/k"}
    async with running() as target:
        await LOCUST.run(replace(order(target.url, environment=told), script=SCRIPT + dump))
    environment = json.loads(seen.read_text())
    assert set(environment) == {
        *("SEEN", "API_KEY_FILE", "PATH", "HOME", "TMPDIR", "LANG", "PYTHONPATH"),
        *("TRUEUP_LOAD_RATE_PER_USER", "TRUEUP_LOAD_REMOTE_TARGET"),
    }
    assert environment["PATH"] == "/usr/bin:/bin"
    assert float(environment["TRUEUP_LOAD_RATE_PER_USER"]) == 10.0


async def test_a_cancelled_run_leaves_no_process_behind():
    stubborn = SCRIPT + b"\nimport signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    for script in (SCRIPT, stubborn):
        async with running() as target:
            run = asyncio.ensure_future(
                LOCUST.run(replace(order(target.url, steady=30.0), script=script))
            )
            await met(target)
            assert children()
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
        assert not children()


async def test_a_run_that_does_not_end_is_ended():
    hanging = b"while True: pass"
    with pytest.raises(Transient, match="was not done"):
        await LocustLoadGenerator(grace=0.5, end_grace=1.0).run(replace(order(), script=hanging))
    assert not children()


async def test_what_a_script_starts_ends_with_it():
    script = SCRIPT + b"\nimport subprocess; subprocess.Popen(['/bin/sleep', '97'])\n"
    async with running() as target:
        await LOCUST.run(replace(order(target.url), script=script))
    left = [
        p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["/bin/sleep", "97"]
    ]
    assert not left


async def test_what_a_script_prints_is_no_line_of_ours():
    noisy = b"print('not json')\n" + SCRIPT.replace(b"self.client", b"print('x'); self.client")
    async with running() as target:
        measurement = await LOCUST.run(replace(order(target.url), script=noisy))
    assert measurement.total.requests == pytest.approx(60, abs=4)


async def test_a_killed_controller_leaves_no_generator_behind(tmp_path):
    (tmp_path / "load.py").write_bytes(SCRIPT)
    parent = (
        "import asyncio, pathlib, sys\n"
        "from controller.adapters.load_generator.locust import LocustLoadGenerator\n"
        "from controller.ports.load_generator import LoadOrder\n"
        "script = pathlib.Path(sys.argv[1]).read_bytes()\n"
        "order = LoadOrder('t', script, sys.argv[2], 2, 20.0, 0.5, 30.0)\n"
        "asyncio.run(LocustLoadGenerator().run(order))\n"
    )
    async with running() as target:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", parent, str(tmp_path / "load.py"), target.url),
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)},
        )
        await met(target)
        (generator,) = psutil.Process(process.pid).children()
        process.kill()
        await process.wait()
        generator.wait(5)
    assert not generator.is_running()
