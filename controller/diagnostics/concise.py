"""Diagnostics for logs and editors: one line each."""

from collections.abc import Iterable

from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.plain import one_line


def concise(diagnostics: Iterable[Diagnostic]) -> str:
    """Give `path:line:column: error[code] message; expected …` for each."""
    return "".join(f"{_line(diagnostic)}\n" for diagnostic in diagnostics)


def _line(diagnostic: Diagnostic) -> str:
    where = f"{one_line(str(diagnostic.span))}: " if diagnostic.span else ""
    expected = f"; expected {one_line(diagnostic.expected)}" if diagnostic.expected else ""
    return (
        f"{where}{diagnostic.severity}[{diagnostic.code}] {one_line(diagnostic.message)}{expected}"
    )
