"""Each decision that stands on the branch has a record, which says what its evidence says."""

import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.adapters.seal.ed25519 import Ed25519Seal
from controller.adapters.seal.memory import MemorySeal
from controller.diagnostics.errors import Stalled
from controller.model.record import Standing
from controller.permission import NotFound
from controller.steps.decide.record import read_record, write_record
from controller.steps.decide.settle import settle
from controller.wiring.auditor import verify_file
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


async def test_by_which_plans_a_release_came_is_not_forgotten_while_it_waits():
    world, life = await begun(FREE)
    await life.app.promotions.hold(OPERATOR, PRODUCTION, "sale")
    release(world)
    await life.pass_time(31)
    life = world.start()  # looks at every unit once, and finds nothing to do
    await life.begin()
    await life.pass_time(3600)
    await life.app.promotions.lift(OPERATOR, PRODUCTION)
    await life.settle()
    account = (await life.app.decision((await decisions(life))[0].decision))["account"]
    said = {topic["topic"]: topic["said"] for topic in account}
    assert "shop/staging/shop-api" in said["plan and risk"][0]
    assert "policy allows the plan" in said["policy"][0]


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
    world.artifacts = type(world.artifacts)(world.clock.now)
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
    world.artifacts = type(world.artifacts)(world.clock.now)
    with pytest.raises(NotFound):
        await world.start().app.decisions.verify(stage.decision)


async def test_what_a_gate_measured_is_judged_again_and_its_objectives_are_those_of_the_release():
    world, life = await begun()
    digest = (await life.app.stage("shop/staging")).decision
    (told,) = (await life.app.decision(digest))["gates"]

    async def looked():
        found = await life.app.decisions.verify(digest)
        return found.standing, {check.check: check for check in found.checks}

    standing, checks = await looked()
    assert standing == Standing.VALID
    assert checks["gate shop-load"].said == "judged anew from 1 run: pass"
    assert checks["objectives"].ok and checks["branch"].ok
    for gone in (told["judged"], *told["measurements"]):
        content = world.artifacts._contents.pop(gone)
        standing, checks = await looked()
        assert (standing, checks["gate shop-load"].ok) == (Standing.NOT_RECOMPUTED, None)
        assert f"not recomputed: {gone} is not there" in checks["gate shop-load"].said
        world.artifacts._contents[gone] = content
    get = world.artifacts.get

    async def damaged(digest):
        if digest in told["measurements"]:
            raise Stalled.because("the artifact is damaged")
        return await get(digest)

    world.artifacts.get = damaged
    standing, checks = await looked()
    assert (standing, checks["gate shop-load"].ok) == (Standing.REFUSED, False)


async def resealed(world, digest, change):
    """Have whoever has the key change what a gate said in a record, and put that on the branch."""
    told = json.loads(world.artifacts._contents[digest])
    del told["seal"]
    for gate in (*told["gates"], *told["basis"]["question"]["gates"]):
        change(gate)
    for earlier in told["basis"]["question"]["after"]:
        for gate in earlier["gates"]:
            change(gate)
    record = read_record(told)
    decision = replace(settle(record.basis, record.decision.decided_at), number=told["number"])
    text = write_record(decision, world.seal, record.basis, record.background)
    forged = await world.artifacts.put(text.encode())
    world.pointers._files[decision_path(decision.stage, forged)] = text
    return forged


async def test_who_has_the_key_can_not_make_a_gate_say_what_its_runs_do_not():
    world, life = await begun()
    digest = (await life.app.stage("shop/staging")).decision
    same = await resealed(world, digest, lambda gate: None)
    assert (await life.app.decisions.verify(same)).standing == Standing.VALID
    easier = json.loads(world.artifacts._contents[digest])["gates"][0]["judged"]
    easier = json.loads(world.artifacts._contents[easier])
    easier["objectives"][0]["passes"] = "<149ms"
    other = await world.artifacts.put(json.dumps(easier).encode())

    def eased(gate):
        gate.update(json.loads(json.dumps(gate).replace("<150ms", "<149ms")), judged=other)

    for change, said in (
        (lambda gate: gate.update(score=99.0), "its score or its words"),
        (lambda gate: gate.update(baseline=gate["measurements"]), "another baseline"),
        (lambda gate: gate.update(judged=None), "did not keep how"),
        (eased, "are not those of its load test"),
    ):
        found = await life.app.decisions.verify(await resealed(world, digest, change))
        assert found.standing != Standing.VALID
        assert any(said in check.said for check in found.checks), found.checks


async def test_a_bundle_is_checked_elsewhere_by_nothing_but_public_keys(tmp_path):
    world, life = await begun()
    world.seal = Ed25519Seal(Ed25519PrivateKey.from_private_bytes(b"s" * 32))
    life = world.start()
    await life.begin()
    release(world)
    await life.pass_time(31)
    digest = next(d.decision for d in await decisions(life, "shop/staging"))
    bundle, file = await life.app.decisions.bundle(digest), tmp_path / "bundle.json"

    def checked(told):
        file.write_text(json.dumps(told) if isinstance(told, dict) else told)
        return verify_file(file, [world.seal.key], digest)

    assert checked(bundle).standing == Standing.VALID
    alone = checked(bundle["record"])
    assert alone.standing == Standing.VALID and "not recomputed" in alone.checks[-1].said
    for gone in bundle["evidence"]:
        rest = {key: text for key, text in bundle["evidence"].items() if key != gone}
        found = checked({**bundle, "evidence": rest})
        assert found.standing == Standing.NOT_RECOMPUTED
        changed = bundle["evidence"][gone].replace("1", "2")
        found = checked({**bundle, "evidence": {**rest, gone: changed}})
        assert found.standing == Standing.REFUSED
    with pytest.raises(Stalled):
        checked({**bundle, "bundle": 2})
    with pytest.raises(NotFound):
        await life.app.decisions.bundle(next(iter(bundle["evidence"])))


async def test_a_repository_that_cannot_tell_stops_no_release():
    world, life = await begun(FREE)

    async def lost(*given, **named):
        raise NotFound.because("that history is gone")

    world.repository.log = lost
    second = release(world)
    await life.pass_time(31)
    assert await commit_of(life, PRODUCTION) == second
    assert (await decisions(life))[0].commits is None
