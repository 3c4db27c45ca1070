"""What is promised of models: whole answers, the same each time, or a problem."""

import math
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from controller.adapters.forecast_models.memory import MemoryModels
from controller.adapters.forecast_models.statistics import StatisticsModels
from controller.model.forecast import Question
from controller.ports.forecast_models import ForecastModels

WEEK = (100.0, 104.0, 102.0, 100.0, 92.0, 72.0, 68.0)
VALUES = tuple(WEEK[n % 7] + 3 * math.sin(n * 1.7) + 0.1 * n for n in range(84))
WEEKLY = Question(VALUES, (7,), 14)


@pytest.fixture(params=["memory", "statsmodels"], scope="module")
def models(request: pytest.FixtureRequest) -> ForecastModels:
    if request.param == "memory":
        return MemoryModels()
    pytest.importorskip("statsmodels")
    return StatisticsModels()


async def test_every_question_has_a_whole_answer_and_the_same_one_again(
    models: ForecastModels,
) -> None:
    asked = [WEEKLY, replace(WEEKLY, is_log=True), Question((0.0,) * 9, (7,), 3)]
    first, again = await models.predict(asked), await models.predict(asked)
    assert first == again
    assert first.problem == ""
    assert first.versions
    assert len(first.given) == len(asked)
    for question, given in zip(asked, first.given, strict=True):
        assert all(len(said) == question.horizon for said in given.values())
        assert all(math.isfinite(value) for said in given.values() for value in said)
    for said in first.given[0].values():
        assert said[5] == pytest.approx(72 + 8.4, rel=0.2)


async def test_no_question_has_no_answer(models: ForecastModels) -> None:
    assert (await models.predict([])).given == ()


async def test_a_process_that_does_not_end_is_a_problem() -> None:
    pytest.importorskip("statsmodels")
    answers = await StatisticsModels(seconds=0.01).predict([WEEKLY])
    assert answers.given == ()
    assert "did not end" in answers.problem


async def test_a_process_without_memory_is_a_problem() -> None:
    pytest.importorskip("statsmodels")
    answers = await StatisticsModels(memory=1 << 20).predict([WEEKLY])
    assert answers.given == ()
    assert answers.problem


ASKING = """
import asyncio
from controller.adapters.forecast_models.statistics import StatisticsModels
from controller.model.forecast import Question
values = tuple(float(number % 7 + number % 24) for number in range(100_000))
asyncio.run(StatisticsModels().predict([Question(values, (7, 24), 14)]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent")
def test_a_process_ends_with_the_controller_that_asked() -> None:
    pytest.importorskip("statsmodels")
    root = Path(__file__).resolve().parents[3]
    deadline = time.monotonic() + 60
    with subprocess.Popen([sys.executable, "-c", ASKING], cwd=root) as asking:
        worker: psutil.Process | None = None
        while worker is None or worker.nice() != 19:  # which it is when it has heard everything
            assert time.monotonic() < deadline
            time.sleep(0.1)
            worker = next(iter(psutil.Process(asking.pid).children()), None)
        asking.kill()
    _, alive = psutil.wait_procs([worker], timeout=60)
    for process in alive:
        process.kill()
    assert alive == []
