"""Forecasts follow their numbers; a capacity plan becomes a branch, and never more than that."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hdrh.histogram import HdrHistogram
from pydantic import TypeAdapter

from controller import shipped
from controller.adapters.clock.memory import MemoryClock
from controller.adapters.metric_source.memory import MemoryMetricSource
from controller.diagnostics.errors import DependencyNotReady, Stalled
from controller.model.caller import Caller, Role
from controller.model.capacity import Headroom
from controller.model.measurement import GateRuling
from controller.model.names import Commit, Digest, StageName
from controller.model.status import StageStatus
from controller.permission import NotAllowed, NotFound
from controller.steps.gate.judge import Question, judge
from controller.steps.gate.load_point import load_point
from controller.steps.gate.objectives import Objective
from controller.workflows.baselines import MEASUREMENT, VerifiedRuns
from controller.workflows.gate_headroom import headroom
from controller.workflows.gate_profiles import forget_steps, kept_steps
from schemas.kinds.load_test import LoadTest
from schemas.limits import read_limits
from tests.support.worlds import AUTHOR, Life, MemoryWorld
from tests.unit.gate.gate_measurements import RELEASE, healthy, with_total

NAME, PLAN = "shop/shop-traffic", "shop/shop-api-size"
FILE = "products/shop/page-views.csv"
DOCUMENT = "products/shop/forecast.yaml"
API = "products/shop/stacks/api.yaml"
OPERATOR = Caller("Robin", Role.OPERATOR)
CSV = "    csv: {file: products/shop/page-views.csv, time: day, value: views, zone: UTC}\n"
PROMETHEUS = (
    "    prometheus: {address: 'http://127.0.0.1:9', query: views, step: 1d, window: 60d}\n"
)


async def begun(world: MemoryWorld) -> Life:
    world.example(with_forecasts=True)
    life = world.start()
    await life.begin()
    await life.loop.work("source:repository")
    return life


async def look(life: Life) -> datetime | None:
    return await life.loop.work(f"forecast:{NAME}")


async def test_a_forecast_is_made_once_and_again_with_new_numbers_or_a_new_day() -> None:
    world = MemoryWorld()
    life = await begun(world)
    due = await look(life)
    (first,) = await life.app.outlook.forecasts()
    assert due == world.clock.now() + timedelta(days=1)
    assert first.rmase is not None and first.rmase <= 1
    assert len(await life.events("ForecastMade")) == 1

    world.clock.advance(3600)
    assert await look(life) == due
    world.edit(FILE, "2026-11-25,", "2026-11-25,9")
    await life.loop.work("source:repository")
    await look(life)
    status, made = await life.app.outlook.forecast(NAME)
    assert status.evidence != first.evidence
    assert made is not None and made.history[-1][1] > 900_000
    world.clock.advance(86_400)
    assert await look(life) == world.clock.now() + timedelta(days=1)


async def test_a_source_that_fails_leaves_the_last_forecast_with_the_reason() -> None:
    world = MemoryWorld()
    start = world.clock.now().timestamp() // 86_400 * 86_400
    points = tuple((start - 86_400 * n, 100.0 + n % 7) for n in range(60, -1, -1))
    source = world.metric_source = MemoryMetricSource({"views": (points,)})
    life = await begun(world)
    world.edit(DOCUMENT, CSV, PROMETHEUS)
    await life.loop.work("source:repository")
    await look(life)
    before, made = await life.app.outlook.forecast(NAME)
    assert made is not None and made.every == "day"
    assert made.history[-1][0] == datetime.fromtimestamp(start, UTC).date() - timedelta(days=1)

    for answer in ((), (points, points), (tuple((at, float("nan")) for at, _ in points),)):
        source._known["views"] = answer
        world.clock.advance(86_400)
        with pytest.raises(Stalled):
            await look(life)
        status, kept = await life.app.outlook.forecast(NAME)
        assert status.problem
        assert (status.evidence, kept) == (before.evidence, made)


async def test_a_forecast_that_is_gone_is_not_looked_at_again() -> None:
    life = await begun(MemoryWorld())
    assert await life.loop.work("forecast:shop/none") is None
    with pytest.raises(NotFound):
        await life.app.outlook.forecast("shop/none")
    with pytest.raises(NotFound):
        await life.app.outlook.forecast("../etc")


async def test_the_change_of_a_plan_is_a_branch_with_one_line() -> None:
    world = MemoryWorld()
    life = await begun(world)
    await look(life)
    assert (await life.app.outlook.propose(OPERATOR, PLAN, dry_run=False)).branch == ""
    world.edit(API, "production: {inputs: {replicas: 2}}", "production: {inputs: {replicas: 1}}")
    await life.loop.work("source:repository")
    head = world.repository._head

    shown = await life.app.outlook.propose(OPERATOR, PLAN, dry_run=True)
    assert world.branches.pushed == {}
    changed = [line for line in shown.diff.splitlines() if line[:1] in "+-" and line[1:2] == " "]
    assert changed == [
        "-    production: {inputs: {replicas: 1}}", "+    production: {inputs: {replicas: 2}}",
    ]  # fmt: skip
    with pytest.raises(NotAllowed):
        await life.app.outlook.propose(Caller("Vera", Role.VIEWER), PLAN, dry_run=False)

    made = await life.app.outlook.propose(OPERATOR, PLAN, dry_run=False)
    again = await life.app.outlook.propose(OPERATOR, PLAN, dry_run=False)
    assert (again.branch, again.commit) == (made.branch, made.commit)
    ((branch, proposal),) = world.branches.pushed.items()
    assert branch.startswith("trueup/capacity/shop-shop-api-size-")
    assert proposal.base == head == world.repository._head
    assert "Needed are" in proposal.message
    assert "What is there may be used up from 20" in proposal.message
    assert AUTHOR != "Robin" == proposal.author


async def test_a_plan_waits_for_its_forecast() -> None:
    life = await begun(MemoryWorld())
    with pytest.raises(Exception, match="was not made yet"):
        await life.app.outlook.capacity(PLAN)
    assert await life.app.outlook.capacities(NAME) == []


async def test_kept_runs_of_gates_are_points_of_the_law() -> None:
    world = MemoryWorld()
    life = await begun(world)
    await look(life)
    alone = await life.app.outlook.capacity(PLAN)
    wanted = "  maxLatency: 600ms\n"
    gates = "  gates: [{gate: shop-load, environment: production, units: 2}]\n"
    world.edit(DOCUMENT, wanted, gates + wanted)
    await life.loop.work("source:repository")
    assert "only a controller knows" in (await life.app.outlook.capacity(PLAN)).notes[-2]

    histogram = HdrHistogram(1, 60_000_000, 3)
    histogram.record_value(20_000, 400)  # microseconds
    run = with_total(healthy(), histogram=histogram.encode().decode())
    kept = [run, replace(run, invalid="a worker was lost"), replace(run, ended_early="aborted")]
    digests = [await world.artifacts.put(MEASUREMENT.dump_json(each)) for each in kept]
    entries = [VerifiedRuns(RELEASE, Commit("c" * 40), (*digests, Digest("sha256:" + "0" * 64)))]
    text = TypeAdapter(list[VerifiedRuns]).dump_json(entries).decode()
    await world.ledger.set_fact("gate-history/shop/production/shop-load", text)
    found = await life.app.outlook.capacity(PLAN)
    assert any(note.startswith("1 kept runs of gates count") for note in found.notes)
    assert found.fit != alone.fit
    # 40 requests a second of 20 ms at two: each had 20 a second, and 0.4 of them under way.
    point = load_point(run, 2)
    assert point is not None
    assert (point.concurrency, point.rate) == pytest.approx((0.4, 20.0), rel=0.05)


async def test_a_gate_that_says_yes_tells_how_far_the_forecast_is_from_its_load() -> None:
    life = await begun(MemoryWorld())
    run = healthy()
    passed = judge(Question("load", (Objective("p95", read_limits("<9s")),), RELEASE), [run])
    at = life.parts.catalogs.known_head()
    load_test = next(iter(at.catalog.all(LoadTest)))
    assert passed.ruling is GateRuling.PASS
    assert (
        await headroom(life.parts, load_test, at, passed, [run]) is None
    )  # nothing is forecast yet
    await look(life)
    _, made = await life.app.outlook.forecast(NAME)
    found = await headroom(life.parts, load_test, at, passed, [run])
    assert made is not None and isinstance(found, Headroom)
    assert found.times == run.achieved_rate / made.today.mid
    assert "times today's peak" in str(found)
    failed = replace(passed, ruling=GateRuling.FAIL)
    assert await headroom(life.parts, load_test, at, failed, [run]) is None
    day = made.days[0]
    assert found.at_once == pytest.approx(found.rate * day.concurrency.mid / day.rate.mid)
    assert found.counted == pytest.approx(found.rate * day.peak.mid / day.rate.mid)
    assert found.assumptions == made.assumptions and "users at once" in str(found)

    second = shipped.example()[DOCUMENT].decode().replace("name: shop-traffic", "name: shop-other")
    life.world.repository.commit({"products/shop/more.yaml": f"{second}---\n{PROFILE}"})
    await life.loop.work("source:repository")
    at = life.parts.catalogs.known_head()
    told = await headroom(life.parts, load_test, at, passed, [run])
    assert isinstance(told, str) and "the forecasts shop-other, shop-traffic" in told
    spec = load_test.spec.model_copy(update={"profile": "shop-half"})
    follows = load_test.model_copy(update={"spec": spec})
    again = await headroom(life.parts, follows, at, passed, [run])
    assert isinstance(again, Headroom) and again.forecast == "shop-traffic"


PROFILE = """\
apiVersion: platform/v1
kind: LoadProfile
metadata: {name: shop-half, product: shop}
spec: {forecast: shop-traffic, share: 0.5, steps: 2, ramp: 20s, hold: 10s, beyond: 0s}
---
"""
GATE = "products/shop/load.yaml"


async def test_a_gate_plays_the_steps_of_a_profile_and_waits_for_its_forecast() -> None:
    world = MemoryWorld(clock=MemoryClock(datetime(2026, 11, 26, tzinfo=UTC)))
    world.example(with_forecasts=True)
    world.edit(GATE, "apiVersion", f"{PROFILE}apiVersion")
    world.edit(GATE, "  users: 8\n", "  profile: shop-half\n")
    world.edit(GATE, "  rate: 40 ", "  workers: 2 ")
    world.edit(GATE, "  steady: 8s\n", "")
    life = world.start()
    await life.begin()
    await life.loop.work("source:repository")
    at = life.parts.catalogs.known_head()
    load_test = at.catalog.find(LoadTest, "shop-load", "shop")
    assert load_test is not None
    status = StageStatus(StageName("shop", "dev"), release=RELEASE)
    with pytest.raises(DependencyNotReady, match="forecast `shop-traffic`, which was not made yet"):
        await kept_steps(life.parts, status, load_test, at)
    await look(life)
    _, made = await life.app.outlook.forecast(NAME)
    assert made is not None
    steps = await kept_steps(life.parts, status, load_test, at)
    peak = max(day.rate.high for day in made.days[:90]) * 0.5
    assert [step.seconds for step in steps] == [10, 10, 10]
    assert peak <= steps[-1].rate < peak * 1.1
    assert steps[0].rate < steps[1].rate < steps[2].rate

    await life.settle()
    order = world.generator.orders[0]
    assert (order.stages, order.steady, order.is_open, order.workers) == (steps, 30.0, True, 2)
    stage = await world.ledger.stage(StageName("shop", "dev"))
    assert stage is not None and stage.verified is not None

    world.clock.advance(400 * 86_400)  # the answer that is under way keeps its steps
    assert await kept_steps(life.parts, status, load_test, at) == steps
    await forget_steps(life.parts, status, "shop-load")
    with pytest.raises(Stalled, match="says nothing of the 90 days"):
        await kept_steps(life.parts, status, load_test, at)
