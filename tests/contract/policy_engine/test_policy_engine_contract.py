"""What every engine of policies does, from a few patterns to Rego."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from controller.adapters.policy_engine.memory import MemoryPolicyEngine
from controller.adapters.policy_engine.rego import RegoPolicyEngine
from controller.ports.policy_engine import PolicyAnswer, PolicyEngine, PolicyModules, PolicySaying

HEAD = "package main\nimport rego.v1\n"
LOOP = """deny contains "x" if {
  some a in numbers.range(1, 20000)
  some b in numbers.range(1, 20000)
  a * b == -1
}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["memory", "rego"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[PolicyEngine]:
    made: PolicyEngine = MemoryPolicyEngine()
    if request.param == "rego":
        made = RegoPolicyEngine(seconds=60)
    yield made
    await made.close()


pytestmark = pytest.mark.asyncio(loop_scope="module")


def policy(name: str, text: str) -> PolicyModules:
    return PolicyModules(name, {f"policies/{name}.rego": HEAD + text})


async def ask(engine: PolicyEngine, *policies: PolicyModules) -> tuple[PolicyAnswer, ...]:
    return await engine.evaluate('{"words": ["a"]}', {"unit": "shop/dev/api"}, policies)


async def test_no_policy_says_nothing(engine: PolicyEngine) -> None:
    assert await ask(engine) == ()


async def test_each_policy_answers_with_its_rules(engine: PolicyEngine) -> None:
    first = policy("first", 'deny contains "no"\nwarn contains "careful"\n')
    second = policy("second", 'violation_x contains {"msg": "not this", "address": "a.b"}\n')
    assert await ask(engine, first, second) == (
        PolicyAnswer("first", (PolicySaying("deny", "no"), PolicySaying("warn", "careful"))),
        PolicyAnswer("second", (PolicySaying("violation_x", "not this", "a.b"),)),
    )


async def test_a_rule_may_look_at_the_plan(engine: PolicyEngine) -> None:
    text = 'deny contains "a" if "a" in input.words\ndeny contains "b" if "b" in input.words\n'
    (answer,) = await ask(engine, policy("looks", text))
    assert [saying.message for saying in answer.sayings] == ["a"]


async def test_only_warnings_refuse_nothing(engine: PolicyEngine) -> None:
    text = 'warn_more contains "x"\ndeny contains "y"\n'
    (answer,) = await ask(engine, policy("both", text))
    assert [(s.rule, s.only_warns) for s in answer.sayings] == [
        ("deny", False),
        ("warn_more", True),
    ]


async def test_a_policy_that_cannot_answer_has_a_problem_and_the_next_one_is_asked(
    engine: PolicyEngine,
) -> None:
    broken = PolicyModules("broken", {"policies/broken.rego": "deny contains ]"})
    silent = policy("silent", "other := 1\n")
    right = policy("right", 'deny contains "no"\n')
    answers = await ask(engine, broken, silent, right)
    assert [bool(answer.problem) for answer in answers] == [True, True, False]
    assert answers[2].sayings


async def test_a_policy_that_does_not_end_is_ended(engine: PolicyEngine) -> None:
    loop, right = policy("loop", LOOP), policy("right", 'deny contains "no"\n')
    if isinstance(engine, RegoPolicyEngine):
        engine._seconds = 0.5
    try:
        first, _ = await ask(engine, loop, right)
    finally:
        if isinstance(engine, RegoPolicyEngine):
            engine._seconds = 5
    assert "did not end" in first.problem
    (answer,) = await ask(engine, right)
    assert answer.sayings


async def test_what_is_wrong_is_told_with_its_place(engine: PolicyEngine) -> None:
    assert engine.check({"p/a.rego": f'{HEAD}deny contains "x"\n'}) == ()
    (fault,) = engine.check({"p/a.rego": "deny contains ]"})
    assert (fault.path, fault.line) == ("p/a.rego", 1)


async def test_closing_may_be_repeated(engine: PolicyEngine) -> None:
    await engine.close()
    await engine.close()
    (answer,) = await ask(engine, policy("after", 'deny contains "no"\n'))
    assert answer.sayings
