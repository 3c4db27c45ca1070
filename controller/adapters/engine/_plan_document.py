"""`show -json` of a plan → the part of it that policies may see, without anything sensitive."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from controller.model.plan_document import SENSITIVE, PlanDocument

HEAD = ("format_version", "terraform_version", "applyable", "complete", "errored")
ENTRY = (
    "address", "previous_address", "module_address", "mode", "type", "name", "index", "deposed",
    "provider_name", "action_reason",
)  # fmt: skip
CHANGE = ("actions", "after_unknown", "before_sensitive", "after_sensitive", "replace_paths")
FEW = 40
"""So many secrets are looked for one by one; more by their first letters."""
KEY = 6
"""Letters that a secret has at least: see SHORTEST_SECRET."""


def pack(document: Mapping[str, Any], secrets: Iterable[str]) -> PlanDocument:
    """Give resources and outputs in Terraform's own shape; `secrets` are hidden wherever they are.

    `variables`, `configuration`, `prior_state` and `planned_values` hold secrets in clear, and stay
    out.
    """
    return PlanDocument.of_pieces(_pieces(document, SecretTexts(secrets)))


def step_into(side: Any, key: str | int) -> Any:
    """Step into one side; a mark `true` holds for everything below."""
    if side is True:
        return True
    if isinstance(side, dict) and isinstance(key, str):
        return side.get(key)
    if isinstance(side, list) and isinstance(key, int) and key < len(side):
        return side[key]
    return None


def any_true(mark: Any) -> bool:
    """Tell whether a mark holds for the value, or for anything in it."""
    if isinstance(mark, dict):
        return any(any_true(inner) for inner in mark.values())
    if isinstance(mark, list):
        return any(any_true(inner) for inner in mark)
    return mark is True


class SecretTexts:
    """Tells whether a secret is in a text, in a time that hardly depends on their number."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._all = tuple(sorted({secret for secret in secrets if len(secret) >= KEY}))
        self._by_key: dict[str, list[str]] = {}
        for secret in self._all if len(self._all) > FEW else ():
            self._by_key.setdefault(secret[:KEY], []).append(secret)

    def are_in(self, text: str) -> bool:
        """Tell whether any is in the text."""
        if not self._by_key:
            return any(secret in text for secret in self._all)
        return any(
            text.startswith(secret, start)
            for start in range(len(text) - KEY + 1)
            for secret in self._by_key.get(text[start : start + KEY], ())
        )


def _pieces(document: Mapping[str, Any], secrets: SecretTexts) -> Iterator[str]:
    head = {key: document[key] for key in HEAD if key in document}
    yield json.dumps(head)[:-1] + (", " if head else "")
    for part in ("resource_changes", "resource_drift"):
        yield f"{json.dumps(part)}: ["
        for index, entry in enumerate(document.get(part) or ()):
            kept = {key: entry[key] for key in ENTRY if key in entry}
            kept["change"] = _change(entry.get("change") or {}, secrets)
            yield (", " if index else "") + json.dumps(kept)
        yield "], "
    outputs = document.get("output_changes") or {}
    changes = {name: _change(change, secrets) for name, change in outputs.items()}
    yield f'"output_changes": {json.dumps(changes)}}}'


def _change(change: Mapping[str, Any], secrets: SecretTexts) -> dict[str, Any]:
    kept = {key: change[key] for key in CHANGE if key in change}
    for side in ("before", "after"):
        kept[side] = _redact(change.get(side), change.get(f"{side}_sensitive"), secrets)
    if importing := change.get("importing"):
        kept["importing"] = _redact(importing, None, secrets)
    return kept


def _redact(value: Any, mark: Any, secrets: SecretTexts) -> Any:
    if value is None:
        return None
    if mark is True:
        return SENSITIVE
    if isinstance(value, dict):
        return {
            SENSITIVE if secrets.are_in(key) else key: _redact(each, step_into(mark, key), secrets)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_redact(each, step_into(mark, index), secrets) for index, each in enumerate(value)]
    return SENSITIVE if isinstance(value, str) and secrets.are_in(value) else value
