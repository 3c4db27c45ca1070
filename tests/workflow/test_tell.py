"""Receivers of events that refuse, or are away: nothing waits behind one event for ever."""

from datetime import timedelta

import pytest

from controller.adapters.notify.webhook import ReceiverRefused, ReceiverUnreachable
from tests.support.worlds import AUTHOR, Life, MemoryWorld

CHAT = """\
apiVersion: platform/v1
kind: Notification
metadata: {name: NAME}
spec: {to: {log: {}}, severity: normal, reasons: [A, B, C, Notification*]}
"""
REFUSED = ReceiverRefused.because("the webhook answered 400", hint="look at the receiver")
AWAY = ReceiverUnreachable.because("the webhook does not answer")


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


async def begun(world: MemoryWorld, *names: str) -> Life:
    chats = "---\n".join(CHAT.replace("NAME", name) for name in names or ("chat",))
    world.repository.commit({"platform/chat.yaml": chats}, author=AUTHOR)
    return await started(world)


async def started(world: MemoryWorld) -> Life:
    life = world.start()
    await life.begin()
    await life.settle()
    return life


async def happen(life: Life, *reasons: str) -> None:
    for reason in reasons:
        await life.parts.recording.event("source:repository", reason, "happened")
    await life.settle()


def received(world: MemoryWorld) -> list[str]:
    return [event.reason for event in world.notifier.received]


async def found(life: Life) -> list[str]:
    return [each.message for each in await life.app.findings()]


async def test_a_refused_event_is_set_aside_with_a_word_and_the_next_ones_are_sent(world) -> None:
    life = await begun(world)
    world.notifier.refuses = {"A": REFUSED}
    await happen(life, "A", "A", "B")

    assert received(world) == ["B"]
    (told,) = await life.events("NotificationSetAside")
    assert "`A` of source:repository, is not told: the webhook answered 400" in told
    (again,) = await life.events("NotificationTaken")
    assert "2 events from" in again
    assert await found(life) == []


async def test_a_receiver_that_refuses_all_is_a_finding_and_one_event(world) -> None:
    life = await begun(world)
    world.notifier.refuses = {"*": REFUSED}
    await happen(life, "A", "B", "C")
    again = await started(world)

    assert received(world) == []
    (finding,) = await found(again)
    assert "of `Notification/chat`, 3 events from" in finding
    assert len(await again.events("NotificationSetAside")) == 1

    world.repository.commit({"platform/chat.yaml": CHAT.replace("NAME", "other")})
    await again.pass_time(31)
    await happen(again, "A")
    assert not [each for each in await found(again) if "Notification/chat" in each]


async def test_two_that_refuse_each_others_news_come_to_an_end(world) -> None:
    life = await begun(world, "chat", "mail")
    world.notifier.refuses = {"*": REFUSED}
    await happen(life, "A")
    assert len(await life.events("NotificationSetAside")) == 2
    world.notifier.refuses = {"NotificationSetAside": REFUSED, "NotificationTaken": REFUSED}
    await happen(life, "B", "C")
    assert received(world) == ["B", "C"]


async def test_a_receiver_may_be_away_for_a_day_and_misses_nothing(world) -> None:
    life = await begun(world)
    world.notifier.refuses = {"*": AWAY}
    await happen(life, "A", "B")
    for _ in range(30):
        await life.pass_time(60)
    world.notifier.refuses = {}
    again = await started(world)
    await again.pass_time(600)
    assert received(world) == ["A", "B"]
    assert await again.events("NotificationSetAside") == []


async def test_what_could_not_be_told_for_a_day_is_set_aside_loudly(world) -> None:
    life = await begun(world)
    world.notifier.refuses = {"*": AWAY}
    await happen(life, "A", "B")
    for _ in range(12):
        await life.pass_time(60)
    world.clock.advance(timedelta(days=1).total_seconds())
    again = await started(world)
    await happen(again, "C")
    assert received(world) == []
    assert len(await again.events("NotificationSetAside")) == 1
    (finding,) = [each for each in await found(again) if "Notification/chat" in each]
    assert "2 events from" in finding

    world.notifier.refuses = {}
    await again.pass_time(600)
    assert received(world) == ["C"]
    assert len(await again.events("NotificationTaken")) == 1
    assert await found(again) == []


async def test_a_kill_between_setting_aside_and_the_next_place_counts_once(world) -> None:
    life = await begun(world)
    world.notifier.refuses = {"*": REFUSED}
    place = await world.ledger.fact("told/chat")
    await happen(life, "A")
    await world.ledger.set_fact("told/chat", place)
    again = await started(world)
    await happen(again)
    (finding,) = await found(again)
    assert "event" in finding and "was set aside" in finding
    assert len(await again.events("NotificationSetAside")) == 1
