"""Gates with several runs, their baselines over releases and lives, and what they cost a kill."""

import asyncio
from dataclasses import replace

import pytest

from controller.adapters.metric_source.memory import MemoryMetricSource
from controller.diagnostics.errors import Stalled
from controller.model.caller import Caller, Role
from controller.model.names import StageName
from controller.permission import NotAllowed, NotFound
from controller.workflows.gate_wishes import AskedBefore, GateWishes
from tests.support.worlds import Killed, MemoryWorld

DEV = StageName("shop", "dev")
TEST = "products/shop/load.yaml"
OBJECTIVE = '{measure: p95, pass: "<150ms", warning: "<200ms"}'
RELATIVE = '{measure: p95, pass: ["<150ms", "<=+10%"]}'


@pytest.fixture
def world():
    made = MemoryWorld()
    made.example()
    return made


def compares(world, more=""):
    world.edit(TEST, OBJECTIVE, RELATIVE)
    world.edit(TEST, "  steady: 8s", f"  steady: 8s\n  runs: 3{more}")


async def live(world, on_step=None):
    life = world.start(on_step)
    await life.begin()
    await life.settle()
    return life


def gate(stage):
    (found,) = stage.gates
    return found


async def test_three_runs_are_made_and_the_first_release_has_nothing_to_compare_with(world):
    compares(world)
    await live(world)
    found = gate(await world.ledger.stage(DEV))
    assert found.ruling == "pass"
    assert len(found.measurements) == 3
    assert any("no release was verified here yet" in reason for reason in found.reasons)


async def test_a_release_is_compared_with_the_verified_one_also_in_a_new_life(world):
    compares(world)
    world.noise = [100.0, 101.0, 99.0]
    await live(world)
    world.edit("products/shop/product.yaml", "title: ", "title: New ")
    world.noise = [125.0, 126.0, 124.0]
    await live(world)
    stage = await world.ledger.stage(DEV)
    said = [e.message for e in await world.ledger.events(limit=1000) if e.reason == "GateFail"]
    assert said
    assert "+25.0% beside 100 ms in 3 runs of the baseline" in said[-1]
    assert stage.commit != stage.candidate_commit
    assert stage.verified == stage.release
    assert (stage.ready, gate(stage).ruling) == (True, "pass")  # no unit changed by going back
    staging = await world.ledger.stage(StageName("shop", "staging"))
    assert staging.release == stage.release


async def test_a_run_that_proved_nothing_is_no_part_of_a_baseline(world):
    """It was made again, and is kept as evidence; beside the next release it is nothing."""
    compares(world)
    world.noise = [100.0, 900.0, 101.0, 99.0]
    make, made = world.generator.run, []

    async def run(order, *, on_progress=None):
        made.append(await make(order, on_progress=on_progress))
        return replace(made[-1], stood_still=2500.0) if len(made) == 2 else made[-1]

    world.generator.run = run
    await live(world)
    first = await world.ledger.stage(DEV)
    assert len(gate(first).measurements) == 4
    world.edit("products/shop/product.yaml", "title: ", "title: New ")
    world.noise = [101.0, 100.0, 102.0]
    life = await live(world)
    found = gate(await world.ledger.stage(DEV))
    assert found.ruling == "pass"
    assert "+1.0% beside 100 ms in 3 runs of the baseline" in found.reasons[0]
    before = f"shop/dev/shop-load@{first.commit[:12]}"
    compared = await life.app.gates.compare(before, "shop/dev/shop-load", 0.05)
    assert (compared.says, compared.first_runs) == ("same", 3)


async def test_evidence_that_is_gone_blocks(world):
    compares(world)
    world.noise = [11.0, 12.0, 13.0]
    await live(world)
    for digest in gate(await world.ledger.stage(DEV)).measurements:
        world.artifacts._contents.pop(digest, None)
    world.edit("products/shop/product.yaml", "title: ", "title: New ")
    await live(world)
    found = gate(await world.ledger.stage(DEV))
    assert found.ruling == "unknown"
    assert "is gone" in found.reasons[0]


async def test_another_load_is_not_compared_unless_that_is_allowed(world):
    compares(world)
    await live(world)
    world.edit(TEST, "rate: 40 ", "rate: 41 ")
    await live(world)
    found = gate(await world.ledger.stage(DEV))
    assert found.ruling == "unknown"
    assert "of another load test or another machine" in found.reasons[0]
    world.edit(TEST, "  runs: 3", "  runs: 3\n  baseline: {whenChanged: absolute}")
    await live(world)
    assert gate(await world.ledger.stage(DEV)).ruling == "pass"


async def test_a_baseline_that_is_required_blocks_the_first_release(world):
    compares(world, "\n  baseline: {required: true}")
    await live(world)
    assert gate(await world.ledger.stage(DEV)).ruling == "unknown"


