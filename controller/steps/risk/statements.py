"""JSON policy documents, as AWS writes them: who may do what with what."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from controller.steps.risk.values import leaves, listed

EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; what it leaves out by `Not…` counts as everything."""

    allows: bool
    principals: tuple[str, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: str

    def covers(self, other: "Statement", action: str) -> bool:
        """Tell whether an action of another statement is allowed by this one already."""
        return (
            self.condition in {"", other.condition}
            and _are_within((action,), self.actions)
            and _are_within(other.resources, self.resources)
            and _are_within(other.principals, self.principals)
        )


def documents(attributes: object) -> Iterator[tuple[str, tuple[Statement, ...]]]:
    """Give every policy document among attributes, with the key it stands at."""
    for key, value in leaves(attributes):
        if isinstance(value, str) and value.lstrip().startswith("{") and '"Statement"' in value:
            found = _read(value)
            if found is not None:
                yield key, found


def _read(text: str) -> tuple[Statement, ...] | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    found = (_statement(raw) for raw in listed(document.get("Statement")) if isinstance(raw, dict))
    return tuple(sorted(found, key=repr))


def _statement(raw: dict[str, object]) -> Statement:
    condition = raw.get("Condition")
    return Statement(
        allows=raw.get("Effect") == "Allow",
        principals=tuple(sorted(_principals(raw))),
        actions=_words(raw, "Action"),
        resources=_words(raw, "Resource"),
        condition=json.dumps(condition, sort_keys=True) if condition else "",
    )


def _words(raw: dict[str, object], key: str) -> tuple[str, ...]:
    if f"Not{key}" in raw:
        return (EVERYTHING,)
    words = (str(word) for word in listed(raw.get(key)))
    return tuple(sorted(word.lower() if key == "Action" else word for word in words))


def _principals(raw: dict[str, object]) -> Iterator[str]:
    if "NotPrincipal" in raw:
        yield EVERYTHING
    named = raw.get("Principal")
    if isinstance(named, dict):
        for key, words in named.items():
            for word in listed(words):
                yield EVERYTHING if word == EVERYTHING else f"{key}:{word}"
    else:
        yield from (str(word) for word in listed(named))


def _are_within(inner: Iterable[str], outer: Iterable[str]) -> bool:
    known = tuple(outer)
    if not known:  # identity policies name no principal, trust policies no resource
        return not tuple(inner)
    return all(any(fnmatchcase(word, pattern) for pattern in known) for word in inner)
