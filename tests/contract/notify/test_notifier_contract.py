"""What every receiver does, and what only a webhook can get wrong."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from structlog.testing import capture_logs

from controller.adapters.notify.log import LogNotifier
from controller.adapters.notify.memory import MemoryNotifier
from controller.adapters.notify.webhook import ReceiverRefused, ReceiverUnreachable, WebhookNotifier
from controller.diagnostics.errors import Stalled, Transient
from controller.diagnostics.secret import SecretText
from controller.model.event import Event, EventType
from controller.ports.notify import Notifier

EVENT = Event(
    at=datetime(2030, 1, 1, tzinfo=UTC),
    type=EventType.WARNING,
    reason="DriftFound",
    subject="unit:shop/dev/shop-api",
    message="Größe changed",
    revision="sha1:" + "a" * 40,
    number=7,
)
ADDRESS = "https://chat.example.com/hooks/canary-91f0"
Handler = Callable[[httpx.Request], httpx.Response]


def webhook(handler: Handler, key: str | None = "key") -> WebhookNotifier:
    secret = SecretText(key) if key else None
    return WebhookNotifier(SecretText(ADDRESS), secret, transport=httpx.MockTransport(handler))


@pytest.fixture(params=["memory", "log", "webhook"])
def notifier(request: pytest.FixtureRequest) -> Notifier:
    if request.param == "memory":
        return MemoryNotifier()
    if request.param == "log":
        return LogNotifier("warnings")
    return webhook(lambda _request: httpx.Response(204))


async def test_an_event_can_be_sent_again_and_closing_can_be_repeated(notifier: Notifier) -> None:
    await notifier.send(EVENT)
    await notifier.send(EVENT)
    await notifier.close()
    await notifier.close()


async def test_memory_keeps_an_event_once_and_fails_when_told() -> None:
    memory = MemoryNotifier(fails_with=ReceiverUnreachable.because("down"))
    with pytest.raises(Transient):
        await memory.send(EVENT)
    await memory.send(EVENT)
    await memory.send(EVENT)
    assert memory.received == [EVENT]


async def test_the_log_says_what_happened_and_how_bad_it_is() -> None:
    with capture_logs() as lines:
        notifier = LogNotifier("warnings")
        await notifier.send(EVENT)
        await notifier.send(replace(EVENT, type=EventType.NORMAL))
    assert [line["log_level"] for line in lines] == ["warning", "info"]
    assert lines[0]["notification"] == "warnings"
    assert lines[0]["subject"] == EVENT.subject


async def test_a_webhook_gets_the_event_signed_and_the_same_again() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    notifier = webhook(answer)
    await notifier.send(EVENT)
    await notifier.send(EVENT)
    first, second = seen
    assert first.method == "POST" and str(first.url) == ADDRESS
    assert (first.content, first.headers) == (second.content, second.headers)
    body = json.loads(first.content)
    assert body["message"] == EVENT.message and body["id"] == first.headers["X-Trueup-Id"]
    signed = first.headers["X-Trueup-Timestamp"].encode() + b"." + first.content
    expected = hmac.new(b"key", signed, hashlib.sha256).hexdigest()
    assert first.headers["X-Trueup-Signature"] == f"sha256={expected}"


async def test_without_a_key_nothing_is_signed() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    await webhook(answer, key=None).send(EVENT)
    assert "X-Trueup-Signature" not in seen[0].headers


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, ReceiverUnreachable),
        (503, ReceiverUnreachable),
        (429, ReceiverUnreachable),
        (408, ReceiverUnreachable),
        (400, ReceiverRefused),
        (401, ReceiverRefused),
        (404, ReceiverRefused),
        (302, ReceiverRefused),
    ],
)
async def test_an_answer_says_whether_to_come_again(status: int, error: type[Exception]) -> None:
    elsewhere = {"Location": "https://elsewhere.example.com/"}
    notifier = webhook(lambda _request: httpx.Response(status, headers=elsewhere))
    with pytest.raises(error) as caught:
        await notifier.send(EVENT)
    assert "canary" not in str(caught.value)
    assert "chat.example.com" in str(caught.value)


async def test_who_does_not_answer_is_asked_again_later() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout(f"no answer from {request.url}")

    with pytest.raises(ReceiverUnreachable) as caught:
        await webhook(answer).send(EVENT)
    assert "canary" not in str(caught.value)


async def test_an_address_that_is_none_is_refused() -> None:
    notifier = WebhookNotifier(SecretText("canary of a file"))
    with pytest.raises(Stalled) as caught:
        await notifier.send(EVENT)
    assert "canary" not in str(caught.value)
    await notifier.close()
