"""Signing in, and what signed-in people send."""

from datetime import timedelta

import pytest

from tests.unit.web.fake_app import COMMIT
from tests.unit.web.signing_in import form_key, sign_in

APPROVAL = {"subject": "shop/production", "expect": COMMIT, "reason": "seen", "next": "/"}


async def test_signing_in_gives_a_strict_cookie(client):
    answer = await sign_in(client, "robin")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "robin" not in cookie
    page = (await client.get("/")).text
    assert "robin" in page
    assert "Sign out" in page


async def test_over_https_the_cookie_is_for_https_only(make_client):
    client = make_client(base="https://127.0.0.1")
    assert "secure" in (await sign_in(client, "robin")).headers["set-cookie"].lower()


async def test_a_wrong_token_signs_nobody_in(client):
    answer = await client.post("/login", data={"token": "wrong"})
    assert answer.status_code == 403
    assert "not known" in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/stages/shop/dev?x=1", "/stages/shop/dev?x=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
        ("", "/"),
    ],
)
async def test_signing_in_leads_to_our_own_pages_only(client, wanted, led_to):
    answer = await client.post("/login", data={"token": "robin-token", "next": wanted})
    assert answer.headers["location"] == led_to


async def test_a_session_ends_after_twelve_hours(client, app):
    await sign_in(client, "robin")
    app.instant += timedelta(hours=11, minutes=59)
    assert (await client.get("/")).status_code == 200
    app.instant += timedelta(minutes=1)
    assert (await client.get("/")).status_code == 303


async def test_signing_out_ends_the_session(client):
    await sign_in(client, "robin")
    kept = dict(client.cookies)
    key = await form_key(client)
    assert (await client.post("/logout", data={"form_key": key})).status_code == 303
    client.cookies.update(kept)
    assert (await client.get("/")).status_code == 303


async def test_an_approval_needs_one_click_and_the_key_of_the_form(client, app):
    await sign_in(client, "robin")
    key = await form_key(client)
    answer = await client.post("/actions/approve", data={**APPROVAL, "form_key": key})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert app.asked == [("robin", "approve", "shop/production", "seen", COMMIT)]
    assert "approved the release that waits for shop/production" in (await client.get("/")).text
    assert "approved the release that" not in (await client.get("/")).text


@pytest.mark.parametrize("key", ["", "wrong", "é"])
async def test_a_forged_form_does_nothing(client, app, key):
    await sign_in(client, "robin")
    answer = await client.post("/actions/approve", data={**APPROVAL, "form_key": key})
    assert answer.status_code == 403
    assert app.asked == []


async def test_the_key_of_another_session_is_no_good(client, make_client, app):
    await sign_in(client, "robin")
    key = await form_key(client)
    other = make_client()
    await sign_in(other, "ada")
    answer = await other.post("/actions/approve", data={**APPROVAL, "form_key": key})
    assert answer.status_code == 403
    assert app.asked == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_form_of_another_site_does_nothing(client, app, headers):
    await sign_in(client, "robin")
    data = {**APPROVAL, "form_key": await form_key(client)}
    answer = await client.post("/actions/approve", data=data, headers=headers)
    assert answer.status_code == 403
    login = await client.post("/login", data={"token": "robin-token"}, headers=headers)
    assert login.status_code == 403
    assert app.asked == []


async def test_a_form_of_our_own_page_is_recognised(client, app):
    await sign_in(client, "robin")
    data = {**APPROVAL, "form_key": await form_key(client)}
    headers = {"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-origin"}
    assert (await client.post("/actions/approve", data=data, headers=headers)).status_code == 303
    assert app.asked


async def test_without_a_session_a_form_leads_to_the_sign_in(public, app):
    answer = await public.post("/actions/approve", data=APPROVAL)
    assert answer.headers["location"].startswith("/login")
    assert app.asked == []


async def test_what_changed_since_the_page_was_shown_is_not_approved(client, app):
    await sign_in(client, "robin")
    data = {**APPROVAL, "expect": "b" * 40, "form_key": await form_key(client)}
    answer = await client.post("/actions/approve", data=data)
    assert answer.status_code == 409
    assert "changed since it was shown" in answer.text
    assert app.asked == []


async def test_a_role_decides_which_buttons_are_there(client):
    await sign_in(client, "olga")
    page = (await client.get("/stages/shop/production")).text
    assert 'action="/actions/suspend"' in page
    assert 'action="/actions/approve"' not in page
    assert "approving needs approver" in page
    await sign_in(client, "vera")
    page = (await client.get("/stages/shop/production")).text
    assert page.count("<form") == 1  # to sign out


async def test_an_unknown_action_is_refused(client):
    await sign_in(client, "robin")
    answer = await client.post("/actions/explode", data={"form_key": await form_key(client)})
    assert answer.status_code == 400


async def test_a_form_must_be_a_form(client):
    await sign_in(client, "robin")
    assert (await client.post("/actions/approve", json=APPROVAL)).status_code == 400
    many = {f"field{number}": "x" for number in range(100)}
    assert (await client.post("/actions/approve", data=many)).status_code == 400
