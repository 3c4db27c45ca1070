"""Drift → an edit of the repository that makes what is there what is wanted."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.model.names import Commit, UnitName


@dataclass(frozen=True, slots=True)
class InputEdit:
    """One input of a stack, or a part of one, and what it is set to."""

    path: tuple[str | int, ...]
    """The input's name, and the steps into it."""
    value: object
    is_gone: bool = False
    """Whether it is to be taken away."""


@dataclass(frozen=True)
class Adoption:
    """What was, or would be, proposed."""

    unit: UnitName
    drift: tuple[str, ...]
    """What is adopted, one line for each attribute."""
    files: Mapping[str, bytes]
    diff: str
    """The edit as a unified diff."""
    proved: str
    """What a plan of the edited repository was found to change, in words."""
    left: tuple[str, ...] = ()
    """What stays as drift: ignored, or said by no document."""
    branch: str = ""
    """Empty when nothing was pushed."""
    commit: Commit | None = None
