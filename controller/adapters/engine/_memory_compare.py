"""What differs between two sides of the memory engine's one resource, and how a plan shows it."""

import json
from collections.abc import Callable

from controller.adapters.engine._memory_root import MemoryRoot
from controller.adapters.engine._plan_document import pack
from controller.model.plan import Action, AttributeChange, ResourceChange
from controller.model.plan_document import PlanDocument

ADDRESS = "unit.this"
COMPUTED = "computed_"

Attributes = dict[str, object]


def compare(
    before: Attributes | None,
    after: Attributes | None,
    root: MemoryRoot,
    replaced_by: frozenset[str],
    write: Callable[[object], str | None] | None = None,
) -> tuple[ResourceChange, ...]:
    """Give what differs, as a plan tells it; a change of one of `replaced_by` replaces."""
    if before == after:
        return ()
    names = sorted({*(before or {}), *(after or {})})
    written = write or text_of
    attributes = tuple(
        AttributeChange(name, None, None, sensitive=True)
        if name in root.sensitive
        else AttributeChange(
            name, written((before or {}).get(name)), written((after or {}).get(name))
        )
        for name in names
        if (before or {}).get(name) != (after or {}).get(name)
    )
    if before is None:
        action = Action.CREATE
    elif after is None:
        action = Action.DELETE
    elif replaced_by & {attribute.path for attribute in attributes}:
        action = Action.REPLACE
    else:
        action = Action.UPDATE
    return (ResourceChange(ADDRESS, "unit", action, attributes),)


def computed(real: Attributes | None) -> Attributes:
    """Give what the cloud may set by itself: no configuration says what it should be."""
    return {name: value for name, value in (real or {}).items() if name.startswith(COMPUTED)}


def exactly(value: object) -> str | None:
    """Write a value as JSON."""
    return None if value is None else json.dumps(value, sort_keys=True)


def show(
    changes: tuple[ResourceChange, ...],
    before: Attributes | None,
    after: Attributes | None,
    root: MemoryRoot,
) -> PlanDocument:
    """Give the plan as Terraform would show it."""
    action = changes[0].action if changes else Action.NO_OP
    marks = dict.fromkeys(root.sensitive, True)
    secrets = {
        text
        for side in (before, after)
        for name, text in (side or {}).items()
        if name in root.sensitive and isinstance(text, str)
    }
    entry = {
        "address": ADDRESS,
        "mode": "managed",
        "type": "unit",
        "name": "this",
        "change": {
            "actions": ["delete", "create"] if action is Action.REPLACE else [str(action)],
            "before": before,
            "after": after,
            "after_unknown": {},
            "before_sensitive": marks,
            "after_sensitive": marks,
        },
    }
    is_there = before is not None or after is not None
    return pack({"format_version": "1.2", "resource_changes": [entry] * is_there}, secrets)


def text_of(value: object) -> str | None:
    """Write a value as people read it."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True)
