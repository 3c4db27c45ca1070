"""Diagnostics as commands of GitHub Actions, which show beside the lines of a pull request."""

from collections.abc import Iterable

from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.plain import one_line


def github(diagnostics: Iterable[Diagnostic]) -> str:
    """Give `::error file=…,line=…::message` for each; nothing in it begins a command of its own."""
    return "".join(f"{_command(diagnostic)}\n" for diagnostic in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    properties = {"title": diagnostic.code}
    span = diagnostic.span
    if span is not None:
        properties |= {"file": span.path, "line": str(span.line), "endLine": str(span.end_line)}
        if span.line == span.end_line:
            properties |= {"col": str(span.column), "endColumn": str(span.end_column)}
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    parts = [diagnostic.message]
    if diagnostic.expected:
        parts.append(f"expected {diagnostic.expected}")
    if diagnostic.hint:
        parts.append(diagnostic.hint)
    return f"::{diagnostic.severity} {written}::{_text(one_line('; '.join(parts)))}"


def _text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _text(one_line(text)).replace(":", "%3A").replace(",", "%2C")
