"""A plan as Terraform's own JSON, for policies and risk: without secrets, and packed."""

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

SENSITIVE = "(sensitive value)"
"""Stands where a sensitive value was, as in Terraform's own words."""


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """`resource_changes`, `resource_drift` and `output_changes` of `show -json`, redacted.

    It lives as long as the plan, beside many others: packed, a plan of 10,000 resources is a few
    megabytes. It is read anew by whoever asks, and never kept on a disk.
    """

    packed: bytes = b""

    @classmethod
    def of_pieces(cls, pieces: Iterable[str]) -> Self:
        """Pack a JSON text that is given in pieces, so that it is never there as a whole."""
        packer = zlib.compressobj(1)
        packed = [packer.compress(piece.encode()) for piece in pieces]
        return cls(b"".join([*packed, packer.flush()]))

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Pack a document that holds nothing secret."""
        return cls.of_pieces([json.dumps(document)])

    def text(self) -> str:
        """Give the JSON; `{}` for a plan that was not made by an engine."""
        return zlib.decompress(self.packed).decode() if self.packed else "{}"

    def read(self) -> dict[str, Any]:
        """Give what the JSON says."""
        document: dict[str, Any] = json.loads(self.text())
        return document

    def __repr__(self) -> str:
        return f"PlanDocument({len(self.packed)} bytes)"
