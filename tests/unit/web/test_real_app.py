"""The same application over a real App, on memory adapters: the fake App tells no lies."""

import json
import re
from dataclasses import replace
from functools import partial
from inspect import get_annotations

import httpx
import pytest
from pydantic import TypeAdapter

from controller.model.room import Room
from controller.permission import NotFound
from controller.web.api.table import ORDERS, RESOURCES
from controller.web.asgi import application
from controller.web.sessions import Sessions
from controller.web.site import Site
from controller.web.throttle import Throttle
from controller.wiring import disk_usage
from controller.workflows.room import LEAST
from tests.unit.web.conftest import bearer
from tests.unit.web.signing_in import form_key, sign_in

OF_OTHERS = {
    "/api/evidence/{digest}", "/api/gate-reports/{digest}", "/api/gate-comparison",
    "/api/previews/{product}/{environment}",
}  # fmt: skip
"""Of other digests than those of decisions, or what needs more than a first release."""


async def test_a_release_is_approved_on_the_page_and_its_decision_is_shown(life, authority):
    transport = httpx.ASGITransport(application(life.app, authority), client=("127.0.0.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        await sign_in(client, "robin")
        page = (await client.get("/")).text
        assert "wanted &lt;150ms" in page
        assert "It has no stages" in page  # the catalogue of the example
        key = await form_key(client)
        stage = (await client.get("/api/stages/shop/production", headers=bearer())).json()
        form = {"form_key": key, "subject": "shop/production", "reason": "seen in staging"}

        stale = await client.post("/actions/approve", data={**form, "expect": "b" * 40})
        assert stale.status_code == 409
        fresh = await client.post("/actions/approve", data={**form, "expect": stage["candidate"]})
        assert fresh.status_code == 303
        await life.settle()

        stage = (await client.get("/api/stages/shop/production", headers=bearer())).json()
        assert stage["health"] == "healthy"
        decision = (await client.get(f"/decisions/{stage['decision']}")).text
        assert "approved by robin" in decision
        assert "seen in staging" in decision
        for path in ("/", "/stages/shop/dev", "/stages/shop/production", "/events", "/findings"):
            assert (await client.get(path)).status_code == 200, path
        for path in ("units", "secrets", "releases", "findings", "events", "overview", "stages"):
            assert (await client.get(f"/api/{path}", headers=bearer())).status_code == 200, path
        metrics = (await client.get("/metrics", headers=bearer())).text
        assert "trueup_drift_verdict_oldest_seconds" in metrics


async def test_a_tree_names_what_comes_first(life):
    (shop,) = await life.app.tree("shop")
    assert [(each.stage, each.after) for each in shop.stages] == [
        ("shop/dev", ()), ("shop/staging", ("dev",)), ("shop/production", ("staging",)),
    ]  # fmt: skip
    dev, production = shop.stages[0], shop.stages[-1]
    assert production.units == ()
    assert production.waiting_for
    places = {unit.unit: place for place, unit in enumerate(dev.units)}
    assert len(places) == len(await life.app.units("shop/dev"))
    api = dev.units[places["shop/dev/shop-api"]]
    assert api.needs == ("shop/dev/shop-storage",)
    assert all(places[need] < places[api.unit] for need in api.needs)
    assert (api.ready, api.module) == ("True", "modules/local/service")
    assert all(secret.ready for secret in api.secrets)
    with pytest.raises(NotFound, match="no product `shoe`") as refused:
        await life.app.tree("shoe")
    assert "did you mean `shop`?" in refused.value.hint


async def test_what_is_stored_but_no_decision_is_not_found(life, authority):
    plan = await life.parts.world.artifacts.put(b"PK\x03\x04 a saved plan, canary")
    transport = httpx.ASGITransport(application(life.app, authority), client=("127.0.0.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        for path, status in ((f"/api/decisions/{plan}", 404), (f"/api/evidence/{plan}", 400)):
            answer = await client.get(path, headers=bearer())
            assert answer.status_code == status
            assert "canary" not in answer.text


async def test_a_disk_that_takes_no_note_is_told_all_the_same(life, tmp_path):
    found = disk_usage.room(tmp_path)
    assert (found.folder, found.free_bytes > 0) == (str(tmp_path), True)
    plenty = Room("/data", free_bytes=LEAST)
    for told, is_told in (
        (plenty, False), (replace(plenty, free_bytes=0), True),
        (replace(plenty, is_read_only=True), True),
    ):  # fmt: skip
        life.world.room = partial(replace, told)
        codes = {each.code for each in await life.world.start().app.findings()}
        assert ("trueup/disk-full" in codes) is is_told
    life.world.room = partial(disk_usage.room, tmp_path / "gone")
    codes = {each.code for each in await life.world.start().app.findings()}
    assert "trueup/machine-failed" in codes


async def test_what_is_given_is_what_the_description_says(life, authority):
    """Endpoints are described by their annotations: each answer can be read by its own."""
    served = application(life.app, authority)
    transport = httpx.ASGITransport(served, client=("127.0.0.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:

        async def get(path):
            answer = await client.get(path, headers=bearer())
            assert answer.status_code == 200, (path, answer.text)
            return answer.content

        described = json.loads(await get("/api/openapi.json"))
        stage = json.loads(await get("/api/stages/shop/dev"))
        names = {
            "product": "shop", "environment": "dev", "stack": "shop-api", "gate": "shop-load",
            "digest": stage["decision"], "commit": stage["commit"],
        }  # fmt: skip
        site = Site(life.app, authority, Sessions(life.app.now), False, {}, Throttle(life.app.now))
        read = 0
        for resource in RESOURCES:
            for path, endpoint in resource.endpoints(site).items():
                assert described["paths"][path]["get"]["summary"]
                if set(re.findall(r"{(\w+)}", path)) <= set(names) and path not in OF_OTHERS:
                    annotated = TypeAdapter(get_annotations(endpoint)["return"])
                    annotated.validate_json(await get(path.format(**names)))
                    read += 1
        assert read > 20


async def test_the_description_has_no_loose_ends(life, authority):
    transport = httpx.ASGITransport(application(life.app, authority), client=("127.0.0.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        text = (await client.get("/api/openapi.json", headers=bearer())).text
    described = json.loads(text)
    kinds = set(described["components"]["schemas"])
    assert set(re.findall(r"#/components/schemas/([\w.]+)", text)) <= kinds
    assert {"UnitView", "StageView", "GateView", "Error"} <= kinds
    actions = described["paths"]["/api/actions/{action}"]["post"]
    assert "reconcile" in actions["parameters"][0]["schema"]["enum"]
    given = {path: told["post"]["responses"] for path, told in described["paths"].items()
             if "post" in told}  # fmt: skip
    made = {
        path: each["2XX"]["content"]["application/json"]["schema"] for path, each in given.items()
    }
    assert len(made) == len(ORDERS)
    assert all("$ref" in schema or "properties" in schema for schema in made.values()), made
