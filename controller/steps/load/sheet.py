"""A file as text: turns character positions into places, and findings into diagnostics."""

import re
from bisect import bisect_right
from functools import cached_property

from controller.diagnostics.diagnostic import Diagnostic, Related, Severity
from controller.diagnostics.span import Span
from controller.steps.load.tokens import may_be_shown

_BREAK = re.compile(r"\r\n|\r|\n")
LONGEST_LINE_SHOWN = 400


class Sheet:
    """One file's path and text. Lines end where editors end them, whatever YAML thinks."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._hidden: set[int] = set()
        self._looked_at: dict[int, bool] = {}

    def hide(self, start: int, end: int) -> None:
        """Never show the lines that these characters stand on."""
        first, _ = self.place(start)
        last, _ = self.place(end)
        self._hidden.update(range(first, last + 1))

    def is_hidden(self, line: int) -> bool:
        """Tell whether a line must not be shown."""
        if line not in self._looked_at:
            self._looked_at[line] = not may_be_shown(self._whole_line(line))
        return line in self._hidden or self._looked_at[line]

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _BREAK.finditer(self.text))]

    def place(self, index: int) -> tuple[int, int]:
        """Give line and column of a character, from 1; beyond the end it is the end."""
        index = max(0, min(index, len(self.text)))
        line = bisect_right(self._starts, index)
        start = self._starts[line - 1]
        # YAML may count the end of a line, and breaks that no editor shows, as characters of it.
        return line, min(index - start, len(self._whole_line(line))) + 1

    def characters(self, line: int, column: int, length: int) -> tuple[int, int]:
        """Give the first character of a piece of a line, from line 1 and column 1, and its end."""
        start = self._starts[line - 1] + column - 1
        return start, start + length

    def span(self, start: int, end: int) -> Span:
        """Give the place from one character up to another."""
        line, column = self.place(start)
        end_line, end_column = self.place(max(start, end))
        return Span(self.path, line, column, end_line, end_column)

    def line(self, number: int) -> str:
        """Give the text of a line, without its end, as far as it may be shown."""
        return self._whole_line(number)[:LONGEST_LINE_SHOWN]

    def _whole_line(self, number: int) -> str:
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def find(
        self,
        code: str,
        message: str,
        at: tuple[int, int],
        *,
        expected: str | None = None,
        hint: str | None = None,
        related: tuple[Related, ...] = (),
        severity: Severity = Severity.ERROR,
    ) -> Diagnostic:
        """Make a diagnostic for the characters from `at[0]` up to `at[1]`."""
        span = self.span(*at)
        return Diagnostic(
            code=code,
            message=message,
            span=span,
            expected=expected,
            hint=hint,
            severity=severity,
            related=related,
            source=None if self.is_hidden(span.line) else self.line(span.line),
        )
