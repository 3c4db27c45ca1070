"""What YAML's grammar says of a fault → what we say of it."""

from dataclasses import dataclass

from controller.steps.load.grammar import (
    COMMENT_TOO_CLOSE,
    MEETS_ENTRY,
    MEETS_ENTRY_IN_BRACKETS,
    NOT_INDENTED,
    NOT_INDENTED_IN_BRACKETS,
)


@dataclass(frozen=True, slots=True)
class Wording:
    """One fault: a pattern for `problem; context` of ruamel, and our words; `{0}` is its group."""

    pattern: str
    code: str
    message: str
    expected: str | None = None
    hint: str | None = None
    at_context: bool = False
    """Show where the unfinished thing begins, not where the text ran out."""
    other: str | None = None
    """What to say of the place that is not shown, the context or the problem."""


IN_QUOTES = "put the text in quotes if it is a text"
NO_MAPPING = r"mapping values are not allowed|mapping keys are not allowed"
BLOCK_END = r"expected <block end>"
DIRECTIVE = r"expected '<document start>', but found \('<(?:stream|document) end"
DOCUMENT_END = r"expected '<document start>'"
_INDENT = "indent it more than the key that it belongs to"
_OPENED = "the bracket is opened here"

WORDINGS = (
    Wording(
        r"found character '\\t'",
        "load/tab",
        "a tab is used for indentation",
        "spaces",
        "replace the tab by spaces",
    ),
    Wording(
        r"found character '(.+)' that cannot",
        "load/yaml-syntax",
        "`{0}` cannot begin a value",
        None,
        IN_QUOTES,
    ),
    Wording(
        NO_MAPPING,
        "load/yaml-syntax",
        "a `:` stands where no mapping can begin",
        None,
        "put the text in quotes if it is a text, or mend the indentation",
    ),
    Wording(
        r"sequence entries are not allowed",
        "load/indentation",
        "a list begins where none can begin",
        None,
        "put the `-` on a line of its own, indented under its key",
    ),
    Wording(
        COMMENT_TOO_CLOSE,
        "load/yaml-syntax",
        "a comment stands right behind something else",
        "a space before `#`",
        "put a space before `#`; put the text in quotes if `#` belongs to it",
    ),
    Wording(
        MEETS_ENTRY_IN_BRACKETS,
        "load/unclosed",
        "the bracket is not closed before the next entry begins",
        "a closing bracket",
        at_context=True,
        other="the next entry begins here",
    ),
    Wording(
        MEETS_ENTRY,
        "load/unclosed",
        "the quoted text is not closed before the next entry begins",
        "a closing quote",
        at_context=True,
        other="the next entry begins here",
    ),
    Wording(
        NOT_INDENTED_IN_BRACKETS,
        "load/indentation",
        "a line between brackets is not indented",
        None,
        _INDENT,
        other=_OPENED,
    ),
    Wording(
        NOT_INDENTED,
        "load/indentation",
        "a line of a text in quotes is not indented",
        None,
        _INDENT,
        other="the text begins here",
    ),
    Wording(
        r"but found \(?'([\]}])'",
        "load/yaml-syntax",
        "`{0}` closes no bracket",
        None,
        "take it away, or put all of the value in quotes",
    ),
    Wording(
        BLOCK_END + r", but found '<anchor>'",
        "load/yaml-syntax",
        "an anchor stands where none can stand",
        "one anchor before a value",
        "take one of the anchors away",
    ),
    Wording(
        BLOCK_END + r", but found '<alias>'",
        "load/yaml-syntax",
        "an alias stands behind an anchor, a tag or a value",
        "an alias alone",
        "take away what stands before it",
    ),
    Wording(
        BLOCK_END,
        "load/indentation",
        "the indentation does not fit the lines above",
        "the same indentation as the other entries",
    ),
    Wording(
        r"more indented follow up line",
        "load/indentation",
        "a blank line above has more spaces than the first line of the text",
        None,
        "take the spaces out of the blank lines",
    ),
    Wording(
        r"could not find expected ':'",
        "load/yaml-syntax",
        "this is neither `key: value` nor an entry of a list",
        "`:` after the key",
        at_context=True,
    ),
    Wording(
        r"found unexpected end of stream|found unexpected document separator",
        "load/unclosed",
        "the quoted text is not closed",
        "a closing quote",
        at_context=True,
    ),
    Wording(
        r"expected '?,'? or '?([\]}])'?, but got '<(?:stream|document)",
        "load/unclosed",
        "the bracket is not closed",
        "`,` or `{0}`",
        at_context=True,
    ),
    Wording(
        r"expected '?,'? or '?([\]}])'?, but got '[\]}]'",
        "load/unclosed",
        "this does not close the bracket that is open",
        "`,` or `{0}`",
        other=_OPENED,
    ),
    Wording(
        r"expected '?,'? or '?([\]}])",
        "load/unclosed",
        "a `,` is missing before this, or the bracket is not closed",
        "`,` or `{0}`",
        other=_OPENED,
    ),
    Wording(
        r"found '?<stream end>'?; while parsing a flow",
        "load/unclosed",
        "the file ends before a bracket is closed",
    ),
    Wording(
        r"undefined tag handle|expected URI|while (parsing|scanning) a tag",
        "load/custom-tag",
        "a tag is used",
        "plain YAML without tags",
        "take the tag away",
    ),
    Wording(
        r"unknown escape|escape sequence",
        "load/yaml-syntax",
        "this escape is not known in a double-quoted text",
        None,
        "use single quotes, or write the backslash twice",
    ),
    Wording(
        r"while scanning a block scalar",
        "load/yaml-syntax",
        "something else than `+`, `-`, 1 to 9 or a comment stands behind `|` or `>`",
        "a new line",
        "begin the text on the next line; put it in quotes if `|` or `>` belongs to it",
    ),
    Wording(
        r"incompatible YAML|YAML directive|duplicate tag handle|while scanning a directive",
        "load/yaml-syntax",
        "this line that begins with `%` is not understood",
        "`%YAML 1.2`, or nothing",
        "take the line away",
    ),
    Wording(
        DIRECTIVE,
        "load/yaml-syntax",
        "a line begins with `%`, and no document begins behind it",
        "`...` before it and `---` behind it",
        "take the line away; indent it if it belongs to a text",
    ),
    Wording(
        DOCUMENT_END + "|after document end marker",
        "load/yaml-syntax",
        "something stands behind the end of the document",
        "`---` before another document",
        "take it away, or put it on a line of its own behind `---`",
    ),
    Wording(
        r"expected the node content",
        "load/yaml-syntax",
        "a value is missing, or this character must be quoted",
    ),
)
