"""The values of rules → sayings, as conftest reads them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from controller.ports.policy_engine import PolicyAnswer, PolicySaying

PLACES = ("address", "resource")
"""Keys of a finding's metadata that name a resource."""


def read_answer(name: str, values: Mapping[tuple[str, str], Any]) -> PolicyAnswer:
    """Read the values of (package, rule); what no message can be read from is a problem."""
    excepted = {
        package: frozenset(_exceptions(value))
        for (package, rule), value in values.items()
        if rule == "exception"
    }
    sayings: set[PolicySaying] = set()
    for (package, rule), value in values.items():
        if rule == "exception":
            continue
        kind, _, suffix = rule.partition("_")
        is_excepted = kind != "warn" and suffix in excepted.get(package, ())
        for found in _messages(value):
            text, address = found
            if text is None:
                problem = f"`{rule}` gives no text and no object with `msg`"
                return PolicyAnswer(name, problem=problem)
            if text.startswith("(error"):
                return PolicyAnswer(name, problem=f"`{rule}` uses what is not defined")
            sayings.add(PolicySaying(rule, text, address, is_excepted))
    ordered = sorted(sayings, key=lambda each: (each.rule, each.message, each.address))
    return PolicyAnswer(name, tuple(ordered))


def _exceptions(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _exceptions(each)
    elif isinstance(value, dict):
        for key in value:
            yield from _exceptions(_key(key))


def _messages(value: Any) -> Iterator[tuple[str | None, str]]:
    """Give messages with the resource they name.

    A rule such as `deny[msg] { … }`, without `contains`, is an object to the interpreter: its keys
    are the messages.
    """
    if value is None or value is False:
        return
    if isinstance(value, list):
        for each in value:
            yield from _message(each)
    elif isinstance(value, dict) and "msg" not in value:
        for key in value:
            yield from _message(_key(key))
    else:
        yield from _message(value)


def _message(value: Any) -> Iterator[tuple[str | None, str]]:
    if isinstance(value, str):
        yield value, ""
    elif isinstance(value, dict) and isinstance(value.get("msg"), str):
        inner = value.get("metadata")
        sides = (value, inner if isinstance(inner, dict) else {})
        address = next(
            (side[key] for side in sides for key in PLACES if isinstance(side.get(key), str)), ""
        )
        yield value["msg"], address
    else:
        yield None, ""


def _key(text: str) -> Any:
    """Read the key of an object: it is written as JSON there, or is a bare text."""
    if text[:1] in {"{", "[", '"'}:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
