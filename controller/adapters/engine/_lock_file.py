"""`.terraform.lock.hcl`: which providers a directory uses."""

import hashlib
import re
from pathlib import Path

NAME = ".terraform.lock.hcl"

_BLOCK = re.compile(
    r'^provider "(?P<address>[^"]+)" \{\n(?P<body>.*?)^\}', re.MULTILINE | re.DOTALL
)
_HASHES = re.compile(r"^  hashes = \[\n.*?^  \]\n", re.MULTILINE | re.DOTALL)
_CONSTRAINTS = re.compile(r"^  constraints +=.*\n", re.MULTILINE)


def fingerprints(directory: Path) -> dict[str, str]:
    """Give address → fingerprint of version and hashes; nothing when there is no lock file."""
    path = directory / NAME
    if not path.is_file():
        return {}
    return {
        block["address"]: hashlib.sha256(_CONSTRAINTS.sub("", block["body"]).encode()).hexdigest()
        for block in _BLOCK.finditer(path.read_text(encoding="utf-8"))
    }


def drop_hashes(directory: Path) -> None:
    """Take the hashes away, so that packages are not hashed at every command.

    Only for packages whose integrity was checked when they entered the mirror.
    """
    path = directory / NAME
    if path.is_file():
        text = path.read_text(encoding="utf-8")
        without = _HASHES.sub("", text)
        if without != text:
            path.write_text(without, encoding="utf-8")
