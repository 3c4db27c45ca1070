"""The page of a gate: what is on top, and that nothing from outside is markup or loaded."""

import re
from dataclasses import replace
from datetime import date

from controller.adapters.painter.memory import MemoryPainter
from controller.model.capacity import Headroom, Until
from controller.model.forecast import Assumption
from controller.model.measurement import EarlierAnswer, GateRuling, WorkerShare
from controller.model.names import Digest
from controller.steps.gate.baseline import Baseline
from controller.steps.gate.charts import charts
from controller.steps.gate.judge import Question, judge
from controller.steps.gate.objectives import Objective
from controller.steps.gate.report import CONTENT_POLICY, MARK, Told, report
from schemas.limits import read_limits
from tests.unit.gate.gate_measurements import RELEASE, healthy

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'


def told(**changes):
    plain = healthy()
    run = replace(
        plain,
        endpoints={f"GET {HOSTILE}": plain.total},
        errors=((HOSTILE, 3),),
        target=HOSTILE,
        generator={"locust": HOSTILE},
        workers=(WorkerShare(HOSTILE, 400.0, 399, 0.2, 1.5),),
        series=((1.0, 40.0, 0.0, 2.0), (2.0, 41.0, 1.0, 3.0)),
    )
    objective = Objective("p95", read_limits("<9ms"), name=HOSTILE)
    result = judge(Question("load", (objective,), RELEASE), [run])
    result = replace(result, measurements=(Digest("sha256:" + "b" * 64),), warnings=(HOSTILE,))
    return Told("shop/dev", "c" * 40, result, (run,), (run,), **changes)


async def page(**changes):
    made = told(**changes)
    wanted = charts(made.runs, made.baseline)
    pictures = await MemoryPainter().paint(wanted)
    return report(made, list(zip(wanted, pictures, strict=True))).decode()


async def test_the_verdict_and_three_reasons_come_first():
    assumed = (Assumption("thinkTime", 8.0, "s", "document"),)
    until = Until(date(2027, 3, 9), None, None)
    room = Headroom(
        610.0, 2.13, until, forecast="traffic", at_once=1240.4, counted=90_000.0,
        metric="users", every="day", assumptions=assumed,
    )  # fmt: skip
    text = await page(headroom=room)
    assert text.startswith(MARK)
    top = text[: text.index("<h2>")]
    assert '<span class="verdict fail">fail</span>' in top
    assert top.count("<li>") == 3
    assert (
        "<p>Passes up to 2.1 times today's peak (610 requests a second, about 1,240 users at once,"
        " 90,000 users in its highest day); the forecast reaches that in March 2027.</p>"
    ) in top.replace("&#x27;", "'")
    assert "<td>thinkTime</td><td>8 s</td><td>document</td>" in text
    assert "headroom is not told" in await page(no_headroom="headroom is not told: two forecasts")
    assert "The release does not go on." in top
    assert "Release cccccccccccc, 1 run of 10 s at 40 requests a second" in top


def test_that_nothing_was_compared_is_said_on_top():
    made = told()
    objectives = (
        Objective("p95", read_limits(["<9s", "<=+5%"])),
        Objective("errorRate", read_limits("<1%")),
    )
    said = judge(Question("load", objectives, RELEASE), made.runs)
    text = report(replace(made, result=said, baseline=()), []).decode()
    assert "UTC, nothing is compared: no release was verified here yet." in text
    assert text.count("nothing is compared") == 1


def test_what_noise_could_have_hidden_is_said_once_and_on_top():
    busy = replace(healthy(), machine_waited=0.7, machine_stolen=0.061)
    objectives = (Objective("p95", read_limits(["<9s", "<=+5%"])),)
    base = (healthy(0.02), healthy(0.0201), healthy(0.0202))
    said = judge(Question("load", objectives, RELEASE, Baseline(base)), [busy])
    text = report(Told("shop/dev", "c" * 40, said, (busy,), base), []).decode()
    top = text[: text.index("<h2>")]
    assert "<p>This gate would have seen p95 of all requests +7% or more; less could hide" in top
    assert text.count("could hide") == 1
    assert "<td>+7%</td>" in text
    assert "waited 70% (below 50%), stolen 6.1% (below 5%)" in text


async def test_that_it_was_asked_again_is_said_on_top():
    made = told()
    earlier = (
        EarlierAnswer(GateRuling.FAIL, "slow", "casey"),
        EarlierAnswer("invalid", "x", "", 2),
    )
    text = report(replace(made, result=replace(made.result, earlier=earlier)), []).decode()
    top = text[: text.index("<h2>")]
    assert "The fourth answer for this release; before it: fail, invalid, 2 times." in top


async def test_nothing_from_outside_is_markup():
    text = await page()
    assert "<script" not in text
    assert "<img src=x" not in text
    assert text.count("<img ") == 3
    assert "&lt;script&gt;alert(2)" in text
    assert "399 of 400" in text


async def test_the_page_loads_nothing_and_says_how_to_make_it_again():
    text = await page()
    assert not re.findall(r'(?:src|href)="(?!data:)', text)
    assert CONTENT_POLICY.replace("'", "&#x27;") in text
    assert "trueup gate run load -e dev -p shop" in text
    assert "sha256:" + "b" * 64 in text


def test_a_page_without_charts_says_so():
    assert "could not be drawn" in report(told(), []).decode()


def test_charts_lay_the_baseline_under_the_runs():
    latency, rate, percentiles = charts(told().runs, told().baseline)
    assert [line.is_baseline for line in latency.lines] == [True, False]
    assert latency.lines[1].points == ((1.0, 2.0), (2.0, 3.0))
    assert [line.label for line in rate.lines] == ["baseline 1", "run 1", "errors of run 1"]
    assert percentiles.is_of_percentiles
