"""Runs with a key outlive the controller and are never made twice; arrivals, mixes, budgets."""

import asyncio
import contextlib
import sys

import pytest

from controller.adapters.load_generator.locust import LocustLoadGenerator
from controller.adapters.load_generator.memory import MemoryLoadGenerator
from controller.diagnostics.errors import Stalled, Transient
from controller.ports.load_generator import Abort, LoadStage
from tests.contract.load_generator.target_server import running
from tests.contract.load_generator.test_load_generator import (
    ROOT,
    SCRIPT,
    children,
    met,
    order,
    remembered,
)

pytestmark = pytest.mark.slow
PARENT = """
import asyncio, pathlib, sys
from controller.adapters.load_generator.locust import LocustLoadGenerator
from controller.ports.load_generator import LoadOrder
script = pathlib.Path(sys.argv[1]).read_bytes()
order = LoadOrder('t', script, sys.argv[2], 4, 40.0, 0.5, 3.0, key='shop/dev/1')
asyncio.run(LocustLoadGenerator(folder=pathlib.Path(sys.argv[3])).run(order))
"""


@pytest.fixture(params=["memory", "locust"])
def generator(request, tmp_path):
    if request.param == "memory":
        return MemoryLoadGenerator([remembered()] * 2)
    return LocustLoadGenerator(folder=tmp_path / "runs", end_grace=1.0)


@pytest.fixture
def locust(tmp_path):
    return LocustLoadGenerator(folder=tmp_path / "runs", end_grace=1.0)


async def test_the_same_key_gives_the_same_run_until_it_is_forgotten(generator):
    async with running() as target:
        wanted = order(target.url, key="one")
        first = await generator.run(wanted)
        seen = target.requests
        assert await generator.run(wanted) == first
        assert target.requests == seen
        await generator.forget("one")
        await generator.run(wanted)
    assert not children()


async def test_nobody_there_is_not_cancelled(locust):
    assert not await locust.cancel("nobody")
    await locust.forget("nobody")


async def test_a_killed_controller_s_run_is_taken_up_and_makes_no_load_twice(tmp_path):
    (tmp_path / "load.py").write_bytes(SCRIPT)
    async with running() as target:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PARENT, str(tmp_path / "load.py"), target.url),
            str(tmp_path / "runs"),
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin"},
        )
        await met(target)
        process.kill()
        await process.wait()
        seen = []
        found = await LocustLoadGenerator(folder=tmp_path / "runs").run(
            order(target.url, steady=3.0, key="shop/dev/1"), on_progress=seen.append
        )
        assert target.requests == pytest.approx(140, abs=12)
    assert found.total.requests == pytest.approx(120, abs=5)
    assert [round(one.seconds) for one in seen][:3] == [1, 2, 3]


async def test_a_run_that_broke_off_is_begun_anew(locust, tmp_path):
    async with running() as target:
        wanted = order(target.url, key="one", steady=30.0)
        run = asyncio.ensure_future(locust.run(wanted))
        await met(target)
        (process,) = children()
        process.kill()
        with pytest.raises(Transient, match="broke off"):
            await run
        assert await locust.run(order(target.url, key="one"))


async def test_a_cancelled_run_stalls_and_leaves_no_process(locust):
    async with running() as target:
        run = asyncio.ensure_future(locust.run(order(target.url, key="one", steady=30.0)))
        await met(target)
        assert await locust.cancel("one")
        with pytest.raises(Stalled, match="was cancelled"):
            await run
        for _ in range(100):
            if not children():
                break
            await asyncio.sleep(0.1)
    assert not children()


async def test_who_orders_may_go_and_the_run_goes_on(locust):
    async with running() as target:
        wanted = order(target.url, key="one", steady=2.0)
        run = asyncio.ensure_future(locust.run(wanted))
        await met(target)
        run.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await run
        assert children()
        found = await locust.run(wanted)
    assert found.total.requests == pytest.approx(80, abs=4)


async def test_arrivals_count_whoever_is_still_served():
    """The server freezes for 1 s in 3; the tenth of it that is felt is measured, not guessed."""
    async with running(frozen=1.0, period=3.0) as target:
        found = await LocustLoadGenerator().run(
            order(target.url, users=60, rate=50.0, steady=3.0, is_open=True)
        )
    total = found.total
    assert total.requests + total.omitted == pytest.approx(150, abs=4)
    assert 700 < total.corrected["p95"] <= 1050


async def test_an_arrival_that_nobody_is_free_for_waits_and_its_wait_counts():
    async with running(delay=0.5) as target:
        found = await LocustLoadGenerator().run(
            order(target.url, users=2, rate=20.0, steady=2.0, is_open=True)
        )
    assert found.total.raw["p95"] < 700
    assert found.total.corrected["p95"] > 1000
    assert found.total.omitted > 20


async def test_stages_change_the_rate(tmp_path):
    async with running() as target:
        found = await LocustLoadGenerator().run(
            order(
                target.url, users=20, rate=45.0, steady=2.0, is_open=True, warm_up=0.0,
                stages=(LoadStage(20.0, 1.0), LoadStage(70.0, 1.0)),
            )
        )  # fmt: skip
    assert found.total.requests == pytest.approx(90, abs=4)
    assert found.series[1][1] > 2 * found.series[0][1]


TWO = (
    SCRIPT
    + b"""
class Buyer(FastHttpUser):
    wait_time = constant_throughput(float(os.environ["TRUEUP_LOAD_RATE_PER_USER"]))

    @task
    def buy(self):
        self.client.get("/" + open("data/word.txt").read())
"""
)


async def test_a_mix_chooses_the_users_and_data_lies_beside_them():
    async with running() as target:
        plain = order(target.url)
        wanted = order(target.url, mix={"Buyer": 1.0}, files={"data/word.txt": b"hello"})
        found = await LocustLoadGenerator().run(type(plain)(**{**vars(wanted), "script": TWO}))
        assert set(found.endpoints) == {"GET /hello"}
        unknown = type(plain)(**{**vars(wanted), "mix": {"Nobody": 1.0}})
        with pytest.raises(Stalled, match="`mix` names Nobody"):
            await LocustLoadGenerator().run(unknown)


async def test_a_file_outside_of_the_run_s_folder_is_not_written(tmp_path):
    with pytest.raises(Stalled, match="not below"):
        await LocustLoadGenerator().run(order(files={"../../x": b""}))


async def test_too_many_errors_end_a_run_early_and_a_used_up_budget_makes_it_invalid():
    async with running(fails_every=2) as target:
        found = await LocustLoadGenerator().run(
            order(target.url, steady=30.0, abort=Abort(0.05, 2.0))
        )
        assert found.ended_early == "errorRate was above 0.05 for 2 s"
        assert found.seconds < 10
        found = await LocustLoadGenerator().run(order(target.url, steady=30.0, most_requests=60))
    assert "budget of 60 requests" in found.invalid
