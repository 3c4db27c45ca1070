"""Who comes in, from where, and with how much."""

from datetime import UTC, datetime

import pytest
from starlette.routing import Route

from controller import __version__
from controller.web.asgi import application
from controller.web.guard import BODY_LIMIT
from controller.web.refusals import TooManyTries
from controller.web.throttle import MOST, TRIES, WINDOW, Throttle
from tests.unit.web.conftest import bearer
from tests.unit.web.fake_app import DECISION

OPEN = {"/healthz", "/login"}


def all_routes(app, authority):
    return [
        (method, route.path)
        for route in application(app, authority).routes
        if isinstance(route, Route)
        for method in route.methods - {"HEAD"}
    ]


async def test_nothing_is_shown_or_done_without_a_token(client, app, authority):
    for method, path in all_routes(app, authority):
        if path in OPEN:
            continue
        for name in ("digest", "product", "environment", "stack", "action"):
            word = DECISION if name == "digest" else "approve"
            path = path.replace(f"{{{name}}}", word)  # noqa: PLW2901 - filled in, part by part
        answer = await client.request(method, path, headers={"Content-Type": "application/json"})
        refused = answer.status_code in {400, 401, 403} or (
            answer.status_code == 303 and answer.headers["location"].startswith("/login")
        )
        assert refused, (method, path, answer.status_code)
        assert __version__ not in answer.text
    assert app.asked == []


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer wrong", "Basic YTpi", "vera-token"])
async def test_a_wrong_token_is_401(client, value):
    answer = await client.get("/api/overview", headers={"Authorization": value})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_session_of_pages_opens_no_api(client):
    from tests.unit.web.signing_in import sign_in

    await sign_in(client, "ada")
    assert (await client.get("/api/overview")).status_code == 401


async def test_the_health_probe_says_nothing_but_that_we_are_here(client):
    answer = await client.get("/healthz", headers={"Host": "10.1.2.3"})
    assert (answer.status_code, answer.text) == (200, "ok\n")


async def test_pages_want_a_sign_in(client):
    answer = await client.get("/stages/shop/dev?x=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fstages%2Fshop%2Fdev%3Fx%3D1"


async def test_public_pages_are_for_this_machine_only(make_client):
    here = make_client(public_view=True)
    assert (await here.get("/")).status_code == 200
    elsewhere = make_client(public_view=True, peer="192.0.2.7")
    assert (await elsewhere.get("/")).status_code == 303
    named = make_client(public_view=True, hosts=["trueup.example"], base="http://trueup.example")
    assert (await named.get("/")).status_code == 303


async def test_public_pages_tell_no_version_and_offer_no_action(public):
    page = (await public.get("/stages/shop/production")).text
    assert "<form" not in page
    assert __version__ not in page
    assert "Sign in" in page


async def test_public_view_does_not_open_the_api_or_the_metrics(public):
    assert (await public.get("/api/overview")).status_code == 401
    assert (await public.get("/metrics")).status_code == 401


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200), ("localhost", 200), ("[::1]:8080", 200), ("127.8.8.8", 200),
        ("evil.example", 400), ("127.0.0.1.evil.example", 400), ("localhost.evil.example", 400),
        ("", 400), ("10.0.0.1", 400),
    ],
)  # fmt: skip
async def test_only_known_hosts_are_answered(client, host, status):
    """Another site's name may be made to point at this machine: DNS rebinding."""
    answer = await client.get("/api/overview", headers={**bearer(), "Host": host})
    assert answer.status_code == status


async def test_a_configured_host_is_answered(make_client):
    client = make_client(hosts=["Trueup.Example"], base="http://trueup.example:8443")
    assert (await client.get("/api/overview", headers=bearer())).status_code == 200


async def test_a_body_has_a_limit(client):
    headers = {**bearer(), "Content-Type": "application/json"}
    much = b"x" * (BODY_LIMIT + 1)
    assert (
        await client.post("/api/actions/approve", content=much, headers=headers)
    ).status_code == 413

    for told in ("9" * 5000, "-1", "x"):
        answer = await client.post(
            "/api/actions/approve", content=b"{}", headers={**headers, "Content-Length": told}
        )
        assert answer.status_code == 413

    async def trickle():
        for _ in range(BODY_LIMIT // 1000 + 2):
            yield b"x" * 1000

    answer = await client.post("/api/actions/approve", content=trickle(), headers=headers)
    assert answer.status_code == 413


async def test_every_answer_has_the_security_headers(public):
    for path in ("/", "/login", "/nope", "/api/overview", "/healthz", "/static/style.css"):
        headers = (await public.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


async def test_pages_need_no_script_and_no_other_host(public):
    for path in ("/", "/stages/shop/staging", f"/decisions/{DECISION}", "/events", "/findings"):
        page = (await public.get(path)).text
        assert "<script" not in page
        assert " style=" not in page
        assert " onclick" not in page
        found = page.replace("http://www.w3.org/2000/svg", "").replace("http://127.0.0.1", "")
        assert "http://" not in found
        assert "https://" not in found


async def test_a_page_that_breaks_tells_nothing_of_why(public, app):
    app.fails_with = RuntimeError("canary")
    answer = await public.get("/")
    assert answer.status_code == 500
    assert "canary" not in answer.text
    assert "something broke" in answer.text


async def test_a_path_cannot_leave_the_static_folder(public):
    assert (await public.get("/static/..%2fasgi.py")).status_code == 404
    assert (await public.get("/static/../asgi.py")).status_code == 404


async def test_whoever_guesses_tokens_has_to_wait(make_client, app):
    client = make_client(peer="192.0.2.1")
    for _ in range(TRIES):
        assert (await client.get("/api/overview", headers=bearer("wrong"))).status_code == 401
    for headers in (bearer("wrong"), bearer("ada")):
        answer = await client.get("/api/overview", headers=headers)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= WINDOW.total_seconds()
        assert answer.json()["code"] == "web/too-many-tries"
    form = {"token": "ada-token"}
    origin = {"Origin": "http://127.0.0.1:8080"}
    assert (await client.post("/login", data=form, headers=origin)).status_code == 429
    app.instant += WINDOW
    assert (await client.get("/api/overview", headers=bearer())).status_code == 200


async def test_no_token_and_a_right_one_are_no_wrong_tries(client):
    for _ in range(TRIES + 1):
        assert (await client.get("/api/overview")).status_code == 401
        assert (await client.get("/api/overview", headers=bearer())).status_code == 200


async def test_wrong_proofs_of_webhooks_have_to_wait_too_and_close_no_other_door(client):
    for _ in range(TRIES):
        assert (await client.post("/webhooks/gitlab", content=b"{}")).status_code == 401
    assert (await client.post("/webhooks/gitlab", content=b"{}")).status_code == 429
    assert (await client.get("/api/overview", headers=bearer())).status_code == 200


def test_a_network_of_ipv6_is_one_address_and_not_everything_is_remembered():
    throttle = Throttle(lambda: datetime(2030, 1, 1, tzinfo=UTC))
    for number in range(TRIES):
        throttle.note_wrong(f"2001:db8::{number}")
    with pytest.raises(TooManyTries):
        throttle.check("2001:db8::ffff")
    throttle.check("2001:db8:0:1::1")
    for number in range(MOST):
        throttle.note_wrong(f"10.0.{number // 256}.{number % 256}")
    throttle.check("2001:db8::ffff")
