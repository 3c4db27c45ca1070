"""Terraform values to plain Python values and back.

A value is `None`, `bool`, `int`, `float`, `str`, `list`, `dict` or `UNKNOWN`.
"""

from __future__ import annotations

import enum
import json
from typing import Any, Final

import msgpack

from controller.localcloud.plugin import wire

_PLAIN_UNKNOWN = 0
_REFINED_UNKNOWN = 12  # since Terraform 1.6: unknown, but for example known not to be null


class Unknown(enum.Enum):
    """The type of `UNKNOWN`, a value that only the apply will tell."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN


def _decode_extension(code: int, data: bytes) -> object:
    if code in {_PLAIN_UNKNOWN, _REFINED_UNKNOWN}:
        return UNKNOWN
    return msgpack.ExtType(code, data)


def _encode_extension(value: object) -> object:
    if value is UNKNOWN:
        return msgpack.ExtType(_PLAIN_UNKNOWN, b"\x00")
    if isinstance(value, int):  # beyond 64 bits: Terraform itself writes it as text
        return str(value)
    msg = f"cannot send a {type(value).__name__} to Terraform"
    raise TypeError(msg)


def decode(dynamic: Any) -> Any:
    """Give the Python value of a `DynamicValue`; `None` if it holds nothing."""
    if dynamic.msgpack:
        return msgpack.unpackb(
            dynamic.msgpack, ext_hook=_decode_extension, raw=False, strict_map_key=False
        )
    if dynamic.json:
        return json.loads(dynamic.json)
    return None


def encode(value: object) -> Any:
    """Make a `DynamicValue` of a Python value."""
    return wire.make("DynamicValue", msgpack=msgpack.packb(value, default=_encode_extension))


def is_known(value: object) -> bool:
    """Say whether a value holds nothing unknown at any depth."""
    if isinstance(value, dict):
        return all(is_known(item) for item in value.values())
    if isinstance(value, list):
        return all(is_known(item) for item in value)
    return value is not UNKNOWN
