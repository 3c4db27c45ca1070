"""Rego as people write it for conftest, and what may go wrong with it."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from controller.adapters.policy_engine.rego import RegoPolicyEngine
from controller.ports.policy_engine import PolicyAnswer, PolicyModules, PolicySaying

HEAD = "package main\nimport rego.v1\n"
BUCKET = {
    "resource_changes": [
        {"address": "aws_s3_bucket.b", "change": {"after": {"acl": "public-read"}}},
    ]
}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rego() -> AsyncIterator[RegoPolicyEngine]:
    engine = RegoPolicyEngine(seconds=60)
    yield engine
    await engine.close()


async def answer(rego: RegoPolicyEngine, text: str, **parameters: object) -> PolicyAnswer:
    policy = PolicyModules("p", {"p.rego": text}, parameters)
    (found,) = await rego.evaluate(json.dumps(BUCKET), {"unit": "shop/dev/api"}, [policy])
    return found


SAID = [
    ("old", 'package main\ndeny[msg] { input.resource_changes[_].address != ""; msg := "no" }\n',
     [("deny", "no", "")]),
    ("object", HEAD + 'violation contains {"msg": "no", "details": {}} if true\n',
     [("violation", "no", "")]),
    ("old object", 'package main\nwarn[x] { x := {"msg": "m", "metadata": {"resource": "a.b"}} }\n',
     [("warn", "m", "a.b")]),
    ("address", HEAD + 'deny contains {"msg": "no", "address": r.address} if {\n'
     '  some r in input.resource_changes\n}\n', [("deny", "no", "aws_s3_bucket.b")]),
    ("whole", HEAD + 'deny := "no" if true\n', [("deny", "no", "")]),
    ("about", HEAD + "deny contains input.trueup.unit\n", [("deny", "shop/dev/api", "")]),
    ("parameters", HEAD + "deny contains data.parameters.word\n", [("deny", "said", "")]),
    ("undefined", HEAD + 'deny contains "x" if input.no.such.thing\n', []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [s[1:] for s in SAID], ids=[s[0] for s in SAID])
async def test_messages_are_read_as_conftest_reads_them(
    rego: RegoPolicyEngine, text: str, expected: list[tuple[str, str, str]]
) -> None:
    found = await answer(rego, text, word="said")
    assert found == PolicyAnswer("p", tuple(PolicySaying(*each) for each in expected))


PROBLEMS = [
    ("a builtin fails", 'deny contains "x" if to_number(input.resource_changes[0].address) > 1\n'),
    ("two values", "a := 1 if true\na := 2 if true\ndeny contains a\n"),
    ("no function", 'deny contains "x" if nothing_here(1)\n'),
    ("itself", "f(x) := f(x)\ndeny contains f(1)\n"),
    ("no text", "deny contains 7\n"),
    ("true", "deny := true\n"),
    ("not there", 'deny contains "x" if net.cidr_contains("10.0.0.0/8", "10.0.0.1")\n'),
]  # fmt: skip


@pytest.mark.parametrize("text", [p[1] for p in PROBLEMS], ids=[p[0] for p in PROBLEMS])
async def test_what_cannot_be_said_is_a_problem(rego: RegoPolicyEngine, text: str) -> None:
    found = await answer(rego, HEAD + text)
    assert found.problem
    assert found.sayings == ()


async def test_texts_with_quotes_come_through(rego: RegoPolicyEngine) -> None:
    text = (
        HEAD
        + """deny contains sprintf("%s: %v", [r.address, {"x"}]) if {
  some r in input.r
  r.address == "aws_x.y[\\"web\\"]"
  json.unmarshal(r.policy).Sid == "a \\"b\\""
}
"""
    )
    document = {"r": [{"address": 'aws_x.y["web"]', "policy": json.dumps({"Sid": 'a "b"'})}]}
    policy = PolicyModules("p", {"p.rego": text})
    (found,) = await rego.evaluate(json.dumps(document), {}, [policy])
    assert [saying.message for saying in found.sayings] == ['aws_x.y["web"]: {"x"}']


async def test_an_exception_rule_takes_a_rule_out(rego: RegoPolicyEngine) -> None:
    text = (
        'deny_a contains "a"\ndeny_b contains "b"\nwarn_a contains "w"\n'
        'exception contains rules if rules := ["a"]\n'
    )
    found = await answer(rego, HEAD + text)
    assert [(s.message, s.excepted) for s in found.sayings] == [
        ("a", True), ("b", False), ("w", False),
    ]  # fmt: skip


async def test_nothing_of_ours_is_in_its_environment(rego: RegoPolicyEngine) -> None:
    text = HEAD + 'deny contains sprintf("%v", [object.keys(opa.runtime().env)])\n'
    found = await answer(rego, text)
    assert not found.problem
    assert "PATH" not in found.sayings[0].message


async def test_a_policy_that_brings_the_interpreter_down_is_named(rego: RegoPolicyEngine) -> None:
    deep = HEAD + f"deny contains {'[' * 20_000}1{']' * 20_000}\n"
    down = PolicyModules("down", {"p.rego": deep})
    right = PolicyModules("right", {"p.rego": HEAD + 'deny contains "no"\n'})
    first, second = await rego.evaluate("{}", {}, [down, right])
    assert (first.name, bool(first.problem)) == ("down", True)
    assert second.sayings


FAULTS = [
    ("package main\n\ndeny contains x if { x == ; }\n", (3, 24), "operator"),
    ("package main\n# ünïcödé\ndeny contains x if { x == ; }\n", (3, 24), "operator"),
    ("package main\nimport rego.v1\ndeny contains msg if { msg := whatever }\n", (3, 31),
     "nothing gives `whatever` a value"),
    ('package main\nimport rego.v1\ndeny contains "x" if net.cidr_contains("a", "b")\n', (3, 22),
     "no function `net.cidr_contains`"),
    ("package main\nimport rego.v1\nallow := true\n", (1, 1), "no rule `deny`"),
    ("package main\ndeny contains " + "[" * 200, (2, 116), "brackets"),
    ("package main\n" + "#" * 300_000, (1, 1), "longer"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "words"), FAULTS)
async def test_faults_have_a_place(
    rego: RegoPolicyEngine, text: str, place: tuple[int, int], words: str
) -> None:
    fault = rego.check({"p.rego": text})[0]
    assert ((fault.line, fault.column), words in fault.message) == (place, True), fault


GOOD = (
    HEAD
    + """
