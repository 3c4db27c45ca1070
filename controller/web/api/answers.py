"""Values → JSON."""

import json
import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response

from controller.diagnostics.secret import SecretText


def plain(value: object) -> Any:
    """Turn a value into what JSON knows; a number that JSON has no word for becomes null."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | Set) and not isinstance(value, bytes):
        return [plain(item) for item in value]
    if isinstance(value, SecretText):
        raise TypeError("a secret is never shown")
    return str(value)


def json_answer(value: object, status: int = 200) -> Response:
    """Answer with a value."""
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(text.encode("utf-8", "replace"), status, media_type="application/json")


def stored_json(content: bytes) -> Response | None:
    """Answer with stored JSON; None for content of another kind.

    Saved plans and states lie in the same store and may hold what nobody may see: only documents
    that we wrote to be shown are objects or lists in JSON.
    """
    try:
        value = json.loads(content)
    except ValueError:
        return None
    if not isinstance(value, dict | list):
        return None
    return Response(content, media_type="application/json")
