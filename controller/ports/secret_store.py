"""Where secrets are kept. A value never leaves a step: see `model.delivery`."""

from collections.abc import Mapping
from typing import Protocol

from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretDescription, SecretReference, StoreCapabilities


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
        self,
        reference: SecretReference,
        fields: Mapping[str, SecretText],
        *,
        expect: int,
        marks: Mapping[str, str] | None = None,
    ) -> int:
        """Write a new version unless the stored version differs from `expect` (0: there is none).

        A first version has `marks` from the beginning; later ones keep what is there.
        Gives the new version. Raises PlanStale when the version differs, StoreUnreachable, Stalled.
        """

    async def delete(self, reference: SecretReference) -> None:
        """Delete all versions. Deleting what is not there is no error."""


class SecretDescriber(Protocol):
    """Tells about secrets without reading their values."""

    async def describe(self, reference: SecretReference) -> SecretDescription | None:
        """Tell version and age; None when there is no such secret. May be repeated."""

    async def survey(self, folder: str = "") -> Mapping[str, SecretDescription]:
        """Describe all secrets by their path, in as few requests as the store allows.

        With a folder, only those in it: the first name of a path.
        """


class SecretMarker(Protocol):
    """Notes things beside secrets: whose they are, never what they are."""

    async def mark(self, reference: SecretReference, marks: Mapping[str, str]) -> None:
        """Merge `marks` into those of a secret. May be repeated; makes no version."""


class SecretStore(SecretReader, SecretWriter, SecretDescriber, SecretMarker, Protocol):
    """A store that can do all of it."""

    @property
    def capabilities(self) -> StoreCapabilities:
        """Tell what it can hold and promise."""

    async def close(self) -> None:
        """Let go of connections."""
