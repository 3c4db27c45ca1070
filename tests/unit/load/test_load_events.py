"""The quick events are those of ruamel: same events, same errors, same places."""

import random
from typing import Any

import pytest
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from controller.steps.load.events import Events, PlainEvents, TooDeep
from tests.unit.load.load_repositories import BASE

GOOD = [text for path, text in sorted(BASE.items()) if path.endswith(".yaml")]
PIECES = [
    "a", "b: c", "x:y", "\n", "\n", "\n  ", "\n    ", "\n\t", ": ", ":", "- ", "? ", "?", "[", "]",
    "{", "}", ", ", ",", "&a ", "*a", "<<: ", "!!str ", "!x ", "'", '"', "|\n", ">-\n", "#", " #c",
    "\\", "---\n", "...\n", "\n...", "%YAML 1.2\n", "\r\n", "\r", "\u2028", "\x85", "\ufeff", "é",
    "名", "😀", "~", "@", "`", " ", "  ", "\t", "k" * 1030,
]  # fmt: skip


def events_of(kind: type[PlainEvents], text: str) -> list[Any]:
    found: list[Any] = []
    names = ("value", "anchor", "style", "implicit", "tag", "explicit")
    try:
        events = kind(text)
        while events.peek_event() is not None:
            event = events.get_event()
            marks = [(m.index, m.line, m.column) for m in (event.start_mark, event.end_mark)]
            values = [str(getattr(event, name, None)) for name in names]
            found.append((type(event).__name__, values, marks))
    except MarkedYAMLError as error:
        problem, context = (
            getattr(mark, "index", None) for mark in (error.problem_mark, error.context_mark)
        )
        found.append((type(error).__name__, error.problem, error.context, problem, context))
    except (YAMLError, ValueError, OverflowError, IndexError, TypeError, TooDeep) as error:
        found.append((type(error).__name__, str(error).split("\n", maxsplit=1)[0]))
    return found


def text_from(chance: random.Random) -> str:
    if chance.random() < 0.6:
        return "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 25)))
    text = chance.choice(GOOD)
    for _ in range(chance.randint(0, 3)):
        at = chance.randint(0, len(text))
        text = text[:at] + chance.choice(PIECES) + text[at + chance.randint(0, 5) :]
    return text


@pytest.mark.parametrize("seed", range(4))
def test_quick_events_are_those_of_ruamel(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(700):
        text = text_from(chance)
        assert events_of(Events, text) == events_of(PlainEvents, text), text
