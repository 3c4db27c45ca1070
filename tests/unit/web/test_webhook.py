import hashlib
import hmac
from datetime import timedelta

from tests.unit.web.conftest import WEBHOOK_SECRET

BODY = b'{"ref": "refs/heads/main"}'


def signed(body, secret=WEBHOOK_SECRET):
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}"}


async def test_a_signed_call_wakes_the_source_and_nothing_else(client, app):
    answer = await client.post("/webhooks/generic", content=BODY, headers=signed(BODY))
    assert (answer.status_code, answer.json()) == (202, {"woken": True})
    assert app.asked == [("webhook", "reconcile", "")]


async def test_a_call_that_is_not_signed_with_our_secret_does_nothing(client, app):
    for headers in ({}, signed(BODY, "another"), signed(b"other"), {"X-Hub-Signature-256": "é"}):
        raw = {name: value.encode() for name, value in headers.items()}
        answer = await client.post("/webhooks/generic", content=BODY, headers=raw)
        assert answer.status_code == 401
    assert app.asked == []


async def test_a_call_that_is_repeated_at_once_wakes_only_once(client, app):
    for expected in (True, False):
        answer = await client.post("/webhooks/generic", content=BODY, headers=signed(BODY))
        assert answer.json() == {"woken": expected}
    app.instant += timedelta(seconds=11)
    answer = await client.post("/webhooks/generic", content=BODY, headers=signed(BODY))
    assert answer.json() == {"woken": True}
    assert len(app.asked) == 2


async def test_without_a_secret_there_is_no_webhook(make_client, app):
    client = make_client(webhook_secret=None)
    answer = await client.post("/webhooks/generic", content=BODY, headers=signed(BODY))
    assert answer.status_code == 404
    assert app.asked == []
