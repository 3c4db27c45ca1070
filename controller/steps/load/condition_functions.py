"""Terraform's functions as conditions use them; each gives UNKNOWN where it is not surely exact."""

import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction

from controller.steps.load.known_values import (
    ERROR,
    OPAQUE,
    UNKNOWN,
    Mark,
    SetOf,
    is_of_one_kind,
    kind_of,
    make_set,
    to_bool,
    to_number,
    to_text,
)
from controller.steps.load.regexes import compile_pattern

LARGEST_TEXT = 20_000
_MOST_MATCHING = 400_000
_BITS = 32
_RANGE = re.compile(
    r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})"
    r"/(0|[1-9][0-9]{0,8})",
    re.ASCII,
)
_IN_RANGES = frozenset("0123456789abcdefABCDEF:./")
Given = tuple[object, ...]


def _texts(given: Given) -> tuple[str, ...] | Mark:
    found = tuple(map(to_text, given))
    if any(one is UNKNOWN for one in found):
        return UNKNOWN
    texts = tuple(one for one in found if isinstance(one, str))
    return texts if len(texts) == len(found) else ERROR


def _on_texts(count: int, function: Callable[..., object]) -> Callable[[Given], object]:
    def call(given: Given) -> object:
        texts = _texts(given)
        if len(given) != count:
            return UNKNOWN
        return texts if isinstance(texts, Mark) else function(*texts)

    return call


def _on_numbers(function: Callable[..., object], most: int) -> Callable[[Given], object]:
    def call(given: Given) -> object:
        numbers = tuple(map(to_number, given))
        if not 0 < len(given) <= most or UNKNOWN in numbers:
            return UNKNOWN
        return ERROR if ERROR in numbers else function(numbers)

    return call


def _convert(function: Callable[[object], object]) -> Callable[[Given], object]:
    def call(given: Given) -> object:
        if len(given) != 1:
            return UNKNOWN
        return None if given[0] is None else function(given[0])

    return call


def _items(value: object) -> tuple[object, ...] | None:
    match value:
        case tuple():
            return value
        case SetOf(items):
            return items
        case _:
            return None


def _length(given: Given) -> object:
    match given:
        case (str() as text,):
            return UNKNOWN if "\r" in text or "\0" in text else len(text)
        case (tuple() | Mapping() as items,):
            return len(items)
        case (SetOf(items),):
            return len(items)
        case (None,) | (bool(),) | (int(),) | (Fraction(),):
            return ERROR
        case _:
            return UNKNOWN


def _substr(given: Given) -> object:
    match given:
        case (str() as text, int() as start, int() as length) if "\r" not in text:
            is_inside = 0 <= start <= len(text) and length >= 0
            return text[start : start + length] if is_inside else UNKNOWN
        case _:
            return UNKNOWN


def _contains(given: Given) -> object:
    match given:
        case (tuple() | SetOf() as source, wanted) if kind_of(wanted):
            items = _items(source) or ()
            if not all(kind_of(item) for item in items):
                return UNKNOWN
            return any(kind_of(item) == kind_of(wanted) and item == wanted for item in items)
        case (None, _):
            return ERROR
        case _:
            return UNKNOWN


def _matches(pattern: str, text: str) -> bool | None:
    compiled = compile_pattern(pattern)
    if compiled is None or compiled.size * (len(text) + 1) > _MOST_MATCHING:
        return None
    return compiled.is_found_in(text)


def _regex(pattern: str, text: str) -> object:
    found = _matches(pattern, text)
    return UNKNOWN if found is None else OPAQUE if found else ERROR


def _regexall(pattern: str, text: str) -> object:
    return () if _matches(pattern, text) is False else UNKNOWN


def _network(text: str) -> object:
    """Read a range of IPv4 addresses; only whether it is one is told."""
    match = _RANGE.fullmatch(text)
    if match:
        *octets, bits = map(int, match.groups())
        return OPAQUE if max(octets) < 2**8 and bits <= _BITS else ERROR
    return ERROR if text.count("/") != 1 or not set(text) <= _IN_RANGES else UNKNOWN


