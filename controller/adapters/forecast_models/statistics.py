"""Models of statsmodels, asked in a process of their own that may be ended at any time."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from controller.model.forecast import Answers, Question

PROGRAM = Path(__file__).with_name("statistics_worker.py")
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
}  # fmt: skip
"""One thread: sums come out the same each time, and other work is not starved."""
MISSING = "the extra is not installed (`pip install 'trueup[forecast]'`)"


class StatisticsModels:
    """Implements `ForecastModels` with statsmodels, where it is installed."""

    def __init__(self, *, seconds: float = 180.0, memory: int = 2 << 30) -> None:
        """Wait at most `seconds`; give the process so many bytes of memory."""
        self._seconds = seconds
        self._memory = memory
        self._guard = asyncio.Lock()

    async def predict(self, questions: Sequence[Question]) -> Answers:
        """See the port. One request at a time."""
        if find_spec("statsmodels") is None:
            return Answers(problem=MISSING)
        request = {"memory": self._memory, "questions": [asdict(each) for each in questions]}
        async with self._guard:
            try:
                async with asyncio.timeout(self._seconds):
                    told = await self._ask(json.dumps(request).encode())
            except TimeoutError:
                return Answers(problem=f"they did not end within {self._seconds:g} seconds")
        return _read(told, len(questions))

    async def _ask(self, request: bytes) -> bytes:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(PROGRAM), str(os.getpid())),
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=ENVIRONMENT,
        )  # fmt: skip
        try:
            told, _ = await process.communicate(request)
        finally:
            if process.returncode is None:
                process.kill()  # it holds nothing that could be lost
                await process.wait()
        return told


def _read(told: bytes, count: int) -> Answers:
    try:
        found: dict[str, Any] = json.loads(told)
    except ValueError:
        return Answers(problem="their process broke off, maybe for want of memory")
    if problem := found.get("problem"):
        return Answers(problem=str(problem))
    answers = tuple(
        {str(name): tuple(map(float, said)) for name, said in one.items()}
        for one in found["answers"]
    )
    if len(answers) != count:
        return Answers(problem="their process did not answer everything")
    return Answers(answers, tuple(sorted((str(k), str(v)) for k, v in found["versions"].items())))
