"""Secrets that stand in a document in clear: only what is surely one."""

import re
from collections.abc import Iterator

from controller.diagnostics.diagnostic import Diagnostic
from controller.steps.load.nodes import MapNode, Node, Path, find_node, scalars_in, write_path
from controller.steps.load.sheet import Sheet
from controller.steps.load.tokens import token_kind

_SECRET_KEY = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|secret|secret_?key|token|api_?key|private_?key|"
    r"access_?key|credentials?)$"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_HARMLESS = re.compile(r"|true|false|null|none|auto|enabled|disabled|/[\w./-]*|(?:\{\w+\}|\W)*")
_PLACES = frozenset({"inputs", "env", "providers"})
_REFERENCES = frozenset({"secret", "output", "path"})


def plaintext_secrets(sheet: Sheet, root: Node) -> Iterator[Diagnostic]:
    """Give a diagnostic for every value that is surely a secret; the value is never shown."""
    for path, scalar in scalars_in(root):
        if not isinstance(scalar.value, str):
            continue
        kind = token_kind(scalar.value)
        if kind is None and _is_named_secret(root, path, scalar.value):
            kind = "a secret by its name, and a value in clear"
        if kind is not None:
            sheet.hide(scalar.start, scalar.end)
            yield sheet.find(
                "load/plaintext-secret",
                f"`{write_path(path)}` holds {kind}",
                (scalar.start, scalar.end),
                expected="a reference such as `{secret: shop-api-key}`",
                hint="put it into the secret store, and change it: it is in Git's history now",
            )


def _is_named_secret(root: Node, path: Path, value: str) -> bool:
    if _PLACES.isdisjoint(path) or not path or not isinstance(path[-1], str):
        return False
    above = find_node(root, path[:-1])
    if isinstance(above, MapNode) and len(above.items) == 1 and path[-1] in _REFERENCES:
        return False
    key = _CAMEL.sub("_", path[-1]).lower().replace("-", "_")
    return _SECRET_KEY.search(key) is not None and _HARMLESS.fullmatch(value) is None
