from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.adapters.ledger.memory import MemoryLedger
from controller.adapters.ledger.sqlite import SqliteLedger
from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.errors import Bug
from controller.diagnostics.span import Span
from controller.model.decision import Approval
from controller.model.event import Event, EventType
from controller.model.issuance import Issuance, Question, RequestPhase, Target, TargetKind, Word
from controller.model.names import Commit, Digest, SecretName, StageName, UnitName
from controller.model.release import Release
from controller.model.retention import OldEvents
from controller.model.status import JournalStep, SecretStatus, StageStatus, StepState, UnitStatus
from controller.ports.ledger import Ledger

NOW = datetime(2030, 1, 1, 12, 30, 0, 123456, tzinfo=UTC)
COMMIT = Commit("a" * 40)
DIGEST = Digest("sha256:" + "b" * 64)
DEV = StageName("shop", "dev")


@pytest.fixture(params=["memory", "sqlite"])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    opened: Ledger = (
        MemoryLedger() if request.param == "memory" else SqliteLedger.open(tmp_path / "ledger.db")
    )
    yield opened
    await opened.close()


def event(subject: str = "unit:shop/dev/api", message: str = "applied") -> Event:
    return Event(NOW, EventType.NORMAL, "Applied", subject, message, f"main@sha1:{COMMIT}")


async def test_what_was_never_written_is_none(ledger: Ledger):
    assert await ledger.release("shop", DIGEST) is None
    assert await ledger.unit(UnitName("a", "b", "c")) is None
    assert await ledger.stage(DEV) is None
    assert await ledger.secret(SecretName("a", "b", "c")) is None
    assert await ledger.fact("head") is None


async def test_the_last_status_of_a_unit_stands(ledger: Ledger):
    first = UnitStatus(UnitName("shop", "dev", "api"), COMMIT)
    await ledger.put_unit(first)
    second = replace(first, failures=3, updated_at=NOW)
    await ledger.put_unit(second)
    assert await ledger.unit(first.name) == second
    assert list(await ledger.units()) == [second]


async def test_many_statuses_are_written_at_once(ledger: Ledger):
    units = [UnitStatus(UnitName("shop", "dev", name), COMMIT) for name in ("b", "a")]
    await ledger.put_unit(units[0])
    await ledger.put_units([replace(unit, failures=2) for unit in units])
    await ledger.put_units([])
    assert [(u.name.stack, u.failures) for u in await ledger.units(DEV)] == [("a", 2), ("b", 2)]
    await ledger.remove_unit(units[0].name)
    assert await ledger.unit(units[0].name) is None
    assert [unit.name for unit in await ledger.units()] == [units[1].name]


async def test_units_are_given_by_name_and_by_stage(ledger: Ledger):
    names = [UnitName(*parts.split("/")) for parts in ("shop/dev/b", "shop/prod/a", "shop/dev/a")]
    for name in names:
        await ledger.put_unit(UnitStatus(name, COMMIT))
    assert [str(unit.name) for unit in await ledger.units()] == [
        "shop/dev/a",
        "shop/dev/b",
        "shop/prod/a",
    ]
    assert [unit.name.stack for unit in await ledger.units(DEV)] == ["a", "b"]


async def test_a_removed_unit_is_gone_and_removing_it_again_is_no_error(ledger: Ledger):
    name = UnitName("shop", "dev", "api")
    await ledger.put_unit(UnitStatus(name, COMMIT))
    await ledger.remove_unit(name)
    await ledger.remove_unit(name)
    assert await ledger.unit(name) is None


async def test_stages_and_secrets_are_kept(ledger: Ledger):
    stage = StageStatus(DEV, COMMIT, DIGEST, ready=True, updated_at=NOW)
    secret = SecretStatus(SecretName("shop", "dev", "key"), message="not yet")
    other = SecretStatus(SecretName("shop", "prod", "key"))
    await ledger.put_stage(stage)
    await ledger.put_secret(other)
    await ledger.put_secret(secret)
    assert await ledger.stage(DEV) == stage
    assert list(await ledger.stages()) == [stage]
    assert await ledger.secret(secret.name) == secret
    assert list(await ledger.secrets(DEV)) == [secret]
    assert list(await ledger.secrets()) == [secret, other]


