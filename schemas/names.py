"""Checked names, and paths in the config repository."""

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

NAME_PATTERN = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(NAME_PATTERN)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_PROVIDER = re.compile(r"[a-z][a-z0-9_-]{0,62}(?:\.[A-Za-z_][A-Za-z0-9_-]{0,62})?")
_PATH_PART = re.compile(r"[A-Za-z0-9_@+-][A-Za-z0-9_.@+-]*")

NAME_WORDS = (
    "lower-case letters, digits and `-`, at most 63, beginning and ending with a letter or digit"
)


IDENTIFIER_WORDS = "letters, digits and `_`, at most 63, not beginning with a digit"
PROVIDER_WORDS = "the local name of a provider, as `aws`, or with an alias, as `aws.us_east_1`"
PATH_WORDS = "a relative path such as `apps/shop`, without `..`, spaces or hidden folders"


def json_text(pattern: str, words: str) -> WithJsonSchema:
    """Give the JSON Schema of a text; `words` are what editors show instead of the pattern."""
    return WithJsonSchema(
        {"type": "string", "pattern": pattern, "patternErrorMessage": f"expected {words}"}
    )


def check_name(text: str) -> str:
    """Give `text` when it may name a document; raises ValueError."""
    if _NAME.fullmatch(text) is None:
        raise ValueError(NAME_WORDS)
    return text


def check_identifier(text: str) -> str:
    """Give `text` when it may name a database role or a variable; raises ValueError."""
    if _IDENTIFIER.fullmatch(text) is None:
        raise ValueError(IDENTIFIER_WORDS)
    return text


def check_provider(text: str) -> str:
    """Give `text` when it may name a provider's configuration; raises ValueError."""
    if _PROVIDER.fullmatch(text) is None:
        raise ValueError(PROVIDER_WORDS)
    return text


def check_path(text: str) -> str:
    """Give `text` when it is a plain relative path that stays in the tree; raises ValueError."""
    if not text or not all(_PATH_PART.fullmatch(part) for part in text.split("/")):
        raise ValueError(PATH_WORDS)
    return text


Name = Annotated[
    str,
    AfterValidator(check_name),
    json_text(f"^{NAME_PATTERN}$", NAME_WORDS),
]
"""The name of a document."""

Identifier = Annotated[
    str,
    AfterValidator(check_identifier),
    json_text(f"^{_IDENTIFIER.pattern}$", IDENTIFIER_WORDS),
]
"""The name of a database role or of a variable of an environment."""

ProviderName = Annotated[
    str,
    AfterValidator(check_provider),
    json_text(f"^{_PROVIDER.pattern}$", PROVIDER_WORDS),
]
"""A configuration of a provider: its local name, and maybe an alias after a dot."""

TreePath = Annotated[
    str,
    AfterValidator(check_path),
    json_text(f"^{_PATH_PART.pattern}(?:/{_PATH_PART.pattern})*$", PATH_WORDS),
]
"""A relative path in the config repository."""
