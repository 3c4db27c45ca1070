from dataclasses import replace
from html.parser import HTMLParser

import pytest

from controller.model.measurement import GateRuling
from tests.unit.web.fake_app import (
    COMMIT,
    DECISION,
    EVIDENCE,
    FINDING,
    PLAN_FILE,
    RECORD,
    SECRET,
    events,
    gate,
    stage,
    unit,
)  # fmt: skip
from tests.unit.web.signing_in import sign_in

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>`{{7*7}}"
PATHS = ("/", "/stages/shop/dev", f"/decisions/{DECISION}", "/events", "/findings")


async def text_of(client, path):
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_the_overview_shows_each_stage_with_what_matters(public):
    page = await text_of(public, "/")
    for word in (
        "The shop", "dev", "staging", "production", "healthy", "degraded", "1 differs", "41.2 ms",
        "163 ms", "wanted &lt;150ms", "the approval of one person", "Sign in to approve",
        "12 s ago",        COMMIT[:8], "Show recommendations", "DriftDetected", "has no key",
    ):  # fmt: skip
        assert word in page, word


async def test_the_overview_offers_the_approval_of_what_is_shown(client):
    await sign_in(client, "robin")
    page = await text_of(client, "/")
    assert "Approve a3f1c09e" in page
    assert f'name="expect" value="{COMMIT}"' in page


async def test_a_held_stage_says_so_beside_its_health(public, app):
    waits = "shop/dev is held where it is by olga until it is lifted: sale"
    app.stage_views = (stage("dev", held_by="olga", held_because="sale", waiting_for=waits),)
    for path in ("/", "/stages/shop/dev"):
        page = await text_of(public, path)
        assert '<span class="pill warn" title="by olga: sale">held</span>' in page
        assert f"<b>Waiting:</b> {waits}" in page


async def test_what_gates_said_of_another_release_is_told_apart(public, app):
    app.stage_views = (stage("dev", release="sha256:" + "9" * 64),)
    page = await text_of(public, "/stages/shop/dev")
    here, _, before = page.partition("Answers for the release before")
    assert "No gate has answered for this release." in here
    assert gate().gate in before and gate().gate not in here


async def test_the_overview_comes_again_unless_somebody_stops_it(public):
    assert 'http-equiv="refresh" content="5"' in await text_of(public, "/")
    assert "http-equiv" not in await text_of(public, "/?refresh=off")
    assert "http-equiv" not in await text_of(public, "/stages/shop/production")


async def test_an_overview_of_nothing_says_so(public, app):
    app.stage_views = ()
    app.finding_views = ()
    app.event_views = []
    page = await text_of(public, "/")
    assert "no findings" in page
    assert "Nothing has happened yet" in page


async def test_a_stage_shows_the_drift_as_a_diff(public):
    page = await text_of(public, "/stages/shop/staging")
    assert "<del>Welcome to the shop</del>" in page
    assert "<ins>hacked by hand</ins>" in page
    assert "module.stack.local_service.this" in page
    assert "shop-api-key" in page
    assert "errorRate of all requests" in page


async def test_a_sensitive_attribute_is_not_shown(public, app):
    change = app.unit_views[2].drift_changes[0]
    hidden = replace(change.attributes[0], before="canary", after="canary", sensitive=True)
    app.unit_views = (
        unit("staging", "shop-api", drift_changes=(replace(change, attributes=(hidden,)),)),
    )
    page = await text_of(public, "/stages/shop/staging")
    assert "canary" not in page
    assert "sensitive, not shown" in page


async def test_a_plan_that_waits_can_be_approved_as_it_was_shown(client, app):
    await sign_in(client, "robin")
    page = await text_of(client, "/stages/shop/production")
    assert "A plan waits for an approval" in page
    assert f'name="expect" value="{app.unit_views[3].plan_waiting}"' in page


async def test_every_decision_about_a_stage_is_listed(public):
    page = await text_of(public, "/stages/shop/production/history")
    for word in (
        "Decisions about shop/production", "held by olga", "the rules", "verified in shop/staging",
        "not checked", f'href="/decisions/{DECISION}"',
    ):  # fmt: skip
        assert word in page, word
    assert 'href="/stages/shop/production/history"' in await text_of(
        public, "/stages/shop/production"
    )


async def test_a_decision_shows_its_evidence(public):
    page = await text_of(public, f"/decisions/{DECISION}")
    for word in (
        "promote", "verified in shop/staging, approved by robin", "not ok", "unknown", "41.2 ms",
        "not known", "seen in staging", "robin", "77be2d14", COMMIT,
        f'href="/evidence/{EVIDENCE}"', f'href="/decisions/{DECISION}/raw"',
        "refused", "its content was changed since", "What is known", "feat: baskets",
        "and 1 more: Features",
    ):  # fmt: skip
        assert word in page, word
    raw = await public.get(f"/decisions/{DECISION}/raw")
    assert raw.json() == RECORD
    assert (await public.get(f"/evidence/{EVIDENCE}")).json()["load_test"] == "shop-load"
    assert (await public.get(f"/evidence/{PLAN_FILE}")).status_code == 400


@pytest.mark.parametrize(
    "record",
    [
        {"because": "x"},
        {"because": None, "items": None, "gates": [{}], "release": None, "approvals": [{}, 3]},
        {"because": "x", "stage": "shop/dev", "decided_at": "yesterday", "items": ["odd"]},
        {"because": "x", "gates": [{"objectives": [{"measured": "many"}], "reasons": "odd"}]},
        {"because": "x", "background": {"notes": {"groups": [3, {}]}}, "account": [{}, "odd"]},
    ],
)
async def test_a_record_of_another_version_is_shown_as_far_as_it_goes(public, app, record):
    app.records = {DECISION: record}
    assert "Evidence" in await text_of(public, f"/decisions/{DECISION}")


async def test_events_are_filtered_and_paged(public, app):
    app.event_views = [replace(events()[0], number=n, reason=f"R{n}x") for n in range(1, 251)]
    page = await text_of(public, "/events")
    assert "R250x" in page
    assert "R150x" not in page
    assert 'href="/events?after=50"' in page
    page = await text_of(public, "/events?after=50")
    assert "R51x" in page
    assert 'href="/events?after=0"' in page
    page = await text_of(public, "/events?after=0")
    assert "R1x" in page
    assert "Older" not in page
    assert "R9x" not in await text_of(public, "/events?subject=stage:shop/dev")
    assert (await public.get("/events?subject=%3Cscript%3E")).status_code == 400


async def test_what_is_not_there_has_a_page_that_says_so(public):
    answer = await public.get("/stages/a/b", headers={"Referer": "http://127.0.0.1:8080/events"})
    assert answer.status_code == 404
    assert 'href="/events"' in answer.text
    assert (await public.get("/decisions/nonsense")).status_code == 400
    assert (await public.post("/events")).status_code == 405


async def test_everything_from_outside_is_escaped(client, app):
    bad_stage = stage(
        "dev", subject=HOSTILE, author=HOSTILE, waiting_for=HOSTILE, drift=(HOSTILE,),
        health=HOSTILE, candidate=HOSTILE, approval_wanted=True,
        gates=(replace(gate(GateRuling.FAIL), gate=HOSTILE, reasons=(HOSTILE,)),),
    )  # fmt: skip
    change = app.unit_views[2].drift_changes[0]
    bad_change = replace(
        change, address=HOSTILE, attributes=tuple(
            replace(one, path=HOSTILE, before=HOSTILE, after=HOSTILE) for one in change.attributes
        ),
    )  # fmt: skip
    app.stage_views = (bad_stage,)
    app.unit_views = (
        unit("dev", "shop-api", message=HOSTILE, reason=HOSTILE, outputs={HOSTILE: HOSTILE},
             drift=(HOSTILE,), drift_changes=(bad_change,), engine=HOSTILE),
        unit("dev", "shop-db", drift=(HOSTILE,)),
    )  # fmt: skip
    app.secret_views = (
        replace(SECRET, name="shop/dev/k", message=HOSTILE, target=HOSTILE, phase=HOSTILE),
    )
    app.finding_views = (
        replace(FINDING, message=HOSTILE, hint=HOSTILE, expected=HOSTILE, place=HOSTILE),
    )
    app.event_views = [replace(one, message=HOSTILE, subject=HOSTILE) for one in events()]
    release = {**RECORD["release"], "subject": HOSTILE, "author": HOSTILE, "commit": HOSTILE}
    app.records[DECISION] = {
        **RECORD, "release": release, "because": HOSTILE, "kind": HOSTILE, "stage": HOSTILE,
        "previous": HOSTILE,
        "items": [{"check": HOSTILE, "ok": True, "detail": HOSTILE, "evidence": HOSTILE}],
        "approvals": [{"by": HOSTILE, "at": HOSTILE, "reason": HOSTILE}],
        "account": [{"topic": HOSTILE, "answer": HOSTILE, "said": [HOSTILE]}],
        "background": {"notes": {"groups": [
            {"title": HOSTILE, "more": HOSTILE, "notes": [{"subject": HOSTILE}]},
        ]}},
    }  # fmt: skip
    await sign_in(client, "robin")
    for path in PATHS:
        page = await text_of(client, path)
        assert "<script" not in page, path
        assert "<img" not in page, path
        assert tags_of(page) <= KNOWN_TAGS, path


KNOWN_TAGS = {
    "a", "article", "b", "body", "br", "button", "code", "dd", "del", "details", "div", "dl", "dt",
    "footer", "form", "h1", "h2", "h3", "h4", "head", "header", "html", "input", "ins", "label",
    "li", "link", "main", "meta", "nav", "ol", "p", "section", "small", "span", "strong", "summary",
    "table", "tbody", "td", "th", "thead", "time", "title", "tr", "ul",
}  # fmt: skip


def tags_of(page):
    found = set()

    class Tags(HTMLParser):
        def handle_starttag(self, tag, attributes):
            found.add(tag)
            assert not [name for name, _ in attributes if name.startswith("on")]

    Tags().feed(page)
    return found


async def test_each_form_and_heading_is_labelled(client):
    """Every page has one first heading, and the elements that are opened are closed."""
    await sign_in(client, "robin")
    for path in (*PATHS, "/login"):
        page = await text_of(client, path)
        assert page.count("<h1") == 1, path
        assert '<html lang="en">' in page
        for tag in ("div", "section", "article", "form", "table", "ol", "ul", "p", "span"):
            opened = page.count(f"<{tag}>") + page.count(f"<{tag} ")
            assert opened == page.count(f"</{tag}>"), (path, tag)
