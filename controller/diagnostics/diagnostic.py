"""One thing that somebody should mend, as a value."""

from dataclasses import dataclass
from enum import StrEnum

from controller.diagnostics.span import Span


class Severity(StrEnum):
    """How bad it is: an error refuses, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that belongs to the same fault, as the first of two equal names."""

    message: str
    span: Span


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What is wrong, where, what was expected, and how to mend it.

    `code` is `room/what-is-wrong` and never changes its meaning; `message` says what is, in one
    line without a full stop; `expected` continues "expected …"; `hint` is one thing to do.
    """

    code: str
    message: str
    span: Span | None = None
    expected: str | None = None
    hint: str | None = None
    severity: Severity = Severity.ERROR
    related: tuple[Related, ...] = ()
    source: str | None = None
    """The text of the line that `span` starts on, when it may be shown."""
