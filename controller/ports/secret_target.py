"""Where secrets are delivered to, and who consumes them."""

from collections.abc import Sequence
from typing import Protocol

from controller.diagnostics.secret import SecretText
from controller.model.delivery import PRIVATE, FileAccess
from controller.model.names import SecretName

Trace = tuple[object, ...]
"""To be compared only; two that are the same speak of a thing that nobody touched in between."""


class SecretTarget(Protocol):
    """A place outside the store that a consumer reads, as a file or another vendor's store."""

    def address(self, secret: SecretName) -> str:
        """Tell where the secret is, or will be; the same for ever, so that it can be rendered."""

    async def put(
        self, secret: SecretName, text: SecretText, *, generation: int, access: FileAccess = PRIVATE
    ) -> None:
        """Bring the value there, atomically. Repeating the same generation changes nothing.

        Raises Stalled when those who shall read it are not known here, or may not be given it.
        """

    async def generation(self, secret: SecretName, access: FileAccess = PRIVATE) -> int | None:
        """Tell which generation is there; None when there is none, or others may read it."""

    async def trace(self, secret: SecretName) -> Trace | None:
        """Tell, without reading it, what changes whenever somebody changes what lies there.

        None when that cannot be told: nothing is there, or it was changed just now.
        """

    async def present(self) -> Sequence[SecretName]:
        """Name all secrets that lie there, whoever wants them still."""

    async def remove(self, secret: SecretName) -> None:
        """Take it away. Removing what is not there is no error."""