async def test_events_are_numbered_from_one_without_a_gap(ledger: Ledger):
    stored = [await ledger.append(event(message=str(number))) for number in range(5)]
    assert [found.number for found in stored] == [1, 2, 3, 4, 5]
    assert list(await ledger.events()) == stored


async def test_without_after_the_newest_events_are_given_the_oldest_first(ledger: Ledger):
    for number in range(6):
        await ledger.append(event("even" if number % 2 else "odd"))
    assert [found.number for found in await ledger.events(limit=2)] == [5, 6]
    assert [found.number for found in await ledger.events(subject="odd", limit=2)] == [3, 5]


async def test_after_a_number_the_next_events_are_given(ledger: Ledger):
    for number in range(6):
        await ledger.append(event("even" if number % 2 else "odd"))
    assert [found.number for found in await ledger.events(after=2, limit=3)] == [3, 4, 5]
    assert [found.number for found in await ledger.events(subject="even", after=2)] == [4, 6]
    assert list(await ledger.events(after=6)) == []


async def test_the_chain_of_events_holds(ledger: Ledger):
    assert await ledger.verify_chain() is None
    for number in range(5):
        await ledger.append(event(message=f"→ {number}\n\x00"))
    assert await ledger.verify_chain() is None


async def test_attempts_count_by_subject_and_revision(ledger: Ledger):
    first = await ledger.begin_run("unit:a", "r1", NOW)
    second = await ledger.begin_run("unit:a", "r1", NOW)
    other = await ledger.begin_run("unit:a", "r2", NOW)
    elsewhere = await ledger.begin_run("unit:b", "r1", NOW)
    assert [run.attempt for run in (first, second, other, elsewhere)] == [1, 2, 1, 1]
    assert len({run.id for run in (first, second, other, elsewhere)}) == 4
    assert (first.subject, first.revision, first.started_at) == ("unit:a", "r1", NOW)


async def test_runs_that_were_not_ended_are_open_with_their_steps(ledger: Ledger):
    ended = await ledger.begin_run("unit:a", "r", NOW)
    left = await ledger.begin_run("unit:a", "r", NOW)
    started = JournalStep(left.id, "plan", StepState.STARTED, NOW, pid=12, pid_started=1.5)
    await ledger.write_step(started)
    await ledger.end_run(ended.id, "done", NOW + timedelta(seconds=1))
    assert list(await ledger.open_runs()) == [replace(left, steps=(started,))]


async def test_the_latest_state_of_a_step_stands_and_steps_keep_their_order(ledger: Ledger):
    run = await ledger.begin_run("unit:a", "r", NOW)
    plan = JournalStep(run.id, "plan", StepState.STARTED, NOW)
    apply = JournalStep(run.id, "apply", StepState.STARTED, NOW)
    done = replace(plan, state=StepState.DONE, ended_at=NOW, detail="1 create")
    for step in (plan, apply, done):
        await ledger.write_step(step)
    assert (await ledger.runs("unit:a"))[0].steps == (done, apply)


async def test_runs_are_given_the_newest_first(ledger: Ledger):
    begun = [await ledger.begin_run("unit:a", "r", NOW) for _ in range(12)]
    assert [run.id for run in await ledger.runs("unit:a", 3)] == [
        begun[11].id,
        begun[10].id,
        begun[9].id,
    ]
    assert list(await ledger.runs("unit:b")) == []


async def test_the_first_result_of_a_run_stands(ledger: Ledger):
    run = await ledger.begin_run("unit:a", "r", NOW)
    await ledger.end_run(run.id, "done", NOW)
    await ledger.end_run(run.id, "interrupted", NOW + timedelta(days=1))
    assert list(await ledger.runs("unit:a")) == [replace(run, result="done", ended_at=NOW)]


