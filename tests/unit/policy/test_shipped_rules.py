"""Each rule that is shipped finds what is in its failing plan, and nothing in its passing one."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from controller import shipped
from controller.adapters.policy_engine.rego import RegoPolicyEngine
from controller.ports.policy_engine import PolicyAnswer, PolicyModules
from controller.steps.policy.allowed import LIBRARY, SHIPPED_FOLDER
from schemas.rules import SHIPPED

CASES = Path(__file__).resolve().parents[2] / "cases" / "policy"
FOLDERS = sorted(path.name for path in CASES.iterdir())

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[RegoPolicyEngine]:
    made = RegoPolicyEngine()
    yield made
    await made.close()


def modules(name: str, parameters: dict[str, object]) -> PolicyModules:
    files = {
        path: shipped.files()[path].decode() for path in (LIBRARY, f"{SHIPPED_FOLDER}{name}.rego")
    }
    return PolicyModules(name, files, parameters)


async def ask(engine: RegoPolicyEngine, folder: str, plan: str) -> PolicyAnswer:
    case = json.loads((CASES / folder / "rule.json").read_text())
    document = (CASES / folder / f"{plan}.json").read_text()
    policy = modules(case["rule"], case["parameters"])
    (answer,) = await engine.evaluate(document, {}, [policy])
    return answer


@pytest.mark.parametrize("folder", FOLDERS)
async def test_a_rule_finds_what_is_wrong(engine: RegoPolicyEngine, folder: str) -> None:
    answer = await ask(engine, folder, "failing")
    assert answer.problem == ""
    lines = [f"{each.rule} {each.address}: {each.message}" for each in answer.sayings]
    assert lines == (CASES / folder / "expected.txt").read_text().splitlines()
    plan = json.loads((CASES / folder / "failing.json").read_text())
    assert {each.address for each in answer.sayings} == {
        change["address"] for change in plan["resource_changes"]
    }


@pytest.mark.parametrize("folder", FOLDERS)
async def test_a_rule_leaves_alone_what_is_right(engine: RegoPolicyEngine, folder: str) -> None:
    assert await ask(engine, folder, "passing") == PolicyAnswer(
        json.loads((CASES / folder / "rule.json").read_text())["rule"]
    )


async def test_every_rule_is_there_has_a_case_and_is_right(engine: RegoPolicyEngine) -> None:
    there = {
        path.removeprefix(SHIPPED_FOLDER).removesuffix(".rego")
        for path in shipped.files()
        if path.startswith(SHIPPED_FOLDER) and path != LIBRARY
    }
    assert there == set(SHIPPED) == {folder.replace("-", "/", 1) for folder in FOLDERS}
    everything = {
        path: content.decode()
        for path, content in shipped.files().items()
        if path.startswith(SHIPPED_FOLDER)
    }
    assert engine.check(everything) == ()


async def test_a_plan_of_nothing_and_one_without_values_break_no_rule(
    engine: RegoPolicyEngine,
) -> None:
    every = [
        modules(name, {key: ["x"] for key, each in rule.parameters.items() if each.required})
        for name, rule in SHIPPED.items()
    ]
    bare = {"address": "aws_x.y", "type": "aws_x", "change": {"actions": ["create"], "after": {}}}
    for document in ({}, {"resource_changes": []}, {"resource_changes": [bare]}):
        answers = await engine.evaluate(json.dumps(document), {}, every)
        assert {answer.problem for answer in answers} == {""}