async def test_a_kill_between_two_runs_loses_none_and_makes_none_twice(world):
    compares(world)
    seen = []

    def kill(step, when):
        if step == "gate shop-load" and when == "after":
            seen.append(step)
            if len(seen) == 2:
                raise Killed

    with pytest.raises(Killed):
        await live(world, kill)
    await live(world)
    stages = [s for s in await world.ledger.stages() if s.gates]
    assert gate(await world.ledger.stage(DEV)).ruling == "pass"
    assert len(world.generator.orders) == 3 * len(stages)


async def test_a_query_of_prometheus_is_an_objective(world):
    objective = (
        '{name: memory, prometheus: {url: "http://127.0.0.1:9090", query: rss, step: 1s},'
        ' pass: "<900"}'
    )
    world.edit(TEST, OBJECTIVE, objective)
    points = tuple((float(n), 500.0) for n in range(20))
    world.metric_source = MemoryMetricSource({"rss": (points,)})
    await live(world)
    found = gate(await world.ledger.stage(DEV))
    assert found.ruling == "pass"
    assert "memory is 500, wanted <900" in found.reasons
    world.metric_source = MemoryMetricSource({})
    world.edit("products/shop/product.yaml", "title: ", "title: New ")
    await live(world)
    found = gate(await world.ledger.stage(DEV))
    assert found.ruling == "unknown"
    assert "the query is refused" in found.reasons[0]


OPERATOR = Caller("casey", Role.OPERATOR)


async def test_a_gate_is_asked_again_by_hand_and_its_earlier_answer_stays(world):
    life = await live(world)
    before = len(world.generator.orders)
    await life.app.gates.run(OPERATOR, "shop/dev", "shop-load")
    assert not (await life.app.gates.gate("shop/dev", "shop-load")).is_current
    await life.settle()
    view = await life.app.gates.gate("shop/dev", "shop-load")
    assert view.is_current
    assert len(world.generator.orders) == before + 1
    assert "casey asked for it again after pass: " in view.result.reasons[-1]
    (earlier,) = view.result.earlier
    assert (earlier.ruling, earlier.by) == ("pass", "casey")
    assert view.result.told_earlier() == "the second answer for this release; before it: pass"
    with pytest.raises(NotFound):
        await life.app.gates.run(OPERATOR, "shop/dev", "no-such")
    with pytest.raises(NotAllowed):
        await life.app.gates.run(Caller("vera", Role.VIEWER), "shop/dev", "shop-load")


async def test_a_cancelled_gate_waits_until_somebody_asks_for_it(world):
    life = await live(world)
    await life.app.gates.run(OPERATOR, "shop/dev", "shop-load")
    await life.app.gates.cancel(OPERATOR, "shop/dev", "shop-load")
    before = len(world.generator.orders)
    await life.settle()
    view = await life.app.gates.gate("shop/dev", "shop-load")
    assert (view.result.ruling, view.is_current) == ("unknown", True)
    assert view.result.reasons[0] == "casey cancelled it"
    assert len(world.generator.orders) == before
    await life.app.gates.run(OPERATOR, "shop/dev", "shop-load")
    await life.settle()
    view = await life.app.gates.gate("shop/dev", "shop-load")
    assert view.result.ruling == "pass"
    assert [each.ruling for each in view.result.earlier] == ["pass", "unknown"]
    assert view.result.earlier[-1].because == "casey cancelled it"


async def test_who_asks_again_until_it_passes_gets_a_warning_that_the_record_tells(world):
    world.noise = [400.0, 400.0]
    life = await live(world)  # the first release: nothing to go back to
    ask = life.app.gates
    assert (await ask.gate("shop/dev", "shop-load")).result.ruling == "fail"
    for wanted in ("warn", "pass"):  # one of two, two of three
        await ask.run(OPERATOR, "shop/dev", "shop-load")
        await life.settle()
        view = await ask.gate("shop/dev", "shop-load")
        assert (view.result.ruling, view.is_current) == (wanted, True)
    assert [each.ruling for each in view.result.earlier] == ["fail", "warn"]
    await life.pass_time(31)
    stages = [each.name for each in await life.app.stages()]
    records = [await life.app.decisions.all(each) for each in stages if each != "shop/dev"]
    digest = next(each.decision for found in records for each in found)
    record = await life.app.decision(digest)
    (gate_then,) = record["gates"]  # it went on with the warning
    assert gate_then["ruling"] == "warn"
    assert [each["ruling"] for each in gate_then["earlier"]] == ["fail"]
    assert any("second answer for this release" in item["detail"] for item in record["items"])
    assert (await life.app.decisions.verify(digest)).standing == "valid"


