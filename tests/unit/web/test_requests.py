"""Requests for credentials on pages and in the API."""

from dataclasses import replace

import pytest

from tests.unit.web.conftest import bearer
from tests.unit.web.fake_requests import DIGEST, ID, request
from tests.unit.web.signing_in import form_key, sign_in


async def test_requests_are_listed_the_open_ones_first(public, app):
    over = request(id="r-ffffffffffff", phase="expired", is_open=False)
    app.requests.views.insert(0, over)
    page = (await public.get("/requests")).text
    assert page.index(f"/requests/{ID}") < page.index("/requests/r-ffffffffffff")
    app.requests.views.clear()
    assert "Nobody has asked" in (await public.get("/requests")).text


async def test_a_request_is_approved_as_it_was_shown(client, app):
    await sign_in(client, "robin")
    page = (await client.get(f"/requests/{ID}")).text
    assert DIGEST in page
    key = await form_key(client, f"/requests/{ID}")
    form = {"form_key": key, "subject": ID, "expect": DIGEST, "reason": "seen"}
    for action in ("approve-request", "reject-request", "revoke-request"):
        answer = await client.post(f"/actions/{action}", data=form)
        assert answer.status_code == 303
    assert app.asked == [
        ("approve-request", "robin", ID, "seen", DIGEST),
        ("reject-request", "robin", ID, "seen"),
        ("revoke-request", "robin", ID, "seen"),
    ]
    forged = await client.post("/actions/approve-request", data={**form, "form_key": "x"})
    assert forged.status_code == 403


@pytest.mark.parametrize(
    ("name", "buttons"), [("vera", 0), ("olga", 1), ("robin", 3), ("casey", 2)]
)
async def test_each_sees_the_buttons_that_are_for_them(client, name, buttons):
    await sign_in(client, name)
    page = (await client.get(f"/requests/{ID}")).text
    assert page.count('action="/actions/') == buttons


async def test_what_is_over_has_no_buttons_and_what_is_approved_says_how_to_fetch(client, app):
    await sign_in(client, "ada")
    app.requests.views[0] = request(phase="approved")
    assert f"trueup secrets fetch {ID}" in (await client.get(f"/requests/{ID}")).text
    app.requests.views[0] = replace(request(phase="revoked"), is_open=False)
    page = (await client.get(f"/requests/{ID}")).text
    assert 'action="/actions/' not in page
    assert (await client.get("/requests/r-000000000000")).status_code == 404


async def test_the_api_asks_lists_and_hands_over(client, app):
    asked = {"what": "database:main/shop-reader", "ttl": "1h", "reason": "ticket 4711"}
    made = await client.post("/api/requests", json=asked, headers=bearer("vera"))
    assert made.status_code == 201
    assert made.json()["id"] == ID
    (listed,) = (await client.get("/api/requests?open=yes", headers=bearer())).json()
    assert listed == (await client.get(f"/api/requests/{ID}", headers=bearer())).json()
    handed = await client.post(f"/api/requests/{ID}/fetch", headers=bearer("vera"))
    assert handed.json()["token"] == "one-time"
    assert handed.headers["cache-control"] == "no-store"
    assert app.asked[-1] == ("fetch", "vera", ID)
    unknown = await client.post("/api/requests", json={"for": "x"}, headers=bearer())
    assert unknown.status_code == 400
    assert (await client.post(f"/api/requests/{ID}/fetch")).status_code == 401
