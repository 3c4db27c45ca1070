"""The page of the API names every address and every action."""

import re
from pathlib import Path

from controller.web.acting import ACTIONS
from controller.web.api.description import QUERIES
from controller.web.api.table import routes
from controller.web.authority import Authority
from controller.web.sessions import Sessions
from controller.web.site import Site
from controller.web.throttle import Throttle
from tests.unit.web.fake_app import FakeApp

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()
ADDRESS = re.compile(r"`(/[a-z][^`?]*)")


def test_every_address_stands_there_and_none_that_is_not():
    app = FakeApp()
    site = Site(app, Authority([]), Sessions(app.now), False, {}, Throttle(app.now))
    told = {address for address in ADDRESS.findall(PAGE) if "…" not in address}
    assert told == {route.path for route in routes(site)} - {"/api/actions/{action}"}
    assert "`POST /api/actions/{action}`" in PAGE


def test_every_query_stands_there_and_in_the_description():
    table = PAGE.partition("| `GET` |")[2].partition("\n\n")[0]
    told = {}
    for row in table.splitlines():
        cell = row.partition("| `")[2].partition(" |")[0]
        if cell.startswith("/api/") and (queries := re.findall(r"[?&](\w+)=", cell)):
            told[re.match(r"[^`?]*", cell)[0]] = tuple(queries)
    assert told == QUERIES


def test_every_action_stands_there_and_none_that_is_not():
    table = PAGE.partition("| actions |")[2].partition("| `POST` |")[0]
    first_cells = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)
    told = [name for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)]
    assert sorted(told) == sorted(ACTIONS)