async def test_answers_that_prove_nothing_are_counted_once_whatever_was_killed(world):
    compares(world)
    world.edit(TEST, RELATIVE, '{name: rss, prometheus: {url: "http://x", query: rss}, pass: "<9"}')
    world.metric_source = MemoryMetricSource({})
    life = await live(world)
    wishes = GateWishes(world.ledger)
    release = (await world.ledger.stage(DEV)).release
    first = await wishes.asked(DEV, release, "shop-load")
    assert [(each.ruling, each.by) for each in first.answers] == [("unknown", "")]
    answer = first.answers[0]
    await wishes.note(DEV, release, "shop-load", answer, AskedBefore())  # as a life after a kill
    assert await wishes.asked(DEV, release, "shop-load") == first
    await life.pass_time(400)
    again = await wishes.asked(DEV, release, "shop-load")
    assert again.answers[0].times > 1 and len(again.answers) == 1


class Patient:
    """A generator whose run lasts until it is cancelled or told to end."""

    def __init__(self, world):
        self.real, self.begun = world.generator, asyncio.Event()
        self.over, self.cancelled = asyncio.Event(), []

    async def run(self, order, *, on_progress=None):
        self.begun.set()
        await self.over.wait()
        if order.key in self.cancelled:
            raise Stalled.because("it was cancelled", code="gate/cancelled")
        return await self.real.run(order, on_progress=on_progress)

    async def cancel(self, key):
        self.cancelled.append(key)
        self.over.set()
        return True

    async def forget(self, key):
        await self.real.forget(key)


async def test_a_hold_ends_the_run_of_a_gate_and_its_end_begins_it_anew(world):
    world.generator = generator = Patient(world)
    life = world.start()
    await life.begin()
    settling = asyncio.create_task(life.settle())
    await asyncio.wait_for(generator.begun.wait(), 60)
    await life.app.promotions.hold(OPERATOR, "shop/dev", "the sale begins")
    await settling
    await life.pass_time(400)
    stage = await life.app.stage("shop/dev")
    assert (gate(stage).ruling, stage.verified, len(generator.cancelled)) == ("unknown", False, 1)
    assert gate(stage).reasons == ("the stage is held: it is asked anew when that ends",)
    assert world.generator.real.orders == []
    await life.app.promotions.lift(OPERATOR, "shop/dev")
    await life.settle()
    assert (await life.app.stage("shop/dev")).verified


async def test_what_would_be_run_is_shown_without_running_it(world):
    life = await live(world)
    before = len(world.generator.orders)
    found = await life.app.gates.order("shop/dev", "shop-load")
    assert (found.users, found.rate, found.steady, found.runs) == (8, 40, 8.0, 1)
    assert found.objectives[0] == "p95 of all requests <150ms"
    assert len(await life.app.gates.gates()) == 2
    assert len(world.generator.orders) == before


async def test_every_run_has_a_key_of_its_own_and_a_kill_in_it_keeps_the_key(world):
    compares(world)

    def kill(step, when):
        if step == "gate shop-load" and when == "before" and len(world.generator.orders) == 1:
            raise Killed

    with pytest.raises(Killed):
        await live(world, kill)
    await live(world)
    keys = [one.key for one in world.generator.orders if one.key.startswith("shop/dev")]
    assert len(set(keys)) == len(keys) == 3
    assert len({key.rpartition("/")[0] for key in keys}) == 1


async def test_the_report_of_an_answer_is_made_once_and_kept(world):
    life = await live(world)
    evidence = gate(await world.ledger.stage(DEV)).evidence
    first, _ = await life.app.gates.report(evidence)
    drawn = len(world.painter.charts)
    again, _ = await world.start().app.gates.report(evidence)
    assert first == again
    assert len(world.painter.charts) == drawn == 3
    with pytest.raises(NotFound):
        await life.app.gates.report("sha256:" + "0" * 64)


async def test_two_releases_are_compared_by_their_commits_and_by_their_runs(world):
    compares(world)
    world.noise = [100.0, 101.0, 99.0]
    await live(world)
    first = await world.ledger.stage(DEV)
    world.edit("products/shop/product.yaml", "title: ", "title: New ")
    world.noise = [130.0, 131.0, 129.0]
    life = await live(world)
    ask = life.app.gates.compare
    before = f"shop/dev/shop-load@{first.commit[:12]}"
    found = await ask(before, "shop/dev/shop-load", 0.05)
    assert (found.says, found.first_runs) == ("same", 3)  # the stage went back
    releases = await world.ledger.releases("shop")
    (newer,) = [r for r in releases if r.digest != first.release]
    found = await ask(before, f"shop/dev/shop-load@{newer.commit[:8]}", 0.05)
    assert found.says == "worse"
    assert "100 ms became 130 ms (+30.0%)" in " ".join(found.reasons)
    run = str(gate(first).measurements[0])
    assert (await ask(run, before, 0.05)).says == "same"
    for wrong in ("shop/dev", "shop/dev/other", "shop/dev/shop-load@0000", "sha256:" + "0" * 64):
        with pytest.raises(Stalled):
            await ask(wrong, run, 0.05)
