"""Where secrets are kept. A value never leaves a step: see `model.delivery`."""

from collections.abc import Mapping
from typing import Protocol

from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretDescription, SecretReference


class SecretReader(Protocol):
    """Reads values."""

    async def read(
        self, reference: SecretReference, *, version: int | None = None
    ) -> Mapping[str, SecretText] | None:
        """Give the fields of a secret (its latest version); None when there is no such secret.

        May be repeated. Raises StoreUnreachable, and Stalled when reading is not allowed or the
        mount does not exist: an absent mount is never an absent secret.
        """


class SecretWriter(Protocol):
    """Writes values."""

    async def write(
        self, reference: SecretReference, fields: Mapping[str, SecretText], *, expect: int
    ) -> int:
        """Write a new version unless the stored version differs from `expect` (0: there is none).

        Gives the new version. Raises PlanStale when the version differs, StoreUnreachable, Stalled.
        """

    async def delete(self, reference: SecretReference) -> None:
        """Delete all versions. Deleting what is not there is no error."""


class SecretDescriber(Protocol):
    """Tells about secrets without reading their values."""

    async def describe(self, reference: SecretReference) -> SecretDescription | None:
        """Tell version and age; None when there is no such secret. May be repeated."""


class SecretStore(SecretReader, SecretWriter, SecretDescriber, Protocol):
    """A store that can do all three."""
