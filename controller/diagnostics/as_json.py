"""Diagnostics for machines."""

import json
from collections.abc import Iterable

from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.span import Span


def as_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Give `{"diagnostics": [{"code", "severity", "message", "span", …}]}`."""
    found = [as_values(diagnostic) for diagnostic in diagnostics]
    return json.dumps({"diagnostics": found}, indent=2, ensure_ascii=False) + "\n"


def as_values(diagnostic: Diagnostic) -> dict[str, object]:
    """Give one diagnostic as values of JSON; the source line stays out."""
    return {
        "code": diagnostic.code,
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
        "span": _span(diagnostic.span) if diagnostic.span else None,
        "expected": diagnostic.expected,
        "hint": diagnostic.hint,
        "related": [
            {"message": note.message, "span": _span(note.span)} for note in diagnostic.related
        ],
    }


def _span(span: Span) -> dict[str, object]:
    return {
        "path": span.path,
        "line": span.line,
        "column": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
