"""The redacted document of a plan → its changes, as the rules look at them."""

from collections.abc import Iterator, Mapping

from controller.model.plan import Action, Plan
from controller.steps.risk.findings import Change

_ACTIONS = {
    ("create",): Action.CREATE,
    ("delete",): Action.DELETE,
    ("forget",): Action.FORGET,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("create", "forget"): Action.REPLACE,
}
_NOTHING = (["no-op"], ["read"])


def read_changes(plan: Plan) -> tuple[tuple[Change, ...], frozenset[str], int]:
    """Give what changes, the types of all resources that are there, and how many are there.

    A plan without a document has its changes without values.
    """
    secret = {c.address for c in plan.changes if any(a.sensitive for a in c.attributes)}
    entries = [
        entry
        for entry in plan.document.read().get("resource_changes") or ()
        if entry.get("mode") != "data"
    ]
    if not entries:
        changes = tuple(
            Change(c.address, c.type, c.action, {}, {}, None, c.address in secret)
            for c in plan.changes
        )
        return changes, frozenset(), 0
    there = [entry for entry in entries if entry["change"].get("before") is not None]
    return (
        tuple(sorted(_changes(entries, secret), key=lambda c: (c.address, c.action))),
        frozenset(entry["type"] for entry in there),
        len(there),
    )


def _changes(entries: list[dict[str, object]], secret: set[str]) -> Iterator[Change]:
    for entry in entries:
        change = entry["change"]
        if not isinstance(change, dict) or change.get("actions") in _NOTHING:
            continue
        address = str(entry["address"])
        deposed = f" (deposed {entry['deposed']})" if entry.get("deposed") else ""
        yield Change(
            address=address + deposed,
            type=str(entry["type"]),
            action=_ACTIONS.get(tuple(change.get("actions") or ()), Action.UPDATE),
            before=_mapping(change.get("before")),
            after=_mapping(change.get("after")),
            unknown=change.get("after_unknown"),
            has_secret_change=address + deposed in secret,
        )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
