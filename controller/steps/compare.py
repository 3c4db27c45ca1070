"""Two commits as one product sees them → what differs, in words."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

LINES, FIELDS = 60, 8
LONGEST = 60


@dataclass(frozen=True)
class Side:
    """What a commit says of a product: its parts by digest, and what its documents say."""

    parts: Mapping[str, str]
    documents: Mapping[str, Mapping[str, object]]


def compare(before: Side, after: Side) -> tuple[str, ...]:
    """Say what is new, gone or another, a line each; of very much only the beginning."""
    lines = [
        line for name in sorted({*before.parts, *after.parts}) for line in _of(name, before, after)
    ]
    more = len(lines) - LINES
    return (*lines[:LINES], *([f"and {more} more lines"] if more > 0 else []))


def _of(name: str, before: Side, after: Side) -> Iterator[str]:
    old, new = before.parts.get(name), after.parts.get(name)
    if old == new:
        return
    if old is None or new is None:
        yield f"{name} is {'new' if old is None else 'gone'}"
        return
    was, is_now = (dict(_flat(side.documents.get(name, {}))) for side in (before, after))
    paths = [path for path in sorted({*was, *is_now}) if was.get(path) != is_now.get(path)]
    if not paths:
        yield f"{name} has another content"
    for path in paths[:FIELDS]:
        yield f"{name}: {path}: {_word(was.get(path))} → {_word(is_now.get(path))}"
    if len(paths) > FIELDS:
        yield f"{name}: and {len(paths) - FIELDS} more fields"


def _flat(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Give each leaf with its path; an empty list or mapping is one."""
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _flat(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for place, each in enumerate(value):
            yield from _flat(each, f"{path}[{place}]")
    else:
        yield path, value


def _word(value: object) -> str:
    if value is None:
        return "(not there)"
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
