"""What is known of a secret beside its delivery: whose it is, who reads it, where else it lies."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from controller.diagnostics.diagnostic import Diagnostic
from controller.model.names import SecretName


class Place(StrEnum):
    """Where a value of a secret was found that should not be there."""

    HISTORY = "git"
    STATE = "state"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One place where a secret lies and is not delivered to."""

    place: Place
    where: str
    """A path of the repository, a unit, or a file."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a secret, and which generation lies where it reads."""

    name: str
    how: str
    """`file`, `copy`, or `consumer`: one that the document names."""
    generation: int
    """Of what lies there; 0 when that is not known to be this secret's."""


@dataclass(frozen=True, slots=True)
class StockItem:
    """A secret as it was found at the last look."""

    name: SecretName
    is_wanted: bool
    """Whether a document of the release says that it is to be there."""
    owner: str
    labels: tuple[tuple[str, str], ...]
    kind: str
    """`random`, `postgresLogin` …, or `written`."""
    readers: tuple[Reader, ...]
    sightings: tuple[Sighting, ...]
    findings: tuple[Diagnostic, ...]
    looked_at: datetime
    unknown: str = ""
    """Why it could not be looked for; then nothing is known of where else it lies."""
