"""A gate blocks what is broken: real Locust, and a service whose faults are switched on.

`trueup bench gates` plays all of them; here are two whose answer no busy machine changes.
"""

import pytest

from controller.adapters.load_generator.locust import LocustLoadGenerator
from controller.bench.gates import Lab, Wish, mutations, service

pytestmark = pytest.mark.slow
PLAYED = frozenset({"another product answers", "nobody answers"})


async def test_faults_of_the_service_and_of_the_generator_are_blocked():
    wish = Wish(frozenset(), steady=2.0, baseline=2)
    async with service() as url:
        lab = Lab(url, wish, LocustLoadGenerator(end_grace=1.0))
        cases = await mutations(lab, print, PLAYED)
    assert {case.name.removeprefix("mutation: ") for case in cases} == PLAYED
    assert [case.name for case in cases if not case.is_met] == []
