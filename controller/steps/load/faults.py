"""What is wrong with a file before it is a document, in our words."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from ruamel.yaml.error import MarkedYAMLError

from controller.steps.load.wordings import (
    BLOCK_END,
    DIRECTIVE,
    DOCUMENT_END,
    IN_QUOTES,
    NO_MAPPING,
    WORDINGS,
    Wording,
)

_ENTRY = re.compile(r"[-?:&*!|>%\]}](?:\s|$)|[^\r\n]*:(?:\s|$)|[&*!%\]}]")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault at a position of the file; becomes a diagnostic when its sheet is known."""

    code: str
    message: str
    start: int
    end: int
    expected: str | None = None
    hint: str | None = None
    first: tuple[str, int, int] | None = None
    """Another place that belongs to it, with what to say there."""


_BEHIND = Fault(
    "load/yaml-syntax",
    "something stands behind a value that is complete",
    0,
    1,
    None,
    "take it away, or put all of the value in quotes",
)


_BEHIND_COMMENT = replace(
    _BEHIND,
    message="the text goes on behind a comment, which ends it",
    expected="one text without comments between its lines",
    hint="move the comment, or put the text in quotes if `#` belongs to it",
)


_NO_SPACE = Fault(
    "load/yaml-syntax", "a `:` stands where no mapping can begin: the line above is no entry", 0, 1
)
_KEY_WITHOUT_SPACE = re.compile(r"\s*(?:- +)?([A-Za-z_][A-Za-z0-9_-]{0,60}):[^\s/][^\s:]*")


def explain_syntax(error: MarkedYAMLError, offset: int, text: str) -> Fault:
    """Say in our words what YAML's grammar found; `offset` is where the text began in the file."""
    problem = str(error.problem or "")
    context = str(error.context or "")
    marks = (error.problem_mark or error.context_mark, error.context_mark or error.problem_mark)
    found, around = (_index(mark, len(text)) for mark in marks)
    for wording in WORDINGS:
        match = re.search(wording.pattern, f"{problem}; {context}")
        if match is None:
            continue
        index, other = (around, found) if wording.at_context else (found, around)
        special = _special(wording, text, index)
        if special is not None:
            return replace(special, start=index + offset, end=index + offset + 1)
        if wording.pattern == DIRECTIVE:
            index = max(text.rfind("\n%", 0, index + 1), text.rfind("\r%", 0, index + 1)) + 1
        start = index + offset
        first = (wording.other, other + offset, other + offset + 1) if wording.other else None
        return Fault(
            wording.code,
            _fill(wording.message, match),
            start,
            start + 1,
            _fill(wording.expected, match) if wording.expected else None,
            wording.hint,
            first,
        )
    start = found + offset
    return Fault("load/yaml-syntax", "this is not YAML", start, start + 1, None, IN_QUOTES)


def _special(wording: Wording, text: str, index: int) -> Fault | None:
    if wording.pattern == NO_MAPPING and (word := _lacks_space(text, index)):
        return replace(_NO_SPACE, hint=f"put a space behind `{word}:` in the line above")
    if wording.pattern == BLOCK_END and _stands_behind(text, index):
        return _BEHIND
    if wording.pattern.startswith((BLOCK_END, DOCUMENT_END)) and _follows_comment(text, index):
        return _BEHIND_COMMENT
    return None


def _lacks_space(text: str, index: int) -> str | None:
    """Give the key of the line above when no space stands behind its `:`."""
    line = max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1
    before = text[:line].rstrip()
    above = before[max(before.rfind("\n"), before.rfind("\r")) + 1 :]
    match = _KEY_WITHOUT_SPACE.fullmatch(above)
    return match[1] if match else None


def _follows_comment(text: str, index: int) -> bool:
    """Tell whether a text begins here, and the last line before it that is not blank is one."""
    line = max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1
    if text[line:index].strip() or _ENTRY.match(text, index):
        return False
    before = text[:line].rstrip()
    above = before[max(before.rfind("\n"), before.rfind("\r")) + 1 :]
    return re.search(r"(?:^|\s)#", above) is not None


def _stands_behind(text: str, index: int) -> bool:
    """Tell whether a value in quotes or brackets ends before this place, in the same line."""
    line = max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1
    return text[line:index].rstrip().endswith(("'", '"', "]", "}"))


def _fill(text: str, match: re.Match[str]) -> str:
    groups = [group for group in match.groups() if group]
    return text.replace("{0}", groups[0]) if groups else text


def _index(mark: object, length: int) -> int:
    index = getattr(mark, "index", 0)
    return min(int(index), max(length - 1, 0))


Report = Callable[[Fault], None]
