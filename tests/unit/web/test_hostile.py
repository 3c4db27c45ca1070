"""Whatever is sent to a real App, the answer is one of ours: no 500, and no trace of the code."""

import json
import re
from itertools import cycle, product

import httpx
import pytest
from starlette.routing import Route

from controller.web.acting import ACTIONS
from controller.web.api.description import QUERIES
from controller.web.api.table import ORDERS
from controller.web.asgi import application
from tests.unit.web.conftest import bearer
from tests.unit.web.signing_in import form_key, sign_in

DIGEST = "sha256:" + "9" * 64
RIGHT = {
    "product": "shop", "environment": "dev", "stack": "shop-api", "gate": "shop-load",
    "digest": DIGEST, "commit": "9" * 40, "name": "shop-traffic", "request": "r-0123456789ab",
    "id": "20300101-120000", "action": "approve",
}  # fmt: skip
HOSTILE = (
    "..%2f..%2fetc", "%2e%2e", "%00", "%ff%fe", "SHOP", "-", "a" * 300, "%3Cscript%3E",
    "%F0%9F%92%A5", "%0d%0aX:y", "';--", "9" * 5000, "sha256:", "%25s", "{}",
)  # fmt: skip
ASKED = {
    **{path.format(**RIGHT): names for path, names in QUERIES.items()},
    "/": ("refresh",), "/events": ("subject", "after"), "/login": ("next",), "/metrics": ("units",),
}  # fmt: skip
TEXTS = (
    "", " ", "x" * 900, "9" * 5000, "-1", "٣", "\ud800", "\x00", "a\nb", "../..", "{0}", "%s",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "9" * 40, DIGEST, "yes",
)  # fmt: skip
SUBJECTS = (
    "shop/dev", "shop/dev/shop-api", "shop/dev/shop-load", "shop/dev/shop-api-key", "dev",
    "r-0123456789ab", "no/such", "no/such/thing", "../x", "SHOP/DEV", "\ud800", "a" * 5000,
)  # fmt: skip


@pytest.fixture
async def served(life, authority):
    return application(life.app, authority)


@pytest.fixture
async def asking(served):
    transport = httpx.ASGITransport(served, client=("127.0.0.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield client


def wrong_with(answer):
    """Tell what is wrong with an answer, whatever was asked; nothing for one that may be."""
    if answer.status_code >= 500 and answer.status_code != 503:
        return f"{answer.status_code}"
    if "Traceback" in answer.text or ".py" in answer.text:
        return "it shows code"
    if answer.status_code < 400 or not answer.request.url.path.startswith("/api/"):
        return ""
    return "" if set(answer.json()) == {"code", "message", "hint", "kind"} else "no error of ours"


def addresses(served):
    """Give every address that is read, with each part wrong in turn, then with each query wrong."""
    paths = [r.path for r in served.routes if isinstance(r, Route) and "GET" in r.methods]
    for path in paths:
        parts = re.findall(r"{(\w+)}", path)
        for part in parts:
            for word in HOSTILE:
                yield path.format(**{**RIGHT, part: word})
    for path, names in ASKED.items():
        for name in names:
            for word in HOSTILE:
                yield f"{path}?{name}={word}"


async def test_no_address_breaks_the_controller(served, asking):
    await sign_in(asking, "ada")
    found = {}
    for address in addresses(served):
        answer = await asking.get(address, headers=bearer())
        if wrong := wrong_with(answer):
            found[address[:100]] = wrong
    assert found == {}


def orders():
    """Give every action with every subject, and every other order with each of its texts wrong."""
    wrong = cycle(product(("reason", "expect", "until", "release"), TEXTS))
    for action in ACTIONS:
        for subject in SUBJECTS:
            key, text = next(wrong)
            yield f"/api/actions/{action}", {"subject": subject, "reason": "needed", key: text}
    right = {"subject": "shop/dev/shop-api", "selector": "all", "expect": "1", "ttl": "1h",
             "what": "secret:shop/dev/shop-api-key", "reason": "because it is needed"}  # fmt: skip
    for path, order in ORDERS.items():
        for key in order.keys if "{" not in path else ():
            given = {name: text for name, text in right.items() if name in order.keys}
            for text in TEXTS:
                yield path, {**given, key: text}


async def test_no_order_breaks_the_controller(asking):
    found = {}
    for path, body in orders():
        answer = await asking.post(
            path, content=json.dumps(body),
            headers={**bearer(), "Content-Type": "application/json"},
        )  # fmt: skip
        if wrong := wrong_with(answer):
            found[f"{path} {body}"[:200]] = wrong
    assert found == {}


async def test_no_body_breaks_the_controller(asking):
    headers = {**bearer(), "Content-Type": "application/json"}
    bodies = (
        b"", b"null", b"1e999", b"NaN", b'"x"', b"[[]]", b"{", b"\xff\xfe{}", b'{"subject": null}',
        b'{"subject": {"a": 1}}', b'{"__proto__": "x"}', b'{"subject": ' + b"9" * 5000 + b"}",
        b"[" * 60000,
    )  # fmt: skip
    for path in ("actions/hold", "adoptions", "drills", "requests", "capacity-proposals"):
        for body in bodies:
            answer = await asking.post(f"/api/{path}", content=body, headers=headers)
            assert wrong_with(answer) == "", (path, body[:50], answer.text)
            assert answer.status_code == 400, (path, body[:50])


async def test_no_header_breaks_the_controller(asking):
    await sign_in(asking, "ada")
    key = await form_key(asking)
    values = ("http://[", "http://127.0.0.1:x", "[::1", "é", ";;=", "a" * 9000)
    for name in ("Referer", "Origin", "Cookie", "Authorization", "Host", "Accept"):
        for value in values:
            for method, path in (("GET", "/no"), ("GET", "/api/units"), ("POST", "/actions/lift")):
                answer = await asking.request(
                    method, path, headers={name: value.encode()},
                    content=f"form_key={key}&subject=shop/dev" if method == "POST" else None,
                )  # fmt: skip
                assert wrong_with(answer) == "", (name, value, path, answer.text)


async def test_a_form_of_no_page_of_ours_does_nothing(asking, life):
    await sign_in(asking, "ada")
    key = await form_key(asking)
    for action in ("gc", "unlock", "restore-state", "nothing"):
        form = {"form_key": key, "subject": "shop/dev/shop-api", "expect": "1"}
        answer = await asking.post(f"/actions/{action}", data=form)
        assert answer.status_code == 400, (action, answer.text)


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("units/shop/dev/shop-ap", "shop/dev/shop-api"),
        ("stages/shop/prodution", "shop/production"),
        ("gates/shop/dev/shop-laod", "shop-load"),
        ("history/shop/stagin", "shop/staging"),
    ],
)
async def test_what_is_not_there_is_asked_about(asking, path, meant):
    answer = await asking.get(f"/api/{path}", headers=bearer())
    assert answer.status_code == 404
    assert f"did you mean `{meant}`?" in answer.json()["hint"]
    answer = await asking.get("/api/units/zzz/zzz/zzz", headers=bearer())
    assert answer.json()["hint"] == "`trueup get units` lists them"
