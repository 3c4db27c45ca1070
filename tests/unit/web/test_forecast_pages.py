"""Forecasts on pages and in the API: what people need to see, and nothing that bites."""

import pytest

from tests.unit.web.conftest import bearer
from tests.unit.web.fake_outlook import FakeOutlook
from tests.unit.web.test_pages import HOSTILE


async def test_the_pages_show_what_is_to_come_and_what_it_rests_on(public):
    table = (await public.get("/forecasts")).text
    assert 'href="/forecasts/shop/traffic"' in table
    page = await public.get("/forecasts/shop/traffic")
    assert page.status_code == 200
    for word in ("requestsPerPage", "default", "seasonal-naive", "2025-08-01", "chart.svg", "12.5"):
        assert word in page.text, word


async def test_the_picture_is_an_svg_under_the_same_rules_as_pages(public):
    picture = await public.get("/forecasts/shop/traffic/chart.svg")
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert "default-src 'none'" in picture.headers["content-security-policy"]
    assert picture.text.startswith("<svg")


async def test_words_from_outside_stay_words(public, app):
    app.outlook = FakeOutlook(HOSTILE)
    for path in ("/forecasts/shop/traffic", "/forecasts/shop/traffic/chart.svg", "/forecasts"):
        text = (await public.get(path)).text
        assert "<script>alert" not in text
        assert "onerror=alert(2)>" not in text


@pytest.mark.parametrize("path", ["/forecasts/shop/none", "/forecasts/shop/none/chart.svg"])
async def test_what_is_not_there_is_not_found(public, path):
    assert (await public.get(path)).status_code == 404


async def test_the_api_gives_a_forecast_with_the_plans_on_it(client):
    answer = await client.get("/api/forecasts/shop/traffic", headers=bearer("vera"))
    found = answer.json()
    assert found["status"]["chosen"] == found["forecast"]["chosen"]
    assert found["capacities"][0]["name"] == "size"
    assert (await client.get("/api/forecasts")).status_code == 401


async def test_a_change_is_proposed_by_an_operator_only(client, app):
    body = {"subject": "shop/size", "dry_run": "yes"}
    path = "/api/capacity-proposals"
    assert (await client.post(path, json=body)).status_code == 401
    assert (await client.post(path, json=body, headers=bearer("vera"))).status_code == 403
    assert (await client.post(path, json=body, headers=bearer("olga"))).status_code == 200
    del body["dry_run"]
    assert (await client.post(path, json=body, headers=bearer("olga"))).status_code == 201
    assert app.outlook.proposed == [("olga", "shop/size", True), ("olga", "shop/size", False)]
    assert (await client.post(path, json={}, headers=bearer("olga"))).status_code == 400