def _cidrhost(given: Given) -> object:
    match given:
        case (str() as text, 0) if not isinstance(given[1], bool):
            return _network(text)
        case (None, 0) if not isinstance(given[1], bool):
            return ERROR
        case _:
            return UNKNOWN


def _all_or_any(function: Callable[[tuple[bool, ...]], bool]) -> Callable[[Given], object]:
    def call(given: Given) -> object:
        match given:
            case (tuple() | SetOf() as source,):
                items = _items(source) or ()
                bools = tuple(item for item in items if isinstance(item, bool))
                return function(bools) if len(bools) == len(items) else UNKNOWN
            case (None,):
                return ERROR
            case _:
                return UNKNOWN

    return call


def _distinct(given: Given) -> object:
    match given:
        case (tuple() as items,) if is_of_one_kind(items):
            return tuple(dict.fromkeys(items))
        case _:
            return UNKNOWN


def _to_set(given: Given) -> object:
    items = _items(given[0]) if len(given) == 1 else None
    found = make_set(items) if items is not None else UNKNOWN
    return UNKNOWN if found is OPAQUE else found


def _difference(given: Given) -> object:
    match given:
        case ((tuple() | SetOf()) as first, (tuple() | SetOf()) as second):
            taken = _items(second) or ()
            items = _items(first) or ()
            if not is_of_one_kind((*items, *taken)):
                return UNKNOWN
            return make_set(item for item in items if item not in taken)
        case _:
            return UNKNOWN


def _flatten(given: Given) -> object:
    match given:
        case (tuple() as items,):
            found: list[object] = []
            for item in items:
                if isinstance(item, tuple):
                    inner = _flatten((item,))
                    if not isinstance(inner, tuple):
                        return UNKNOWN
                    found.extend(inner)
                elif kind_of(item):
                    found.append(item)
                else:
                    return UNKNOWN
            return tuple(found)
        case _:
            return UNKNOWN


def _split(separator: str, text: str) -> object:
    return tuple(text.split(separator)) if separator else UNKNOWN


def _join(given: Given) -> object:
    match given:
        case (str() as separator, (tuple() | SetOf()) as source):
            items = _items(source) or ()
            return separator.join(map(str, items)) if all(map(_is_text, items)) else UNKNOWN
        case _:
            return UNKNOWN


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _keys(given: Given) -> object:
    match given:
        case (Mapping() as entries,):
            return tuple(sorted(entries))
        case (None,):
            return ERROR
        case _:
            return UNKNOWN


def _values(given: Given) -> object:
    match given:
        case (Mapping() as entries,):
            return tuple(entries[key] for key in sorted(entries))
        case (None,):
            return ERROR
        case _:
            return UNKNOWN


FUNCTIONS: Mapping[str, Callable[[Given], object]] = {
    "abs": _on_numbers(lambda numbers: abs(numbers[0]), 1),
    "alltrue": _all_or_any(all),
    "anytrue": _all_or_any(any),
    "ceil": _on_numbers(lambda numbers: math.ceil(numbers[0]), 1),
    "cidrhost": _cidrhost,
    "cidrnetmask": _on_texts(1, _network),
    "contains": _contains,
    "distinct": _distinct,
    "endswith": _on_texts(2, str.endswith),
    "flatten": _flatten,
    "floor": _on_numbers(lambda numbers: math.floor(numbers[0]), 1),
    "join": _join,
    "keys": _keys,
    "length": _length,
    "lower": _on_texts(1, str.lower),
    "max": _on_numbers(max, 100),
    "min": _on_numbers(min, 100),
    "regex": _on_texts(2, _regex),
    "regexall": _on_texts(2, _regexall),
    "setsubtract": _difference,
    "split": _on_texts(2, _split),
    "startswith": _on_texts(2, str.startswith),
    "strcontains": _on_texts(2, lambda text, part: part in text),
    "substr": _substr,
    "tobool": _convert(to_bool),
    "tonumber": _convert(to_number),
    "toset": _to_set,
    "tostring": _convert(to_text),
    "trimspace": _on_texts(1, lambda text: text.strip(" \t\n\r\v\f")),
    "upper": _on_texts(1, str.upper),
    "values": _values,
}
