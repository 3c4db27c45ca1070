"""A gate never lets through what is broken: real Locust, and a service that is told to be wrong.

`trueup bench gates` plays all faults beside a baseline. Here are some whose answer no busy machine
changes: limits are absolute, effects are large, and each fault proves that it took place.
"""

from dataclasses import replace

import pytest

from controller.adapters.load_generator.locust import LocustLoadGenerator
from controller.bench.gates import RELEASE, VOID, mutations, service
from controller.bench.gates_faults import MUTATIONS, Lab, Played, of_the_service
from controller.steps.gate.judge import Question
from controller.steps.gate.objectives import Objective
from schemas.limits import read_limits
from tests.unit.gate.gate_measurements import healthy

pytestmark = pytest.mark.slow
QUESTION = Question("load", (Objective("p95", read_limits("<500ms")),), RELEASE)
PLAYED = {
    "a second more in a third of the calls": of_the_service(slow_share=0.35, slow_by=1.0),
    **{name: MUTATIONS[name] for name in ("another product answers", "nobody answers")},
    **{name: MUTATIONS[name] for name in ("the generator is killed", "the machine is suspended")},
}


async def test_faults_of_the_service_and_of_the_generator_are_blocked():
    async with service() as url:
        lab = Lab(url, LocustLoadGenerator(end_grace=1.0), steady=2.0)
        cases = await mutations(lab, print, QUESTION, PLAYED)
    assert {case.name.removeprefix("mutation: ") for case in cases} == PLAYED.keys()
    assert {case.name: case.detail for case in cases if not case.is_met} == {}
    assert all(case.detail["proof"] for case in cases)
    assert cases[-1].detail["ruling"] == "invalid"  # the service is not to blame


class NoLab:
    async def faults(self, **_faults):
        """Nothing is switched on."""


@pytest.mark.parametrize(
    ("played", "ruling"),
    [
        (Played(healthy(), ""), VOID),
        (Played(healthy(), "it took place"), "pass"),
        (Played(replace(healthy(), invalid="a worker was lost"), "it took place"), "invalid"),
    ],
)
async def test_a_fault_that_did_not_take_place_is_void_and_no_success(played, ruling):
    async def fault(_lab):
        return played

    (case,) = await mutations(NoLab(), print, QUESTION, {"one": fault})
    assert (case.detail["ruling"], case.is_met) == (ruling, ruling == "invalid")
