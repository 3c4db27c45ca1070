"""Values as JSON text and back, checked when they are read."""

import json
from typing import TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from controller.diagnostics.errors import Stalled

Value = TypeVar("Value")


_adapters: dict[type[object], TypeAdapter[object]] = {}


def _adapter(kind: type[Value]) -> TypeAdapter[Value]:
    if kind not in _adapters:
        _adapters[kind] = cast("TypeAdapter[object]", TypeAdapter(kind))
    return cast("TypeAdapter[Value]", _adapters[kind])


def to_json(kind: type[Value], value: Value) -> str:
    """Give a value as JSON, the same text for the same value; keeps NaN and infinity."""
    plain = _adapter(kind).dump_python(value, mode="json")
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def from_json(kind: type[Value], text: str) -> Value:
    """Read a value back. Raises Stalled when the text does not hold such a value."""
    try:
        return _adapter(kind).validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise Stalled.because(
            f"the ledger holds a {kind.__name__} that cannot be read: {where}: {first['msg']}",
            hint="restore the ledger from a backup made by this version of Trueup",
            code="ledger/value-unreadable",
        ) from error
