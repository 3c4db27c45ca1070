"""Plans in files that policies of one's own are asked about: `trueup policy test`."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.adapters.engine._plan_document import pack
from controller.adapters.policy_engine.rego import RegoPolicyEngine
from controller.diagnostics.errors import ConfigurationWrong
from controller.model.rego_files import ENDING, TESTS
from controller.ports.policy_engine import PolicyAnswer, PolicyModules

PASS, FAIL = "pass", "fail"
PARAMETERS = "parameters.json"


@dataclass(frozen=True, slots=True)
class PolicyCase:
    """A plan, what the policies should say of it, and what they do say."""

    path: str
    wanted: str
    """`pass` or `fail`: the folder that the plan lies in."""
    said: tuple[str, ...]
    problem: str = ""

    @property
    def is_right(self) -> bool:
        """Whether they say what they should: nothing of a plan in `pass`, something in `fail`."""
        return not self.problem and bool(self.said) == (self.wanted == FAIL)


def run_cases(folder: Path) -> tuple[PolicyCase, ...]:
    """Ask all policies of a folder about each plan below a `pass` or a `fail`.

    Raises ConfigurationWrong when there is nothing to ask, or a file cannot be read.
    """
    files = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(folder.rglob(f"*{ENDING}"))
        if not path.name.endswith(TESTS)
    }
    plans = [path for path in sorted(folder.rglob("*.json")) if path.parent.name in {PASS, FAIL}]
    if not files or not plans:
        raise ConfigurationWrong.because(
            f"`{folder}` holds no {'plans' if files else 'policies'}",
            hint=f"put plans from `terraform show -json` into `{folder}/{PASS}` and `…/{FAIL}`,"
            " beside files that end with `.rego`",
        )
    engine = RegoPolicyEngine()
    faults = engine.check(files)
    if faults:
        raise ConfigurationWrong.because(
            "; ".join(f"{each.path}:{each.line}:{each.column}: {each.message}" for each in faults),
            code="policy/rego-wrong",
        )
    own = folder / PARAMETERS
    modules = PolicyModules(folder.name, files, _read(own) if own.is_file() else {})
    return asyncio.run(_ask(engine, modules, folder, plans))


async def _ask(
    engine: RegoPolicyEngine, modules: PolicyModules, folder: Path, plans: Sequence[Path]
) -> tuple[PolicyCase, ...]:
    found = []
    try:
        for path in plans:
            document = _read(path)
            # What policies see of a real plan, and no more: else a case would prove too much.
            text = pack(document, ()).text()
            (answer,) = await engine.evaluate(text, document.get("trueup") or {}, [modules])
            found.append(_case(str(path.relative_to(folder)), path.parent.name, answer))
    finally:
        await engine.close()
    return tuple(found)


def _case(path: str, wanted: str, answer: PolicyAnswer) -> PolicyCase:
    said = (f"{each.rule}: {each.message}" for each in answer.sayings if not each.excepted)
    return PolicyCase(path, wanted, tuple(said), answer.problem)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as wrong:
        raise ConfigurationWrong.because(f"`{path}` cannot be read: {wrong}") from None
    if not isinstance(document, dict):
        raise ConfigurationWrong.because(f"`{path}` holds no object")
    return document
