"""Who may do more than before: JSON policies, trust, attached roles."""

from collections.abc import Iterator, Mapping, Sequence

from controller.steps.risk.findings import Change, RiskFinding
from controller.steps.risk.statements import EVERYTHING, Statement, documents
from controller.steps.risk.values import leaves

POWERFUL = frozenset({"AdministratorAccess", "PowerUserAccess", "IAMFullAccess"})
ROLES = frozenset({"roles/owner", "roles/editor", "Owner", "Contributor"})
ATTACHED = frozenset(
    {"policy_arn", "policy_arns", "managed_policy_arns", "managed_policy_arn", "role",
     "role_definition_name", "permissions_boundary"}
)  # fmt: skip
SHOWN = 3


def find(changes: Sequence[Change]) -> Iterator[RiskFinding]:
    """Find rights that a plan gives and that were not given before."""
    for change in changes:
        if change.stays:
            yield from _attached(change)
            yield from _documents(change)


def _attached(change: Change) -> Iterator[RiskFinding]:
    was = set(leaves(dict(change.before)))
    for key, value in sorted(set(leaves(dict(change.after))), key=repr):
        if key not in ATTACHED or (key, value) in was or not isinstance(value, str):
            continue
        if value.rpartition("/")[2] in POWERFUL or value in ROLES:
            sentence = f"`{change.address}` gives `{value.rpartition('/')[2]}`"
            yield RiskFinding("administrator", sentence, change.address)


def _documents(change: Change) -> Iterator[RiskFinding]:
    earlier = _by_key(change.before)
    for key, statements in sorted(_by_key(change.after).items()):
        before = earlier.get(key, ())
        for statement in statements:
            if statement.allows:
                yield from _granted(change, key, statement, before)
        lost = [each for each in before if not each.allows and each not in statements]
        if lost and not change.is_new:
            sentence = f"`{change.address}` forbids less in `{key}`"
            yield RiskFinding("rights-wider", sentence, change.address)


def _by_key(attributes: Mapping[str, object]) -> dict[str, tuple[Statement, ...]]:
    found: dict[str, tuple[Statement, ...]] = {}
    for key, statements in documents(dict(attributes)):
        found[key] = (*found.get(key, ()), *statements)
    return found


def _granted(
    change: Change, key: str, statement: Statement, before: tuple[Statement, ...]
) -> Iterator[RiskFinding]:
    allowing = [each for each in before if each.allows]
    actions = [
        action
        for action in statement.actions
        if not any(each.covers(statement, action) for each in allowing)
    ]
    if not actions:
        return
    if EVERYTHING in statement.principals and not statement.condition:
        sentence = f"`{change.address}` lets everybody do {_words(actions)} (`{key}`)"
        yield RiskFinding("public-principal", sentence, change.address)
    wide = [action for action in actions if action == EVERYTHING or action.endswith(":*")]
    if EVERYTHING in wide and EVERYTHING in statement.resources:
        sentence = f"`{change.address}` allows every action on everything (`{key}`)"
        yield RiskFinding("administrator", sentence, change.address)
    elif wide and EVERYTHING in statement.resources:
        sentence = f"`{change.address}` allows {_words(wide)} on every resource (`{key}`)"
        yield RiskFinding("rights-wildcard", sentence, change.address)
    elif not change.is_new:
        is_trust = key == "assume_role_policy"
        whom = f" to {_words(statement.principals)}" if is_trust else ""
        sentence = f"`{change.address}` newly allows {_words(actions)}{whom} (`{key}`)"
        yield RiskFinding("trust-wider" if is_trust else "rights-wider", sentence, change.address)


def _words(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(f"`{name}`" for name in names[:SHOWN]) + more
