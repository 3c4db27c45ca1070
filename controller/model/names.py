"""Checked names: the words that identify things everywhere, from YAML to the database."""

import re
from dataclasses import dataclass
from typing import NewType, Self

Commit = NewType("Commit", str)
"""A Git commit, 40 hexadecimal digits."""

Digest = NewType("Digest", str)
"""The content address of an artifact or a value: `sha256:` and 64 hexadecimal digits."""

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def is_digest(text: str) -> bool:
    """Tell whether `text` is the address of an artifact or a value."""
    return DIGEST.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Tell whether `text` may name a product, environment, stack or secret."""
    return NAME.fullmatch(text) is not None


def _checked(text: str, parts: int, what: str) -> list[str]:
    pieces = text.split("/")
    if len(pieces) != parts or not all(is_name(piece) for piece in pieces):
        raise ValueError(f"`{text}` does not name {what}")
    return pieces


@dataclass(frozen=True, slots=True, order=True)
class StageName:
    """A product in an environment: `shop/dev`."""

    product: str
    environment: str

    def __str__(self) -> str:
        return f"{self.product}/{self.environment}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `product/environment`; raises ValueError."""
        return cls(*_checked(text, 2, "a stage: expected `product/environment`"))


@dataclass(frozen=True, slots=True, order=True)
class UnitName:
    """A stack in an environment of its product: `shop/dev/shop-api`."""

    product: str
    environment: str
    stack: str

    def __str__(self) -> str:
        return f"{self.product}/{self.environment}/{self.stack}"

    @property
    def stage(self) -> StageName:
        """The stage this unit belongs to."""
        return StageName(self.product, self.environment)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `product/environment/stack`; raises ValueError."""
        return cls(*_checked(text, 3, "a unit: expected `product/environment/stack`"))


@dataclass(frozen=True, slots=True, order=True)
class SecretName:
    """A secret in an environment of its product: `shop/dev/shop-api-key`."""

    product: str
    environment: str
    secret: str

    def __str__(self) -> str:
        return f"{self.product}/{self.environment}/{self.secret}"

    @property
    def stage(self) -> StageName:
        """The stage this secret belongs to."""
        return StageName(self.product, self.environment)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `product/environment/secret`; raises ValueError."""
        return cls(*_checked(text, 3, "a secret: expected `product/environment/secret`"))


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit on a branch or of a tag; reads `main@sha1:<40 hex>`, as Flux writes it.

    `branch` is empty when the commit itself was asked for: `sha1:<40 hex>`.
    """

    branch: str
    commit: Commit

    def __str__(self) -> str:
        return f"{self.branch}@sha1:{self.commit}" if self.branch else f"sha1:{self.commit}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote."""
        branch, _, commit = text.rpartition("sha1:")
        return cls(branch.removesuffix("@"), Commit(commit))
