"""Values → JSON."""

import json
import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any

from starlette.responses import Response

from controller.diagnostics.secret import SecretText

_PLAIN = frozenset({str, int, bool, type(None)})


def plain(value: object) -> Any:
    """Turn a value into what JSON knows; a number that JSON has no word for becomes null."""
    found: Any = value
    kind: Any = type(value)
    if kind in _PLAIN:  # nearly all there is; the checks below cost ten times as much
        return value
    if isinstance(value, float) and not math.isfinite(value):
        found = None
    elif isinstance(value, datetime):
        found = value.isoformat()
    elif is_dataclass(value):
        found = {name: plain(getattr(value, name)) for name in _names(kind)}
    elif isinstance(value, Mapping):
        found = {str(key): plain(item) for key, item in value.items()}
    elif isinstance(value, Sequence | AbstractSet) and not isinstance(value, str | bytes):
        found = [plain(item) for item in value]
    elif isinstance(value, SecretText):
        raise TypeError("a secret is never shown")
    elif not isinstance(value, bool | int | float | str | None):
        found = str(value)
    return found


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def json_answer(value: object, status: int = 200) -> Response:
    """Answer with a value."""
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(text.encode("utf-8", "replace"), status, media_type="application/json")


SHOWN = frozenset({"because", "load_test"})
"""What only decisions and measurements have."""


def stored_json(content: bytes) -> Response | None:
    """Answer with a stored decision or measurement; None for content of another kind.

    Saved plans lie in the same store and may hold what nobody may see, so that only documents
    that were written to be shown are let out.
    """
    try:
        value = json.loads(content)
    except ValueError:
        return None
    if not isinstance(value, dict) or not SHOWN & value.keys():
        return None
    return Response(content, media_type="application/json")
