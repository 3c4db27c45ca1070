"""`show -json` of a plan → changes, without anything that is sensitive.

The document holds secrets in clear (`variables`, `configuration`, every sensitive attribute): it is
read here and goes no further, not even into the exception when it cannot be read.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.adapters.engine._block_pairs import pair_blocks
from controller.adapters.engine._plan_document import any_true, pack, step_into
from controller.diagnostics.errors import EngineFailed
from controller.model.drift import EngineLook
from controller.model.plan import Action, AttributeChange, ResourceChange
from controller.ports.engine import EnginePlan

LONGEST_VALUE = 120
SHORTEST_SECRET = 6
IDENTITIES = ("id", "arn", "name")
FOR_A_CHECK = "read_because_check_nested"
"""A data source in a `check` block: it is read at every apply, and changes nothing."""

_ACTIONS = {
    ("create",): Action.CREATE,
    ("update",): Action.UPDATE,
    ("delete",): Action.DELETE,
    ("read",): Action.READ,
    ("forget",): Action.FORGET,
    ("no-op",): Action.NO_OP,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("create", "forget"): Action.REPLACE,
}


def read_plan(text: str, file: Path) -> EnginePlan:
    """Read `show -json trueup.tfplan`; raises EngineFailed when it is not what we know."""
    document = _parse(text)
    outputs = document.get("output_changes") or {}
    return EnginePlan(
        file=file,
        changes=_read_changes(document, "resource_changes"),
        drift=_read_changes(document, "resource_drift"),
        outputs_change=any(change.get("actions") != ["no-op"] for change in outputs.values()),
        errored=bool(document.get("errored", False)),
        document=pack(document, _secrets(document)),
    )


def read_look(text: str, *, exact: bool = False) -> EngineLook:
    """Read what differs from the state, and what the configuration would change."""
    document = _parse(text)
    write = _exactly if exact else _text
    return EngineLook(
        _read_changes(document, "resource_drift", write),
        _read_changes(document, "resource_changes", write),
    )


def _parse(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or "format_version" not in document:
        # `from None`: a JSONDecodeError carries the whole document, secrets and all.
        raise EngineFailed.because("`show -json` gave no plan that can be read") from None
    return document


Write = Callable[[Any], str | None]
"""Writes the value of an attribute."""


def _read_changes(
    document: Mapping[str, Any], part: str, write: Write | None = None
) -> tuple[ResourceChange, ...]:
    walk = _Walk(frozenset(_secrets(document)), write or _text)
    is_drift = part == "resource_drift"
    found = (_read_change(entry, walk, is_drift=is_drift) for entry in document.get(part) or ())
    return tuple(change for change in found if change is not None)


def _read_change(
    entry: Mapping[str, Any], walk: "_Walk", *, is_drift: bool
) -> ResourceChange | None:
    if entry.get("action_reason") == FOR_A_CHECK:
        return None
    change = entry["change"]
    action = _ACTIONS.get(tuple(change["actions"]), Action.UPDATE)
    reason = str(entry.get("action_reason", "")).replace("_", " ")
    if moved := entry.get("previous_address"):
        reason = reason or f"moved from {moved}"
    if action is Action.NO_OP and change.get("importing"):
        action = Action.IMPORT
    elif action is Action.NO_OP and not moved:
        return None
    deposed = entry.get("deposed")
    return ResourceChange(
        address=f"{entry['address']} (deposed {deposed})" if deposed else entry["address"],
        type=entry["type"],
        action=action,
        attributes=tuple(walk.differences("", _Value.of_change(change))),
        reason=reason,
        imported=bool(change.get("importing")),
        identities=tuple(walk.identities(_Value.of_change(change))) if is_drift else (),
    )


@dataclass(frozen=True, slots=True)
class _Value:
    """One place in the attributes: both values, and what is unknown or sensitive there."""

    before: Any
    after: Any
    unknown: Any
    sensitive_before: Any
    sensitive_after: Any

    @classmethod
    def of_change(cls, change: Mapping[str, Any]) -> "_Value":
        return cls(
            change.get("before"),
            change.get("after"),
            change.get("after_unknown"),
            change.get("before_sensitive"),
            change.get("after_sensitive"),
        )

    def at(self, key: str) -> "_Value":
        return self._at(key, key)

    def _at(self, before: str | int | None, after: str | int | None) -> "_Value":
        def of(side: Any, key: str | int | None) -> Any:
            return None if key is None else step_into(side, key)

        return _Value(
            of(self.before, before),
            of(self.after, after),
            of(self.unknown, after),
            of(self.sensitive_before, before),
            of(self.sensitive_after, after),
        )

    @property
    def differs(self) -> bool:
        return self.before != self.after or any_true(self.unknown)

    def opened(self) -> "_Value":
        """Look into a JSON document, as policies of AWS are: what differs is told by its keys."""
        inner = (_json_document(self.before), _json_document(self.after))
        if self.unknown or None in inner or type(inner[0]) is not type(inner[1]):
            return self
        return _Value(*inner, None, None, None)

    def parts(self) -> Sequence[tuple[str | int, "_Value"]]:
        """Give what to walk on with, by key; nothing when this is a leaf."""
        sides = [side for side in (self.before, self.after) if side is not None]
        if sides and all(isinstance(side, dict) for side in sides):
            unknown = self.unknown if isinstance(self.unknown, dict) else {}
            keys = sorted({key for side in [*sides, unknown] for key in side})
            return [(key, self.at(key)) for key in keys]
        if sides and all(isinstance(side, list) for side in sides):
            pairs = pair_blocks(self.before or (), self.after or ())
            return [
                # The same place is named whichever side is the earlier one.
                (min(place for place in pair if place is not None), self._at(*pair))
                for pair in pairs
            ]
        return ()


@dataclass(frozen=True, slots=True)
class _Walk:
    """Goes through attributes, hides what is sensitive, and writes the rest."""

    secrets: frozenset[str]
    write: Write

    def differences(self, path: str, value: _Value) -> Iterator[AttributeChange]:
        """Give what differs, down to single values."""
        if not value.differs:
            return
        whole = True in (value.sensitive_before, value.sensitive_after)
        value = value if whole else value.opened()
        parts = () if value.unknown is True else value.parts()
        hidden = any_true(value.sensitive_before) or any_true(value.sensitive_after)
        leaks = not parts and _contains((value.before, value.after), self.secrets)
        if whole or leaks or (hidden and not parts):
            yield AttributeChange(path, None, None, sensitive=True)
        elif not parts:
            after = None if value.unknown is True else self.write(value.after)
            yield AttributeChange(path, self.write(value.before), after)
        else:
            for key, inner in parts:
                yield from self.differences(_extend(path, key), inner)

    def identities(self, value: _Value) -> Iterator[str]:
        """Give by what names a thing may be found in a log."""
        for key in IDENTITIES:
            each = value.at(key)
            text = each.before
            is_open = not (each.sensitive_before or _contains((text,), self.secrets))
            if isinstance(text, str) and text and is_open:
                yield text


def _secrets(document: Mapping[str, Any]) -> Iterator[str]:
    """Find the texts that are sensitive anywhere in the document.

    A provider may copy a sensitive input into an attribute that nobody marked (`terraform_data`
    does, in `output`): such a copy is hidden by its value.
    """
    root = (document.get("configuration") or {}).get("root_module") or {}
    values = document.get("variables") or {}
    for name, declared in (root.get("variables") or {}).items():
        if declared.get("sensitive"):
            yield from _marked((values.get(name) or {}).get("value"), mark=True)
    entries = [
        entry.get("change") or {}
        for part in ("resource_changes", "resource_drift")
        for entry in document.get(part) or ()
    ]
    for change in [*entries, *(document.get("output_changes") or {}).values()]:
        yield from _marked(change.get("before"), change.get("before_sensitive"))
        yield from _marked(change.get("after"), change.get("after_sensitive"))


def _marked(value: Any, mark: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _marked(key, mark)
            yield from _marked(inner, step_into(mark, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _marked(inner, step_into(mark, number))
    elif mark is True and isinstance(value, str) and len(value) >= SHORTEST_SECRET:
        yield value


def _contains(values: Iterable[Any], secrets: frozenset[str]) -> bool:
    texts = {text for value in values for text in _marked(value, mark=True)}
    return any(secret in text for text in texts for secret in secrets)


def _extend(path: str, key: str | int) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def _json_document(value: Any) -> Any:
    if not isinstance(value, str) or value[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _exactly(value: Any) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
