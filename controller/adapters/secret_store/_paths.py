"""The one check of paths and fields, for every store.

HTTP clients fold `..` and `//` before they send (`a/../../sys/mounts` reads `sys/mounts`), so a
path from Git is refused here, segment by segment, before it is put into an address.
"""

import json
import re
from collections.abc import Mapping

from controller.diagnostics.errors import Stalled
from controller.diagnostics.secret import SecretText

SEGMENT = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,126}[A-Za-z0-9_])?", re.ASCII)
LONGEST_PATH = 512
LARGEST_SECRET = 1_000_000
"""Bytes; OpenBao answers 500 to values beyond about 1 MiB."""


def checked_path(path: str, *, what: str = "path of a secret") -> str:
    """Give `path` back when it is safe in an address; raises Stalled.

    Segments of letters, digits, `_`, `-` and `.`, which begin and end with a letter, digit or `_`.
    """
    safe = len(path) <= LONGEST_PATH and all(SEGMENT.fullmatch(part) for part in path.split("/"))
    if not safe:
        raise Stalled.because(
            f"{path[:LONGEST_PATH]!r} cannot be the {what}",
            hint="use segments of letters, digits, `_`, `-` and `.`, with one `/` between them",
            code="secrets/path-not-allowed",
        )
    return path


def revealed(fields: Mapping[str, SecretText], largest: int = LARGEST_SECRET) -> dict[str, str]:
    """Give the fields in clear, for the one request with them; raises Stalled when too large."""
    plain = {name: text.reveal() for name, text in fields.items()}
    if len(json.dumps(plain)) > largest:
        raise Stalled.because(
            f"a secret may hold {largest} bytes and this one is larger",
            hint="keep large files elsewhere and their key here",
            code="secrets/too-large",
        )
    return plain
