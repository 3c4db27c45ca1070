import pytest

from controller.diagnostics.errors import ApprovalPending, Bug, StoreUnreachable
from tests.unit.web.conftest import bearer
from tests.unit.web.fake_app import COMMIT, DECISION, EVIDENCE, PLAN_FILE


@pytest.mark.parametrize(
    "path",
    [
        "overview", "units", "units?stage=shop/dev", "units/shop/dev/shop-api", "stages",
        "stages/shop/production", "secrets", "releases", "releases?product=shop", "findings",
        "events", "events?subject=stage:shop/dev&after=0&limit=5", f"decisions/{DECISION}",
        f"decisions/{DECISION}/verification", "decisions", "decisions?stage=shop/production",
        "decision-keys",
        f"evidence/{EVIDENCE}",
    ],
)  # fmt: skip
async def test_a_viewer_may_read_each_resource_as_json(client, path):
    answer = await client.get(f"/api/{path}", headers=bearer("vera"))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()


async def test_values_are_written_plainly(client):
    unit = (await client.get("/api/units/shop/staging/shop-api", headers=bearer())).json()
    assert unit["in_sync"] == "False"
    assert unit["conditions"][0]["type"] == "Ready"
    assert unit["drift_looked_at"] == "2030-01-01T11:57:00+00:00"
    attribute = unit["drift_changes"][0]["attributes"][1]
    assert (attribute["path"], attribute["before"], attribute["after"]) == ("replicas", "3", "1")
    stage = (await client.get("/api/stages/shop/dev", headers=bearer())).json()
    assert stage["gates"][0]["ruling"] == "pass"


async def test_units_of_one_stage(client):
    found = (await client.get("/api/units?stage=shop/dev", headers=bearer())).json()
    assert {unit["environment"] for unit in found} == {"dev"}


async def test_events_are_paged(client):
    found = (await client.get("/api/events?after=3&limit=1", headers=bearer())).json()
    assert [event["number"] for event in found] == [4]


@pytest.mark.parametrize(
    "path",
    [
        "units?stage=shop", "units?stage=-a/b", "units?stage=a/b/c",
        "units?stage=Shop/DEV", "events?limit=-1", "events?limit=100000",
        "events?after=x", "events?after=99999999999999999999999", "events?subject=<script>",
        "releases?product=../x", "decisions/sha256:xyz", "evidence/..%2f..%2fetc",
        f"evidence/{DECISION[:-1]}",
    ],
)  # fmt: skip
async def test_what_cannot_be_understood_is_refused(client, path):
    answer = await client.get(f"/api/{path}", headers=bearer())
    assert answer.status_code in {400, 404}
    assert set(answer.json()) == {"code", "message", "hint", "kind"}


@pytest.mark.parametrize(
    "path", ["units/a/b/c", "stages/a/b", "decisions/sha256:" + "9" * 64, "nothing", "units/a"]
)
async def test_what_is_not_there_is_404(client, path):
    answer = await client.get(f"/api/{path}", headers=bearer())
    assert answer.status_code == 404
    assert answer.json()["message"]


async def test_evidence_shows_no_saved_plan(client):
    answer = await client.get(f"/api/evidence/{PLAN_FILE}", headers=bearer())
    assert answer.status_code == 400
    assert "canary" not in answer.text


ACTIONS = {
    "reconcile": "shop/dev/shop-api",
    "drift": "shop/dev/shop-api",
    "approve": "shop/production",
    "approve-plan": "shop/production/shop-db",
    "promote": "shop/production",
    "accept-edit": "shop/production",
    "put-back": "shop/production",
    "revoke": "shop/production",
    "hold": "shop/production",
    "lift": "shop/production",
    "rollback": "shop/production",
    "abort": "shop/production",
    "suspend": "shop/dev",
    "resume": "shop/dev",
    "rotate": "shop/staging/shop-api-key",
    "acknowledge": "shop/staging/shop-api-key",
    "unlock": "shop/dev/shop-api",
    "restore-state": "shop/dev/shop-api",
}


@pytest.mark.parametrize(("action", "subject"), ACTIONS.items())
async def test_actions_are_passed_on_with_who_asks(client, app, action, subject):
    answer = await client.post(
        f"/api/actions/{action}", json={"subject": subject}, headers=bearer()
    )
    assert answer.status_code == 202, answer.text
    assert answer.json()["by"] == "ada"
    assert app.asked[0][:3] == ("ada", action, subject)


@pytest.mark.parametrize(("action", "subject"), ACTIONS.items())
async def test_a_viewer_may_do_nothing(client, app, action, subject):
    answer = await client.post(
        f"/api/actions/{action}", json={"subject": subject}, headers=bearer("vera")
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "app/not-allowed")
    assert app.asked == []


