"""Checked names, and paths in the config repository."""

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

NAME_PATTERN = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(NAME_PATTERN)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_PATH_PART = re.compile(r"[A-Za-z0-9_@+-][A-Za-z0-9_.@+-]*")

NAME_WORDS = (
    "lower-case letters, digits and `-`, at most 63, beginning and ending with a letter or digit"
)


def check_name(text: str) -> str:
    """Give `text` when it may name a document; raises ValueError."""
    if _NAME.fullmatch(text) is None:
        raise ValueError(NAME_WORDS)
    return text


def check_identifier(text: str) -> str:
    """Give `text` when it may name a database role or a variable; raises ValueError."""
    if _IDENTIFIER.fullmatch(text) is None:
        raise ValueError("letters, digits and `_`, at most 63, not beginning with a digit")
    return text


def check_path(text: str) -> str:
    """Give `text` when it is a plain relative path that stays in the tree; raises ValueError."""
    if not text or not all(_PATH_PART.fullmatch(part) for part in text.split("/")):
        raise ValueError(
            "a relative path such as `apps/shop`, without `..`, spaces or hidden folders"
        )
    return text


Name = Annotated[
    str,
    AfterValidator(check_name),
    WithJsonSchema({"type": "string", "pattern": f"^{NAME_PATTERN}$"}),
]
"""The name of a document."""

Identifier = Annotated[
    str,
    AfterValidator(check_identifier),
    WithJsonSchema({"type": "string", "pattern": r"^[A-Za-z_][A-Za-z0-9_]{0,62}$"}),
]
"""The name of a database role or of a variable of an environment."""

TreePath = Annotated[
    str,
    AfterValidator(check_path),
    WithJsonSchema({"type": "string", "pattern": r"^[A-Za-z0-9_@+-][A-Za-z0-9_.@+/-]*$"}),
]
"""A relative path in the config repository."""
