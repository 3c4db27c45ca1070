"""Policies in Rego, asked in a warm process that may be ended at any time."""

import asyncio
import json
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from controller.adapters.policy_engine._answers import read_answer
from controller.adapters.policy_engine._source import RegoSource
from controller.ports.policy_engine import PolicyAnswer, PolicyFault, PolicyModules

PROGRAM = Path(__file__).with_name("rego_worker.py")
CHECK_SECONDS = 10.0
LINE_LIMIT = 64 << 20
ASK_MORE = "no rule `deny`, `violation` or `warn` is in it, nor one that begins so"


class RegoPolicyEngine:
    """Implements `PolicyEngine` with regopy.

    The library is C++: a policy may run for ever in it, or end the process. It is therefore never
    loaded into ours.
    """

    def __init__(self, *, seconds: float = 30.0) -> None:
        """Wait at most `seconds` for a policy, and as long for a plan to be read."""
        self._seconds = seconds
        self._guard = asyncio.Lock()
        self._process: Process | None = None

    def check(self, files: Mapping[str, str]) -> tuple[PolicyFault, ...]:
        """See the port. What was checked once is known."""
        return _check(tuple(sorted(files.items())))

    async def evaluate(
        self, document: str, about: Mapping[str, object], policies: Sequence[PolicyModules]
    ) -> tuple[PolicyAnswer, ...]:
        """See the port. One plan at a time."""
        if not policies:
            return ()
        judged = f'{{"input": {_with_about(document, about)}}}'
        async with self._guard:
            is_ready = False
            answers = []
            for policy in policies:
                if not is_ready:
                    problem = await self._read_plan(judged)
                    if problem:
                        return tuple(PolicyAnswer(each.name, problem=problem) for each in policies)
                answer = await self._ask(policy)
                is_ready = self._process is not None
                answers.append(answer)
        return tuple(answers)

    async def close(self) -> None:
        """See the port."""
        async with self._guard:
            await self._end()

    async def _read_plan(self, judged: str) -> str:
        answer = await self._request(judged)
        problem = answer.get("problem")
        return f"the plan cannot be read by policies: {problem}" if problem else ""

    async def _ask(self, policy: PolicyModules) -> PolicyAnswer:
        sources = [RegoSource.read(path, text) for path, text in sorted(policy.files.items())]
        asked = {
            (source.package, rule): f"{source.package}.{rule}"
            for source in sources
            for rule in (*source.asked(), *({"exception"} & source.heads()))
        }
        if not any(rule != "exception" for _, rule in asked):
            return PolicyAnswer(policy.name, problem=ASK_MORE)
        if any(not source.package for source in sources):
            return PolicyAnswer(policy.name, problem="a file names no package")
        request = {
            "files": dict(policy.files),
            "parameters": dict(policy.parameters),
            "queries": list(asked.values()),
        }
        answer = await self._request(json.dumps(request))
        if problem := answer.get("problem"):
            return PolicyAnswer(policy.name, problem=str(problem))
        values = {key: answer["values"].get(query) for key, query in asked.items()}
        return read_answer(policy.name, values)

    async def _request(self, line: str) -> dict[str, Any]:
        """Ask the process; when it does not answer, the process ends and that is the answer."""
        try:
            async with asyncio.timeout(self._seconds):
                text = await self._exchange(line)
        except TimeoutError:
            await self._end()
            return {"problem": f"it did not end within {self._seconds:g} seconds"}
        except (OSError, ValueError):  # it died while we wrote, or said more than anybody can read
            text = b""
        except BaseException:
            await self._end()
            raise
        if not text.endswith(b"\n"):
            await self._end()
            return {"problem": "its interpreter broke down"}
        answer: dict[str, Any] = json.loads(text)
        return answer

    async def _exchange(self, line: str) -> bytes:
        process = await self._running()
        if process.stdin is None or process.stdout is None:
            return b""
        process.stdin.write(line.encode() + b"\n")
        await process.stdin.drain()
        return await process.stdout.readline()

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", str(PROGRAM)),
                stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, limit=LINE_LIMIT,
            )  # fmt: skip
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()  # it holds nothing that could be lost
        await process.wait()


def _with_about(document: str, about: Mapping[str, object]) -> str:
    """Put `trueup` into a JSON object without reading it, and all of it on one line."""
    body = " ".join(document.splitlines()).strip().removeprefix("{").lstrip()
    comma = "" if body.startswith("}") else ", "
    return f'{{"trueup": {json.dumps(about)}{comma}{body}'


@lru_cache(maxsize=256)
def _check(files: tuple[tuple[str, str], ...]) -> tuple[PolicyFault, ...]:
    sources = {path: RegoSource.read(path, text) for path, text in files}
    hopeless = tuple(fault for source in sources.values() for fault in source.hopeless())
    if hopeless:
        return hopeless
    calls = {name for source in sources.values() for name in source.calls()}
    request = json.dumps({"files": dict(files), "calls": sorted(calls)})
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(PROGRAM)], input=request.encode() + b"\n",
            capture_output=True, env={}, timeout=CHECK_SECONDS, check=False,
        )  # fmt: skip
        answer = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return tuple(
            each.fault("it cannot be read by the interpreter") for each in sources.values()
        )
    faults = [sources[path].fault(text, offset) for path, offset, text in answer["faults"]]
    if not faults:
        faults.extend(_slips(sources, frozenset(answer["unknown"])))
    return tuple(sorted(faults, key=lambda f: (f.path, f.line, f.column, f.message)))


def _slips(sources: Mapping[str, RegoSource], unknown: frozenset[str]) -> list[PolicyFault]:
    """Find what the interpreter would take for undefined."""
    faults = []
    heads: dict[str, frozenset[str]] = {}
    for source in sources.values():
        heads[source.package] = heads.get(source.package, frozenset()) | source.heads()
    for source in sources.values():
        own = heads[source.package] | source.imports() | {"data"}
        for name, offset in source.calls().items():
            if name in unknown and name.partition(".")[0] not in own:
                words = f"there is no function `{name}` in the interpreter"
                faults.append(source.fault(words, offset))
        for name, offset in source.loose_names(heads[source.package]):
            faults.append(source.fault(f"nothing gives `{name}` a value", offset))
    if not any(source.asked() for source in sources.values()):
        first = next(iter(sources.values()))
        faults.append(first.fault(ASK_MORE))
    return faults
