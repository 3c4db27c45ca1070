"""Good documents → bad ones: structured harm, the same for the same seed."""

import json
import random
from collections.abc import Sequence
from typing import Any

from controller.steps.load.compose import compose
from controller.steps.load.nodes import value_of

TOKENS = (
    "\n", "\n  ", "\n    ", "\n\t", ": ", ":", "- ", "? ", "[", "]", "{", "}", ", ", "&a ", "*a",
    "<<: ", "!!str ", "!x ", "'", '"', "|\n", ">-\n", "#", "\\", "---\n", "...\n", "%YAML 1.2\n",
    "\r\n", "\r", "\u2028", "\x85", "\ufeff", "é", "名", "😀", "${", "~", "1e999", "0x", ".inf",
    "\\ud800", "\\x00", "@", "`", " ", "platform/v1alpha1", "variables", "2030-01-01", "*",
)  # fmt: skip
_LEAVES: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, "", "x", [], {}, [[]], {"output": "shop-db.url"}, {"secret": "x"},
    {"path": "a"}, {"literal": {"output": 1}}, "10m", "<150ms", {"a": {"b": [{"c": None}]}},
)  # fmt: skip


class Mutilator:
    """Makes texts from good files; `chance` decides everything."""

    def __init__(self, good: Sequence[str], chance: random.Random) -> None:
        self._good = list(good)
        self._chance = chance
        self._values = [
            value_of(composed.root)
            for text in good
            for composed in compose(text)
            if composed.root is not None
        ]
        self._words = sorted({word for text in good for word in text.split()})

    def text(self) -> str:
        """Give a text: of tokens, of a good file with harm done to it, or of a wrong shape."""
        kind = self._chance.random()
        if kind < 0.2:
            return "".join(self._token() for _ in range(self._chance.randint(0, 40)))
        if kind < 0.6:
            return self._harmed(self._chance.choice(self._good))
        return self._misshapen()

    def _token(self) -> str:
        return self._chance.choice(TOKENS if self._chance.random() < 0.6 else self._words)

    def _harmed(self, text: str) -> str:
        for _ in range(self._chance.randint(1, 4)):
            at = self._chance.randint(0, len(text))
            text = text[:at] + self._token() + text[at + self._chance.randint(0, 12) :]
        return text

    def _misshapen(self) -> str:
        document = json.loads(json.dumps(self._chance.choice(self._values)))
        for _ in range(self._chance.randint(1, 4)):
            self._change(document)
        if self._chance.random() < 0.5:
            return json.dumps(document, indent=1)
        return "\n".join(f"{json.dumps(key)}: {json.dumps(document[key])}" for key in document)

    def _change(self, document: Any) -> None:
        above, key = self._chance.choice(_places(document) or [({}, None)])
        if isinstance(above, dict) and key is not None and self._chance.random() < 0.4:
            above[self._chance.choice(self._words)] = above.pop(key)
        elif key is not None:
            leaf = self._chance.choice((*_LEAVES, self._chance.choice(self._words)))
            above[key] = json.loads(json.dumps(leaf))


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Give every mapping and list in a value with each of its keys."""
    found = []
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in entries:
        found.append((value, key))
        if isinstance(inner, (dict, list)):
            found.extend(_places(inner))
    return found