async def test_a_run_that_was_never_begun_is_a_bug(ledger: Ledger):
    with pytest.raises(Bug, match="no run `unit:a#1`"):
        await ledger.end_run("unit:a#1", "done", NOW)
    with pytest.raises(Bug, match="no run `unit:a#1`"):
        await ledger.write_step(JournalStep("unit:a#1", "plan", StepState.DONE, NOW))


async def test_old_ended_runs_are_forgotten_and_open_ones_kept(ledger: Ledger):
    left = await ledger.begin_run("unit:a", "r", NOW)
    ids = {left.id}
    for number in range(120):
        run = await ledger.begin_run("unit:a", f"r{number % 3}", NOW)
        ids.add(run.id)
        await ledger.write_step(JournalStep(run.id, "plan", StepState.DONE, NOW))
        await ledger.end_run(run.id, "done", NOW)
    found = await ledger.runs("unit:a", 1000)
    assert len(ids) == 121
    assert len(found) == 51
    assert found[0].id == run.id
    assert found[-1].id == left.id


async def test_the_release_that_was_seen_first_stands(ledger: Ledger):
    first = Release("shop", COMMIT, DIGEST, "subject", "author", NOW)
    again = Release("shop", Commit("c" * 40), DIGEST)
    assert await ledger.put_release(first) == first
    assert await ledger.put_release(again) == first
    newer = Release("shop", Commit("c" * 40), Digest("sha256:" + "c" * 64))
    await ledger.put_release(newer)
    await ledger.put_release(replace(newer, product="other"))
    assert list(await ledger.releases("shop")) == [newer, first]
    assert list(await ledger.releases("shop", limit=1)) == [newer]


async def test_each_persons_last_word_counts_once(ledger: Ledger):
    words = [
        Approval(DEV, DIGEST, "ann", NOW, "good"),
        Approval(DEV, DIGEST, "bob", NOW),
        Approval(DEV, DIGEST, "ann", NOW, "still good"),
    ]
    for word in words:
        await ledger.put_approval(word)
    assert list(await ledger.approvals(DEV, DIGEST)) == [words[2], words[1]]
    assert list(await ledger.approvals(DEV, Digest("sha256:" + "0" * 64))) == []
    assert list(await ledger.approvals(StageName("shop", "prod"), DIGEST)) == []


async def test_findings_of_a_scope_are_replaced(ledger: Ledger):
    span = Span("a.yaml", 1, 2, 1, 4)
    first = Diagnostic("load/unknown-key", "no", span, "yes", "do", source="a: b")
    second = Diagnostic("policy/denied", "no")
    await ledger.put_findings("load", COMMIT, [first, second])
    await ledger.put_findings("access", COMMIT, [second])
    assert list(await ledger.findings()) == [
        ("access", second),
        ("load", first),
        ("load", second),
    ]
    await ledger.put_findings("load", COMMIT, [])
    assert list(await ledger.findings()) == [("access", second)]


async def test_a_fact_is_overwritten(ledger: Ledger):
    assert await ledger.fact("head") is None
    await ledger.set_fact("head", "one")
    assert await ledger.fact("head") == "one"
    await ledger.set_fact("head", "two")
    assert await ledger.fact("head") == "two"


async def test_a_request_is_written_with_what_is_told_of_it(ledger: Ledger):
    day = timedelta(days=1)
    question = Question("casey", "robin", Target(TargetKind.SSH, "main/ops", user="ops"), day, "x")
    other = replace(question, reason="another")
    row = Issuance(question, NOW, NOW + day, words=(Word("dana", NOW, question.digest),))
    told = Event(NOW, EventType.NORMAL, "CredentialAsked", f"issue:{row.id}", "asked")
    await ledger.put_issuance(row, [told])
    await ledger.put_issuance(Issuance(other, NOW, NOW + day), [])
    assert await ledger.issuance(row.id) == row
    assert await ledger.issuance("r-000000000000") is None
    assert [e.message for e in await ledger.events(subject=f"issue:{row.id}")] == ["asked"]
    over = replace(row, phase=RequestPhase.EXPIRED, ended_at=NOW)
    await ledger.put_issuance(over, [])
    assert [found.id for found in await ledger.issuances()] == [other.id, row.id]
    assert [found.id for found in await ledger.issuances(is_open=True)] == [other.id]
    assert [found.id for found in await ledger.issuances(limit=1)] == [other.id]
    assert await ledger.verify_chain() is None


