"""Diagnostics for people: code, place, the line with carets, what was expected, a hint."""

import unicodedata
from collections.abc import Iterable

from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.plain import one_line, visible

MOST_SHOWN = 200


def full(diagnostics: Iterable[Diagnostic], *, most: int = MOST_SHOWN) -> str:
    """Give all diagnostics as blocks of text; beyond `most` it says how many more there are."""
    found = list(diagnostics)
    blocks = [_block(diagnostic) for diagnostic in found[:most]]
    if len(found) > most:
        blocks.append(f"… and {len(found) - most} more")
    return "\n\n".join(blocks) + "\n" if blocks else ""


def _block(diagnostic: Diagnostic) -> str:
    head = f"{diagnostic.severity}[{diagnostic.code}]: {one_line(diagnostic.message)}"
    lines = [head, *_where(diagnostic)]
    notes = [
        f"note: {one_line(note.message)}: {one_line(str(note.span))}" for note in diagnostic.related
    ]
    if diagnostic.hint:
        notes.append(f"hint: {one_line(diagnostic.hint)}")
    if notes and len(lines) > 1:
        lines.append("")
    return "\n".join([*lines, *notes])


def _where(diagnostic: Diagnostic) -> list[str]:
    expected = f"expected {one_line(diagnostic.expected)}" if diagnostic.expected else ""
    span = diagnostic.span
    if span is None:
        return [f"  {expected}"] if expected else []
    gutter = " " * len(str(span.line))
    lines = [f"{gutter}--> {one_line(str(span))}"]
    if diagnostic.source is None:
        return [*lines, f"{gutter} = {expected}"] if expected else lines
    source = visible(diagnostic.source)
    before, marked = source[: span.column - 1], source[span.column - 1 :]
    if span.end_line == span.line:
        marked = marked[: max(span.end_column - span.column, 1)]
    carets = "^" * max(_width(marked.rstrip()), 1)
    indent = "".join("\t" if character == "\t" else " " * _width(character) for character in before)
    return [
        *lines,
        f"{gutter} |",
        f"{span.line} | {source}",
        f"{gutter} | {indent}{carets} {expected}".rstrip(),
    ]


def _width(text: str) -> int:
    """Count the columns that a terminal needs for a text."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
