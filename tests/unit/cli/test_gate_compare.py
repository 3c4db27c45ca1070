"""`trueup gate compare`, against the API."""

import json

from controller.gate_desk import GateComparison
from controller.steps.gate.side_by_side import side_by_side
from tests.unit.gate.test_side_by_side import BASE, runs

SIDES = ("shop/dev/shop-load@9c1f2a", "shop/dev/shop-load")


class Gates:
    async def compare(self, first, second, share):
        other = runs(125, 126, 124) if second == SIDES[1] else BASE
        found = side_by_side(BASE, other, share)
        return GateComparison(
            first, second, 3, len(other), share, found.says, found.reasons, found.rows
        )


def test_what_is_worse_is_said_first_and_ends_with_1(trueup, app):
    app.gates = Gates()
    ended = trueup("gate", "compare", *SIDES)
    assert (ended.code, ended.err) == (1, "")
    lines = ended.out.splitlines()
    assert lines[0] == "B is worse than A:"
    assert "p95 of all requests is worse: 100 ms became 125 ms (+25.0%)" in lines[1]
    assert any(line.split()[:3] == ["all", "requests", "p95"] for line in lines)
    assert any(line.startswith("GET /products") for line in lines)
    assert trueup("gate", "compare", *SIDES, "--percent", "30").code == 0


def test_two_sides_are_compared_for_programs(trueup, app):
    app.gates = Gates()
    ended = trueup("gate", "compare", SIDES[0], SIDES[0], "-o", "json")
    found = json.loads(ended.out)
    assert (ended.code, found["says"], found["first_runs"]) == (0, "same", 3)
    assert {row["measure"] for row in found["rows"]} == {
        *("p50", "p95", "p99", "errorRate", "throughput")
    }


def test_what_names_nothing_is_refused(trueup):
    assert trueup("gate", "compare", "with space", SIDES[0]).code != 0
