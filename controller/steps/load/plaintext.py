"""Secrets that stand in a document in clear: only what is surely one."""

import re
from collections.abc import Iterator

from controller.diagnostics.diagnostic import Diagnostic
from controller.steps.load.nodes import MapNode, Node, Path, find_node, scalars_in, write_path
from controller.steps.load.sheet import Sheet

_TOKENS = (
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a GitHub token", re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{40,}\b")),
    ("a GitLab token", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("a Slack token", re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}")),
    ("a Google API key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b")),
    ("a Stripe key", re.compile(r"\b[rs]k_live_[0-9A-Za-z]{16,}\b")),
    ("an OpenBao or Vault token", re.compile(r"\b(?:hvs|hvb|s)\.[A-Za-z0-9_-]{24,}\b")),
    ("a signed token", re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    (
        "an address with a password",
        re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@{}$]+:[^\s/@{}$]{3,}@"),
    ),
)
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
        kind = next((kind for kind, pattern in _TOKENS if pattern.search(scalar.value)), None)
        if kind is None and _is_named_secret(root, path, scalar.value):
            kind = "a secret by its name, and a value in clear"
        if kind is not None:
            found = sheet.find(
                "load/plaintext-secret",
                f"`{write_path(path)}` holds {kind}",
                (scalar.start, scalar.end),
                expected="a reference such as `{secret: shop-api-key}`",
                hint="put it into the secret store, and change it: it is in Git's history now",
            )
            yield Diagnostic(
                found.code, found.message, found.span, found.expected, found.hint, found.severity
            )


def _is_named_secret(root: Node, path: Path, value: str) -> bool:
    if _PLACES.isdisjoint(path) or not path or not isinstance(path[-1], str):
        return False
    above = find_node(root, path[:-1])
    if isinstance(above, MapNode) and len(above.items) == 1 and path[-1] in _REFERENCES:
        return False
    key = _CAMEL.sub("_", path[-1]).lower().replace("-", "_")
    return _SECRET_KEY.search(key) is not None and _HARMLESS.fullmatch(value) is None