@pytest.mark.parametrize(
    "body",
    [
        {"until": "tomorrow"},
        {"until": "2026-12-24T18:00"},
        {"release": "HEAD"},
        {"release": "ab"},
        {"until": "0001-01-01T00:00:00+23:59"},
    ],
)
async def test_an_instant_and_a_release_are_what_they_must_be(client, app, body):
    given = {"subject": "shop/production", "reason": "sale", **body}
    answer = await client.post("/api/actions/hold", json=given, headers=bearer())
    assert answer.status_code == 400
    assert app.asked == []


async def test_an_instant_is_passed_on_in_utc(client, app):
    """Wherever it is shown it is called UTC."""
    body = {"subject": "shop/production", "reason": "sale", "until": "2026-12-24T18:00+01:00"}
    assert (await client.post("/api/actions/hold", json=body, headers=bearer())).status_code == 202
    assert str(app.asked[0][-1]) == "2026-12-24 17:00:00+00:00"


async def test_history_trace_and_preview_are_read(client):
    for path in ("history/shop/production", "trace/9fceb02", "previews/shop/production"):
        assert (await client.get(f"/api/{path}", headers=bearer("vera"))).status_code == 200
        assert (await client.get(f"/api/{path}")).status_code == 401
    assert (await client.get("/api/trace/HEAD", headers=bearer())).status_code == 400


async def test_an_operator_may_not_approve(client):
    body = {"subject": "shop/production"}
    answer = await client.post("/api/actions/approve", json=body, headers=bearer("olga"))
    assert answer.status_code == 403


async def test_the_author_may_not_approve(client):
    body = {"subject": "shop/production"}
    answer = await client.post("/api/actions/approve", json=body, headers=bearer("casey"))
    assert answer.status_code == 403


async def test_an_approval_of_what_is_no_longer_there_is_refused(client, app):
    body = {"subject": "shop/production", "expect": "b" * 40}
    answer = await client.post("/api/actions/approve", json=body, headers=bearer())
    assert answer.status_code == 409
    body = {"subject": "shop/production", "expect": COMMIT, "reason": "seen"}
    answer = await client.post("/api/actions/approve", json=body, headers=bearer())
    assert answer.status_code == 202
    assert app.asked == [("ada", "approve", "shop/production", "seen", COMMIT)]


async def test_reconcile_without_a_subject_means_the_repository(client, app):
    answer = await client.post("/api/actions/reconcile", json={}, headers=bearer())
    assert answer.status_code == 202
    assert app.asked == [("ada", "reconcile", "")]


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("explode", {"subject": "shop/dev"}),
        ("approve", {}),
        ("approve", {"subject": "shop"}),
        ("approve", {"subject": "shop/dev; rm -rf"}),
        ("approve", {"subject": "shop/dev", "reason": "a\nb"}),
        ("approve", {"subject": "shop/dev", "reason": "x" * 2000}),
        ("approve", {"subject": "shop/dev", "role": "admin"}),
        ("approve", {"subject": 7}),
        ("approve", ["shop/dev"]),
    ],
)
async def test_an_action_that_cannot_be_understood_is_refused(client, app, action, body):
    answer = await client.post(f"/api/actions/{action}", json=body, headers=bearer())
    assert answer.status_code == 400
    assert app.asked == []


@pytest.mark.parametrize("content", [b"{", b"[" * 60000, b"\xff"])
async def test_a_body_that_is_no_json_is_refused(client, content):
    headers = {**bearer(), "Content-Type": "application/json"}
    answer = await client.post("/api/actions/approve", content=content, headers=headers)
    assert answer.status_code == 400


async def test_an_action_must_say_that_it_is_json(client):
    """A form of another site's page cannot."""
    answer = await client.post(
        "/api/actions/approve",
        content=b'{"subject": "shop/dev"}',
        headers={**bearer(), "Content-Type": "text/plain"},
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (ApprovalPending.because("somebody has to decide"), 409, "waiting"),
        (StoreUnreachable.because("no answer"), 503, "transient"),
        (Bug.because("canary: impossible"), 500, "bug"),
        (RuntimeError("canary"), 500, "bug"),
    ],
)
async def test_an_error_says_what_happens_next(client, app, error, status, kind):
    app.fails_with = error
    answer = await client.get("/api/overview", headers=bearer())
    assert (answer.status_code, answer.json()["kind"]) == (status, kind)
    assert "canary" not in answer.text
    assert "content-security-policy" in answer.headers


async def test_an_adoption_is_asked_for_by_an_operator_only(client, app):
    body = {"subject": "shop/dev/shop-api", "dry_run": "yes"}
    answer = await client.post("/api/adoptions", json=body, headers=bearer("vera"))
    assert answer.status_code == 403
    answer = await client.post("/api/adoptions", json=body)
    assert answer.status_code == 401
    answer = await client.post("/api/adoptions", json=body, headers=bearer())
    assert (answer.status_code, answer.json()["branch"]) == (200, "")
    for wrong in ({}, {"subject": "../x"}, {**body, "reason": "x"}, {**body, "branch": "a\nb"}):
        answer = await client.post("/api/adoptions", json=wrong, headers=bearer())
        assert answer.status_code == 400, wrong
