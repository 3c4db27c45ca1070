"""A machine that was busy for a moment: how that is known, and what it speaks against."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from controller.adapters.artifacts.memory import MemoryArtifacts
from controller.adapters.load_generator.machine import (
    MachineTimes,
    busiest,
    busy_share,
    machine_times,
)
from controller.model.measurement import GateRuling
from controller.model.names import Commit, Digest
from controller.steps.gate.baseline import Baseline, are_enough, choose
from controller.steps.gate.judge import Question, judge
from controller.steps.gate.objectives import Objective
from controller.steps.gate.settle import answer
from controller.steps.gate.validity import disturbed
from controller.workflows.baselines import MEASUREMENT, Baselines, VerifiedRuns
from schemas.limits import read_limits
from schemas.objectives import Baseline as Wanted
from tests.unit.gate.gate_measurements import RELEASE, healthy, with_total

BUSY, CALM = 0.7, 0.1


def run(p95, waited=CALM, stolen=0.0):
    plain = healthy()
    slow = with_total(plain, corrected={**plain.total.corrected, "p95": float(p95)})
    return replace(slow, machine_waited=waited, machine_stolen=stolen)


P95 = Objective("p95", read_limits(["<300ms", "<=+10%"]))
ASKED = Question("load", (P95,), RELEASE, Baseline(tuple(run(n) for n in (100, 102, 98, 101, 99))))


def test_a_fail_by_runs_of_a_busy_machine_alone_is_invalid_and_they_are_made_again():
    taken = [run(101), run(150, BUSY), run(148, BUSY)]
    result = judge(ASKED, taken)
    assert result.ruling == GateRuling.INVALID
    assert result.reasons[0] == (
        "it fails only with runs of a busy machine: in run 2 something waited for a processor in"
        " 70% of its time; in run 3 something waited for a processor in 70% of its time"
    )
    assert answer(ASKED, taken, 3) is None
    assert answer(ASKED, [*taken, run(100), run(103)], 3).ruling == GateRuling.PASS
    assert answer(ASKED, [*taken, run(150), run(149)], 3).ruling == GateRuling.FAIL
    for_ever = [*taken, run(150, BUSY), run(149, BUSY)]
    assert answer(ASKED, for_ever, 3).ruling == GateRuling.INVALID


@pytest.mark.parametrize(
    "taken",
    [
        [run(150, BUSY), run(148, BUSY), run(149, BUSY)],  # a service that makes its machine busy
        [run(120), run(150, BUSY), run(121)],  # those in peace say so, too
        [run(101), run(150), run(148)],  # nothing but the service is known to be slow
        [run(101, None, None), run(150, None, None), run(148, None, None)],
    ],
)
def test_a_slow_service_stays_a_fail(taken):
    assert judge(ASKED, taken).ruling == GateRuling.FAIL
    assert answer(ASKED, taken, 3).ruling == GateRuling.FAIL


def test_a_busy_machine_speaks_against_no_pass():
    """Who is fast on a busy machine is fast."""
    assert judge(ASKED, [run(101, BUSY), run(102), run(99)]).ruling == GateRuling.PASS


def test_a_gate_does_not_say_that_it_would_have_seen_what_a_busy_baseline_hides():
    busy = [run(p95, BUSY) for p95 in (120, 121, 119)]
    mixed = Question("load", (P95,), RELEASE, Baseline((*busy, run(118), run(117))))
    hides = "; more could hide, too: most of the baseline was made on a busier machine"
    assert judge(mixed, [run(118), run(120), run(119, BUSY)]).reasons[-1].endswith(hides)
    assert hides not in judge(mixed, [run(118), run(120, BUSY), run(119, BUSY)]).reasons[-1]
    assert hides not in judge(ASKED, [run(100), run(101), run(102)]).reasons[-1]


def test_a_single_run_is_judged_as_it_is():
    assert judge(ASKED, [run(150, BUSY)]).ruling == GateRuling.FAIL


def test_what_the_host_took_disturbs_as_well():
    assert disturbed(run(100, stolen=0.08)) == ["the host took 8% of the processors"]
    assert len(disturbed(run(100, BUSY, 0.08))) == 2
    assert disturbed(run(100)) == disturbed(run(100, None, None)) == []


def test_how_busy_a_machine_was_is_what_its_system_counted(tmp_path):
    (tmp_path / "pressure").mkdir()
    (tmp_path / "pressure" / "cpu").write_text(
        "some avg10=2.20 avg60=6.69 avg300=22.40 total=2500000\nfull avg10=0 total=0\n"
    )
    (tmp_path / "stat").write_text("cpu  4256490 3632382 940364 2898638 23591 0 36094 300 0 0\n")
    found = machine_times(tmp_path)
    assert found == MachineTimes(2.5, 300 / os.sysconf("SC_CLK_TCK"))
    cores = os.cpu_count() or 1
    later = MachineTimes(5.5, found.stolen + 0.4 * cores)
    assert busy_share(found, later, 4.0) == {"waited": 0.75, "stolen": pytest.approx(0.1)}
    nothing = machine_times(tmp_path / "nowhere")
    assert nothing == MachineTimes(None, None)
    assert busy_share(nothing, later, 4.0) == {"waited": None, "stolen": None}
    (tmp_path / "pressure" / "cpu").write_text("none of ours\n")
    assert machine_times(tmp_path).waited is None


def test_of_several_machines_the_busiest_counts_and_one_that_does_not_tell_leaves_it_unknown():
    here, there = {"waited": 0.2, "stolen": 0.1}, {"waited": 0.6, "stolen": None}
    assert busiest([here, there]) == {"waited": 0.6, "stolen": None}
    assert busiest([]) == {"waited": None, "stolen": None}


def test_a_baseline_is_made_of_the_newest_runs_and_of_those_in_peace_first():
    peace = [run(n) for n in range(100, 110)]
    busy = [run(n, BUSY) for n in range(150, 160)]
    assert choose(peace, 5) == [0, 1, 2, 3, 4]
    assert choose([*busy[:3], *peace[:4]], 5) == [0, 3, 4, 5, 6]
    assert choose(busy, 5) == [0, 1, 2, 3, 4]
    assert choose(peace[:3], 5) == [0, 1, 2]
    assert not are_enough(peace[:4], 5)
    assert are_enough(peace[:5], 5)
    assert not are_enough([*busy[:1], *peace[:4]], 5)
    assert not are_enough(busy[:9], 5)
    assert are_enough(busy, 5)


async def test_runs_of_a_busy_moment_make_room_for_older_ones_as_far_as_these_are_there():
    artifacts = MemoryArtifacts(lambda: datetime(2027, 1, 1, tzinfo=UTC))
    old = [await artifacts.put(MEASUREMENT.dump_json(run(n))) for n in (100, 101, 102)]
    new = [await artifacts.put(MEASUREMENT.dump_json(run(n, BUSY))) for n in (150, 151, 152)]
    gone = Digest("sha256:" + "b" * 64)

    async def of(*releases):
        entries = [
            VerifiedRuns(Digest(f"sha256:{n:064x}"), Commit("c" * 40), tuple(runs))
            for n, runs in enumerate(releases)
        ]
        baselines = Baselines(SimpleNamespace(ledger=None, artifacts=artifacts))
        found = await baselines.baseline(entries, run(1), Wanted(runs=3), RELEASE)
        return found.digests or found.missing

    assert await of(old, new) == tuple(reversed(old))
    assert await of(new) == tuple(reversed(new))
    assert await of([gone], new) == tuple(reversed(new))  # not needed
    assert await of([gone], old[:2]) == f"the measurement {gone[:19]} of {'c' * 12} is gone"
