"""Each decision that stands on the branch has a record, which says what its evidence says."""

import json

import pytest

from controller.adapters.seal.memory import MemorySeal
from controller.diagnostics.errors import Stalled
from controller.model.record import Standing
from controller.permission import NotFound
from controller.workflows.pointers import decision_path
from tests.workflow.test_promotion import APPROVER, FREE, OPERATOR, begun, commit_of, release

PRODUCTION = "shop/production"


async def decisions(life, stage=PRODUCTION):
    return await life.app.decisions.all(stage)


async def test_a_promotion_tells_what_it_changes_brings_and_rests_on():
    world, life = await begun(FREE)
    world.repository.commit({"README.md": "x"}, subject="docs: of nobody", author="N <n@x.org>")
    release(world)
    await life.pass_time(31)
    newest, first = await decisions(life)
    assert [(each.kind, each.standing) for each in (newest, first)] == [("promote", "valid")] * 2
    assert (newest.commits, first.commits) == (1, None)
    record = await life.app.decision(newest.decision)
    assert [g["title"] for g in record["background"]["notes"]["groups"]] == ["Other"]
    account = {topic["topic"]: topic for topic in record["account"]}
    (line,) = [said for said in account["changes"]["said"] if "GREETING" in said]
    assert line.startswith("Stack `shop-api` of `shop`: spec.inputs.env.GREETING: ")
    assert "shop/staging/shop-api" in account["policy"]["said"][0]
    assert "policy allows the plan" in account["policy"]["said"][0]
    found = await life.app.decisions.verify(newest.decision)
    assert found.standing == Standing.VALID and found.checks[-1].check == "branch"


async def test_who_moves_a_stage_by_hand_leaves_a_sealed_record_too():
    world, life = await begun(FREE)
    release(world)
    await life.pass_time(31)
    await life.app.promotions.hold(OPERATOR, PRODUCTION, "sale")
    await life.app.promotions.lift(OPERATOR, PRODUCTION)
    await life.app.promotions.roll_back(OPERATOR, PRODUCTION, "orders fail")
    found = await decisions(life)
    assert [each.kind for each in found] == ["roll-back", "lift", "hold", "promote", "promote"]
    assert {each.standing for each in found} == {"valid"}
    notes = (await life.app.decision(found[0].decision))["background"]["notes"]
    assert (notes["takes_away"], notes["total"]) == (True, 1)


async def test_a_release_that_waited_and_does_not_come_is_refused_once_whatever_was_killed():
    world, life = await begun()
    await life.app.approve(APPROVER, PRODUCTION)
    await life.settle()
    second = release(world)
    await life.pass_time(31)
    third = release(world)
    await life.pass_time(31)
    refused = [each for each in await decisions(life) if each.kind == "refuse"]
    assert [(each.commit, each.standing) for each in refused] == [(second, "valid")]
    assert "it waited for the approval of one person" in refused[0].because
    assert (await life.app.stage(PRODUCTION)).candidate == third


async def test_a_record_is_found_on_the_branch_when_the_data_folder_is_lost_and_its_key_is_not():
    world, life = await begun(FREE)
    digest = (await life.app.stage(PRODUCTION)).decision
    world.artifacts = type(world.artifacts)()
    life = world.start()
    assert (await life.app.decisions.verify(digest)).standing == Standing.VALID
    world.seal = MemorySeal(b"another")
    found = await world.start().app.decisions.verify(digest)
    assert (found.standing, found.failed[0].check) == (Standing.REFUSED, "key")


async def test_what_was_changed_on_the_branch_or_never_carried_out_is_refused():
    world, life = await begun(FREE)
    stage = await life.app.stage(PRODUCTION)
    name = next(s.name for s in await world.ledger.stages() if str(s.name) == PRODUCTION)
    path = decision_path(name, stage.decision)
    text = world.pointers._files[path]
    told = json.loads(text)
    assert told["because"] == "verified in shop/staging"
    world.pointers._files[path] = text.replace("verified in shop/staging", "because I say so")
    found = await life.app.decisions.verify(stage.decision)
    assert (found.standing, found.failed[0].check) == (Standing.REFUSED, "branch")
    assert await decisions(life) == []
    world.artifacts = type(world.artifacts)()
    with pytest.raises(NotFound):
        await world.start().app.decisions.verify(stage.decision)


async def test_measurements_that_are_gone_are_told_and_those_that_were_changed_refuse():
    world, life = await begun()
    digest = (await life.app.stage("shop/staging")).decision
    (measured,) = (await life.app.decision(digest))["gates"][0]["measurements"]

    async def looked():
        found = await life.app.decisions.verify(digest)
        assert found.checks[-1].check == "measurements"
        return found.standing, found.checks[-1].ok

    assert await looked() == (Standing.VALID, True)
    del world.artifacts._contents[measured]
    assert await looked() == (Standing.VALID, None)
    get = world.artifacts.get

    async def damaged(digest):
        if digest == measured:
            raise Stalled.because("the artifact is damaged")
        return await get(digest)

    world.artifacts.get = damaged
    assert await looked() == (Standing.REFUSED, False)


async def test_a_repository_that_cannot_tell_stops_no_release():
    world, life = await begun(FREE)

    async def lost(*given, **named):
        raise NotFound.because("that history is gone")

    world.repository.log = lost
    second = release(world)
    await life.pass_time(31)
    assert await commit_of(life, PRODUCTION) == second
    assert (await decisions(life))[0].commits is None
