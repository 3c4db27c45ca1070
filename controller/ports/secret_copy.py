"""Copies of secrets in places that others read: known by what is noted beside them, not read."""

from collections.abc import Mapping
from typing import Protocol

from controller.diagnostics.secret import SecretText
from controller.model.delivery import CopyState


class SecretCopy(Protocol):
    """One place, outside of the secret's own path, where a secret is copied to."""

    @property
    def address(self) -> str:
        """Tell where it is, for people; the same for ever."""

    async def look(self) -> CopyState | None:
        """Tell what is noted there, without reading the value; None when nothing is there.

        Raises Stalled when it cannot be known: what may not be seen is never taken for absent.
        """

    async def put(self, fields: Mapping[str, SecretText], *, owner: str, fingerprint: str) -> None:
        """Write the fields and note whose they are. May be repeated.

        Noted is the owner first, then the value, then the fingerprint: a crash in between leaves
        a copy that is ours and does not fit, which is written again.
        """

    async def remove(self) -> None:
        """Take it away. Removing what is not there is no error."""
