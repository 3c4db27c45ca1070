import hashlib
import hmac
from datetime import timedelta

import pytest

from controller.diagnostics.secret import SecretText
from controller.web.api import webhooks
from controller.web.guard import BODY_LIMIT, WEBHOOK_LIMIT
from tests.unit.web.conftest import WEBHOOK_SECRET

BODY = b'{"ref": "refs/heads/main"}'
ALL = ("github", "gitlab", "gitea", "generic")


def proof(sender, body=BODY, secret=WEBHOOK_SECRET):
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "github": {"X-Hub-Signature-256": f"sha256={digest}"},
        "gitlab": {"X-Gitlab-Token": secret},
        "gitea": {"X-Gitea-Signature": digest},
        "generic": {"X-Hub-Signature-256": f"sha256={digest}"},
    }[sender]


def numbered(sender, number):
    header = {"github": "X-GitHub-Delivery", "gitlab": "X-Gitlab-Event-UUID"}
    return {header.get(sender, "X-Gitea-Delivery" if sender == "gitea" else "X-Delivery"): number}


async def post(client, sender, body=BODY, headers=None):
    headers = proof(sender, body) if headers is None else headers
    raw = {name: value.encode() for name, value in headers.items()}
    return await client.post(f"/webhooks/{sender}", content=body, headers=raw)


@pytest.mark.parametrize("sender", ALL)
async def test_a_signed_call_wakes_the_source_and_nothing_else(client, app, sender):
    answer = await post(client, sender)
    assert (answer.status_code, answer.json()) == (202, {"woken": True})
    assert app.asked == [("webhook", "reconcile", "")]


@pytest.mark.parametrize("sender", ALL)
async def test_a_call_without_our_secret_does_nothing(client, app, sender):
    name = next(iter(proof(sender)))
    other = next(each for each in ALL if name not in proof(each))
    wrong = [{}, {name: ""}, {name: "é"}, proof(sender, secret="another"), proof(other)]
    if sender != "gitlab":
        wrong.append(proof(sender, b"other"))
    for headers in wrong:
        answer = await post(client, sender, headers=headers)
        assert answer.status_code == 401
    assert app.asked == []


@pytest.mark.parametrize("sender", ALL)
async def test_a_body_that_is_repeated_at_once_wakes_only_once(client, app, sender):
    for number, expected in (("1", True), ("2", False)):
        headers = {**proof(sender), **numbered(sender, number)}
        assert (await post(client, sender, headers=headers)).json() == {"woken": expected}
    app.instant += timedelta(seconds=11)
    assert (await post(client, sender)).json() == {"woken": True}
    assert len(app.asked) == 2


@pytest.mark.parametrize("sender", ALL)
async def test_a_delivery_is_known_for_an_hour(client, app, sender):
    headers = {**proof(sender), **numbered(sender, "d-1")}
    for seconds, expected in ((0, True), (60, False), (3600, True)):
        app.instant += timedelta(seconds=seconds)
        assert (await post(client, sender, headers=headers)).json() == {"woken": expected}
    assert len(app.asked) == 2


async def test_what_is_remembered_is_bounded(client, app, monkeypatch):
    monkeypatch.setattr(webhooks, "MOST", 4)
    for number in range(9):
        body = b"%d" % number
        assert (await post(client, "github", body)).json() == {"woken": True}
    assert (await post(client, "github", b"8")).json() == {"woken": False}
    assert (await post(client, "github", b"0")).json() == {"woken": True}


@pytest.mark.parametrize("sender", ["github", "gitea"])
async def test_a_ping_is_answered_and_wakes_nobody(client, app, sender):
    event = {"github": "X-GitHub-Event", "gitea": "X-Gitea-Event"}[sender]
    answer = await post(client, sender, headers={**proof(sender), event: "ping"})
    assert (answer.status_code, answer.json()) == (202, {"woken": False})
    assert app.asked == []


@pytest.mark.parametrize("sender", [*ALL, "bitbucket"])
async def test_without_a_secret_there_is_no_webhook(make_client, app, sender):
    others = {each: SecretText(WEBHOOK_SECRET) for each in ALL if each != sender}
    client = make_client(webhooks=others)
    answer = await client.post(f"/webhooks/{sender}", content=BODY, headers=proof("github"))
    assert answer.status_code == 404
    assert app.asked == []


async def test_a_push_of_many_commits_is_taken_and_a_larger_one_is_not(client, app):
    large = b"x" * (BODY_LIMIT + 1)
    assert (await post(client, "github", large)).status_code == 202
    too_large = b"x" * (WEBHOOK_LIMIT + 1)
    assert (await post(client, "github", too_large)).status_code == 413
    assert len(app.asked) == 1
