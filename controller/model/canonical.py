"""A value ↔ its one text: what is signed and addressed has to be written in one way only."""

import hashlib
import json
from collections.abc import Sequence

from controller.model.names import Digest

_NO_LETTER = str.maketrans(dict.fromkeys(range(55296, 57344), "�"))
"""Halves of letters, which no encoding can write."""


def write(value: object) -> str:
    """Give a value as JSON: keys sorted, two spaces, UTF-8, a line feed at the end.

    Raises ValueError for NaN and infinity.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=2)
    try:
        text.encode()  # far quicker than to look for halves, which are hardly ever there
    except UnicodeEncodeError:
        text = text.translate(_NO_LETTER)
    return text + "\n"


def read(text: str) -> object:
    """Read a text that `write` gives. Raises ValueError for any other text."""
    try:
        value: object = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
        again = write(value)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if again != text:
        raise ValueError("it is not written as records are: sorted, with two spaces")
    return value


def digest_of(text: str) -> Digest:
    """Give the address of a text: what it says is what it is called."""
    return Digest(f"sha256:{hashlib.sha256(text.encode()).hexdigest()}")


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _refuse(word: str) -> object:
    raise ValueError(f"{word} is no number")
