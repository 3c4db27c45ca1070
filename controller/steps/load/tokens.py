"""What secrets look like, wherever they stand."""

import re

_TOKENS = (
    ("an AWS access key", "AKIA", re.compile(r"\bAKIA[0-9A-Z]{16}\b")),
    ("an AWS access key", "ASIA", re.compile(r"\bASIA[0-9A-Z]{16}\b")),
    ("a GitHub token", "gh", re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b")),
    ("a GitHub token", "github_pat_", re.compile(r"\bgithub_pat_\w{40,}\b")),
    ("a GitLab token", "glpat-", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("a Slack token", "xox", re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}")),
    ("a Google API key", "AIza", re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b")),
    ("a Stripe key", "k_live_", re.compile(r"\b[rs]k_live_[0-9A-Za-z]{16,}\b")),
    ("an OpenBao or Vault token", "s.", re.compile(r"\b(?:hvs|s)\.[A-Za-z0-9_-]{24,}\b")),
    ("an OpenBao or Vault token", "hvb.", re.compile(r"\bhvb\.[A-Za-z0-9_-]{24,}\b")),
    ("a signed token", "eyJ", re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")),
    ("a private key", "-----BEGIN", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    (
        "an address with a password",
        "://",
        re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@{}$]+:[^\s/@{}$]{3,}@"),
    ),
)
"""Kind, what stands in every text with one, and pattern, which takes ten times as long to look."""
_NAMED = re.compile(
    r"(?:password|passwd|passphrase|secret_?key|token|api_?key|private_?key|access_?key)"
    r"[\"']?\s*[:=]\s*[\"']?[^\s{}\"'/]{6,}",
    re.IGNORECASE,
)


def token_kind(text: str) -> str | None:
    """Say which kind of secret surely stands in a text, or None."""
    for kind, part, pattern in _TOKENS:
        if part in text and pattern.search(text):
            return kind
    return None


def may_be_shown(line: str) -> bool:
    """Tell whether a line may be quoted: not when something in it even looks like a secret."""
    return token_kind(line) is None and _NAMED.search(line) is None