import data.shop.words as vocabulary

# deny is "not" said
tags := {"owner", "product"}
default limit := 3

is_public(acl) if acl in {"public-read", "public-read-write"}

deny contains {"msg": msg, "address": change.address} if {
    some i, change in input.resource_changes
    not i < 0
    is_public(change.change.after.acl)
    missing := {tag | some tag in tags; not change.change.after.tags[tag]}
    count(missing) > limit - 3
    every tag in missing { tag != "" }
    walk(change.change.after, [path, value])
    value == "public-read"
    msg := sprintf("%s lacks %v: %s", [change.address, missing, vocabulary.why(path)])
}

deny_old[message] {
    input.resource_changes[index].type == "x"
    [first, _] := split("a b", " ")
    message := concat("-", [first, format_int(index, 10)])
}
"""
)
FRIEND = 'package shop.words\nimport rego.v1\nwhy(path) := concat(".", path)\n'


async def test_what_is_right_is_not_refused(rego: RegoPolicyEngine) -> None:
    assert rego.check({"a.rego": GOOD, "b.rego": FRIEND}) == ()
    policy = PolicyModules("p", {"a.rego": GOOD, "b.rego": FRIEND})
    (found,) = await rego.evaluate(json.dumps(BUCKET), {}, [policy])
    assert [saying.message.partition(" ")[0] for saying in found.sayings] == ["aws_s3_bucket.b"]
