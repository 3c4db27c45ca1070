"""What is wrong with a file before it is a document, in our words."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from ruamel.yaml.error import MarkedYAMLError


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


@dataclass(frozen=True, slots=True)
class _Wording:
    pattern: str
    code: str
    message: str
    expected: str | None = None
    hint: str | None = None
    at_context: bool = False
    """Show where the unfinished thing begins, not where the text ran out."""


_QUOTE = "put the text in quotes if it is a text"
_BLOCK_END = r"expected <block end>"
_WORDINGS = (
    _Wording(
        r"found character '\\t'",
        "load/tab",
        "a tab is used for indentation",
        "spaces",
        "replace the tab by spaces",
    ),
    _Wording(
        r"found character '(.+)' that cannot",
        "load/yaml-syntax",
        "`{0}` cannot begin a value",
        None,
        _QUOTE,
    ),
    _Wording(
        r"mapping values are not allowed|mapping keys are not allowed",
        "load/yaml-syntax",
        "a `:` stands where no mapping can begin",
        None,
        "put the text in quotes if it is a text, or mend the indentation",
    ),
    _Wording(
        r"sequence entries are not allowed",
        "load/indentation",
        "a list begins where none can begin",
        None,
        "put the `-` on a line of its own, indented under its key",
    ),
    _Wording(
        _BLOCK_END,
        "load/indentation",
        "the indentation does not fit the lines above",
        "the same indentation as the other entries",
    ),
    _Wording(
        r"more indented follow up line|invalid intendation",
        "load/indentation",
        "the indentation does not fit the lines above",
    ),
    _Wording(
        r"could not find expected ':'",
        "load/yaml-syntax",
        "this is neither `key: value` nor an entry of a list",
        "`:` after the key",
        at_context=True,
    ),
    _Wording(
        r"found unexpected end of stream|found unexpected document separator",
        "load/unclosed",
        "the quoted text is not closed",
        "a closing quote",
        at_context=True,
    ),
    _Wording(
        r"expected '?,'? or '?([\]}])",
        "load/unclosed",
        "the bracket is not closed",
        "`,` or `{0}`",
        at_context=True,
    ),
    _Wording(
        r"found '?<stream end>'?; while parsing a flow",
        "load/unclosed",
        "the file ends before a bracket is closed",
    ),
    _Wording(
        r"undefined tag handle|expected URI|while (parsing|scanning) a tag",
        "load/custom-tag",
        "a tag is used",
        "plain YAML without tags",
        "take the tag away",
    ),
    _Wording(
        r"unknown escape|escape sequence",
        "load/yaml-syntax",
        "this escape is not known in a double-quoted text",
        None,
        "use single quotes, or write the backslash twice",
    ),
    _Wording(
        r"incompatible YAML document|YAML directive",
        "load/yaml-syntax",
        "this `%YAML` line is not understood",
        "YAML 1.2",
        "take the line away",
    ),
    _Wording(
        r"expected the node content",
        "load/yaml-syntax",
        "a value is missing, or this character must be quoted",
    ),
)


_BEHIND = Fault(
    "load/yaml-syntax",
    "something stands behind a value that is complete",
    0,
    1,
    None,
    "take it away, or put all of the value in quotes",
)


def explain_syntax(error: MarkedYAMLError, offset: int, text: str) -> Fault:
    """Say in our words what YAML's grammar found; `offset` is where the text began in the file."""
    length = len(text)
    problem = str(error.problem or "")
    context = str(error.context or "")
    for wording in _WORDINGS:
        match = re.search(wording.pattern, f"{problem}; {context}")
        if match is None:
            continue
        mark = error.context_mark if wording.at_context else None
        index = _index(mark or error.problem_mark or error.context_mark, length)
        start = index + offset
        if wording.pattern == _BLOCK_END and _stands_behind(text, index):
            return replace(_BEHIND, start=start, end=start + 1)
        return Fault(
            wording.code,
            _fill(wording.message, match),
            start,
            start + 1,
            _fill(wording.expected, match) if wording.expected else None,
            wording.hint,
        )
    start = _index(error.problem_mark or error.context_mark, length) + offset
    return Fault("load/yaml-syntax", "this is not YAML", start, start + 1, None, _QUOTE)


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
