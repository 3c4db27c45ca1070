"""Limits of a load test's objectives: absolute ones, and ones relative to a baseline."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from schemas.references import refuse_at
from schemas.values import THRESHOLD_PATTERN, THRESHOLD_WORDS, Threshold, read_threshold

_RELATIVE = re.compile(r"(<=|>=|<|>) ?([+-])([0-9]{1,9}(?:\.[0-9]{1,6})?)%")
_PLAIN = re.compile(r"(<=|>=|<|>) ?([0-9]{1,12}(?:\.[0-9]{1,9})?)")
_WORDS = f'{THRESHOLD_WORDS}, or one relative to the baseline, such as `"<=+5%"`'


@dataclass(frozen=True, slots=True)
class RelativeLimit:
    """How far a number may be from that of the baseline: `<=+5%`, `>=-10%`."""

    text: str
    operator: Literal["<", "<=", ">", ">="]
    share: float
    """What may be more (or, below zero, less) than the baseline: 0.05 is 5 %."""

    @property
    def is_upper(self) -> bool:
        """Whether more is worse."""
        return self.operator in {"<", "<="}


Limit = Threshold | RelativeLimit


def read_limit(raw: object) -> Limit:
    """Read `<150ms`, `<0.9` or `<=+5%`; raises ValueError."""
    if isinstance(raw, Threshold | RelativeLimit):
        return raw
    text = raw if isinstance(raw, str) else ""
    if match := _RELATIVE.fullmatch(text):
        share = float(match[2] + match[3]) / 100
        return RelativeLimit(match[0], _operator(match[1]), round(share, 9))
    if match := _PLAIN.fullmatch(text):
        return Threshold(match[0], _operator(match[1]), float(match[2]), "number")
    try:
        return read_threshold(raw)
    except ValueError:
        raise ValueError(_WORDS if text[:1] in {"<", ">"} else THRESHOLD_WORDS) from None


def _operator(text: str) -> Literal["<", "<=", ">", ">="]:
    match text:
        case "<":
            return "<"
        case "<=":
            return "<="
        case ">":
            return ">"
        case _:
            return ">="


def read_limits(raw: object) -> tuple[Limit, ...]:
    """Read one limit, or a list of limits that must all hold; raises ValueError."""
    if not isinstance(raw, list | tuple):
        return (read_limit(raw),)
    if not raw:
        raise ValueError("at least one limit")
    found: list[Limit] = []
    for index, one in enumerate(raw):
        try:
            found.append(read_limit(one))
        except ValueError as error:
            refuse_at((index,), str(error))
    return tuple(found)


def write_limits(limits: Iterable[Limit]) -> str | list[str]:
    """Write limits as people do: one as a text, several as a list."""
    texts = [limit.text for limit in limits]
    return texts[0] if len(texts) == 1 else texts


_ONE = {
    "type": "string",
    "pattern": f"^(?:{THRESHOLD_PATTERN}|{_PLAIN.pattern}|{_RELATIVE.pattern})$",
    "patternErrorMessage": f"expected {_WORDS}",
}

Limits = Annotated[
    tuple[Limit, ...],
    BeforeValidator(read_limits),
    Field(strict=False),
    PlainSerializer(write_limits, when_used="json"),
    WithJsonSchema({"anyOf": [_ONE, {"type": "array", "items": _ONE, "minItems": 1}]}),
]
"""One limit as a text, or several that must all hold as a list."""