async def numbers(ledger: Ledger, subject: str | None = None) -> list[int]:
    return [found.number for found in await ledger.events(subject=subject, limit=1000)]


async def test_old_events_go_but_the_newest_of_a_subject_and_what_nobody_was_told(ledger: Ledger):
    for number in range(12):
        told = replace(event("even" if number % 2 else "odd"), at=NOW + timedelta(days=number))
        await ledger.append(told)
    assert list(await ledger.event_subjects()) == ["even", "odd"]
    old = OldEvents(NOW + timedelta(days=8), newest=3, below=5)
    assert list(await ledger.old_events("odd", old, 10)) == [1, 3]
    assert list(await ledger.old_events("odd", old, 1)) == [1]
    assert list(await ledger.old_events("even", replace(old, newest=5), 10)) == [2]
    assert list(await ledger.old_events("even", replace(old, newest=6), 10)) == []
    assert list(await ledger.old_events("odd", replace(old, before=NOW), 10)) == []
    assert await numbers(ledger) == list(range(1, 13))


async def test_the_chain_holds_past_events_that_were_forgotten(ledger: Ledger):
    for _ in range(9):
        await ledger.append(event())
    for gone in ([2], [4], [3], [6, 7], [1], [9], [9]):
        await ledger.forget_events(gone)
        assert await ledger.verify_chain() is None
    assert await numbers(ledger) == [5, 8]
    assert [e.number for e in await ledger.events(after=2, limit=1)] == [5]
    assert (await ledger.append(event())).number == 10
    assert await ledger.verify_chain() is None
    await ledger.forget_events([5, 8, 10])
    assert (await numbers(ledger), await ledger.verify_chain()) == ([], None)
    assert (await ledger.append(event())).number == 11


async def test_facts_are_given_by_the_beginnings_of_their_names_and_forgotten(ledger: Ledger):
    for name in ("gate/a", "gate/b", "proof/a"):
        await ledger.set_fact(name, name)
    assert list(await ledger.facts("gate/")) == ["gate/a", "gate/b"]
    assert dict(await ledger.facts("gate/b", "proof/")) == {
        "gate/b": "gate/b",
        "proof/a": "proof/a",
    }
    await ledger.set_fact("gate/b", "another word by now")
    await ledger.forget_facts({"gate/a": "gate/a", "gate/b": "gate/b", "none": ""})
    assert await ledger.fact("gate/a") is None
    assert await ledger.facts() == {"gate/b": "another word by now", "proof/a": "proof/a"}


async def test_forgotten_releases_take_the_words_for_them_along(ledger: Ledger):
    other = Digest("sha256:" + "c" * 64)
    for product in ("shop", "shop2"):
        for digest in (DIGEST, other):
            await ledger.put_release(Release(product, COMMIT, digest))
            stage = StageName(product, "dev")
            await ledger.put_approval(Approval(stage, digest, "grace", NOW))
    await ledger.forget_releases("shop", {DIGEST})
    assert [found.digest for found in await ledger.releases("shop")] == [other]
    assert len(await ledger.releases("shop2")) == 2
    given = [await ledger.approvals(StageName(p, "dev"), DIGEST) for p in ("shop", "shop2")]
    assert [len(found) for found in given] == [0, 1]
    assert len(await ledger.approvals(DEV, other)) == 1
    assert await ledger.give_back(10) >= 0
