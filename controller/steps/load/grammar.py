"""Events by YAML 1.2 to the letter: where ruamel takes too much, or too little, this is put right.

Public examples of the language were the measure. What is left beyond the letter is on purpose: a
closing bracket may stand left of what it closes, as people write it.
"""

import re
from typing import Any

from ruamel.yaml.parser import ParserError
from ruamel.yaml.scanner import ScannerError
from ruamel.yaml.tokens import (
    DocumentEndToken,
    DocumentStartToken,
    FlowEntryToken,
    FlowMappingEndToken,
    FlowSequenceEndToken,
    FlowSequenceStartToken,
    KeyToken,
    ScalarToken,
    StreamEndToken,
    TagToken,
)

from controller.steps.load.events import COMMENT, Events

_BREAKS = "\r\n"
_ENDS = " \t\r\n\0"
_FLOW = ",[]{}"
_INDICATORS = frozenset(_ENDS + "-?:,[]{}#&*!|>'\"%@`")
_EMPTY_LINES = re.compile(r"\n+")
_SPACES = re.compile(" *")
_BLANKS = re.compile("[ \t]*")
_BEGINS_A_BLOCK = re.compile(
    r"[-?](?:[ \t\r\n]|\Z)"
    r"|(?:\"(?:[^\"\\\r\n]|\\.)*\"[ \t]*|'[^'\r\n]*'[ \t]*|[^\r\n\"'\[{]*):(?:[ \t\r\n]|\Z)"
)
_TAG = re.compile(
    r"!(?:<(?P<whole>(?:[^\s<>{}%]|%[0-9a-fA-F]{2})+)>"
    r"|(?P<handle>[\w-]*!)?(?P<rest>(?:[\w#;/?:@&=+$.~*'()-]|%[0-9a-fA-F]{2})*))",
    re.ASCII,
)
_LONGEST_KEY = 1024
_MOST_DIRECTIVES = 100
_DEEPEST = 1_000
"""How far right a line may begin."""

NOT_INDENTED = "a line of the text is not indented"
NOT_INDENTED_IN_BRACKETS = "a line between brackets is not indented"
MEETS_ENTRY = "the text meets the next entry"
MEETS_ENTRY_IN_BRACKETS = "the brackets meet the next entry"
COMMENT_TOO_CLOSE = "a comment stands right behind something"
TAB = "found character '\\t' that cannot start any token"


class Grammar(Events):
    """Text in, events out."""

    flow_run = re.compile(r"(?:[^:,\[\]{} \t\r\n\0]|:(?![ \t\r\n\0,\[\]{}]))*")
    minds_indent = True

    def __init__(self, text: str) -> None:
        self._opened: list[Any] = []
        self._directives = 0
        super().__init__(text)

    # White space and indentation.

    def after_blanks(self, white: str) -> int:
        """Give the place behind spaces, tabs that divide, and a comment."""
        pointer = super().after_blanks(white)
        buffer = self.buffer
        if buffer[pointer] == "\t":
            pointer = self._after_tabs(pointer)
        elif white != " " and "\t" in buffer[self.pointer : pointer]:
            self._refuse_tab_in_brackets(pointer)
        if pointer > 0 and buffer[self.pointer] == "#" and buffer[self.pointer - 1] not in _ENDS:
            raise ScannerError(None, None, COMMENT_TOO_CLOSE, self.get_mark())
        return pointer

    def _indentation(self, pointer: int) -> int | None:
        """Give how many spaces begin the line, or None when more than blanks stand before."""
        if self.column > _DEEPEST:
            return None
        before = self.buffer[self.pointer - self.column : pointer]
        return None if before.strip(" \t") else len(before) - len(before.lstrip(" "))

    def _after_tabs(self, pointer: int) -> int:
        """Give the place behind tabs that divide; the same one when they would be indentation."""
        match = _BLANKS.match(self.buffer, pointer)
        end = match.end() if match else pointer
        if self.buffer[end] == "#":
            match = COMMENT.match(self.buffer, end)
            return match.end() if match else end
        if self.buffer[end] in "\r\n\0":
            return end
        if _BEGINS_A_BLOCK.match(self.buffer, end):
            return pointer
        spaces = self._indentation(pointer)
        return pointer if spaces is not None and spaces <= self.indent else end

    def _refuse_tab_in_brackets(self, pointer: int) -> None:
        spaces = self._indentation(pointer)
        is_blank = self.buffer[pointer] in "\r\n\0"
        if spaces is not None and spaces <= self.indent and not is_blank:
            self.forward(max(0, spaces - self.column))
            raise ScannerError(None, None, TAB, self.get_mark())

    def unwind_indent(self, column: Any) -> None:
        """End what a line ends by its indentation; between brackets it must keep it."""
        if not self.flow_context:
            if self.indent > column:
                super().unwind_indent(column)
        elif column <= self.indent and self.peek() not in "]}\0" and not self.check_document_end():
            problem = NOT_INDENTED_IN_BRACKETS
            if _BEGINS_A_BLOCK.match(self.buffer, self.pointer):
                problem = MEETS_ENTRY_IN_BRACKETS
            raise ScannerError("while parsing a flow", self._opened[-1], problem, self.get_mark())

    # Keys.

    def stale_possible_simple_keys(self) -> None:
        """Take away keys that are none: between braces they may go over several lines."""
        line, oldest = self.line, self.index - _LONGEST_KEY
        for level, key in tuple(self.possible_simple_keys.items()):
            is_in_braces = level > 0 and self.flow_context[level - 1] == "{"
            if key.index >= oldest and (key.line == line or is_in_braces):
                continue
            if key.required:
                problem = "could not find expected ':'"
                raise ScannerError(
                    "while scanning a simple key", key.mark, problem, self.get_mark()
                )
            del self.possible_simple_keys[level]

    def check_key(self) -> Any:
        """Tell whether a `?` begins a key."""
        return self.peek(1) in _ENDS

    def check_value(self) -> Any:
        """Tell whether a `:` divides key and value: behind a quote or bracket it needs no space."""
        following = self.peek(1)
        if following in _ENDS:
            return True
        if not self.flow_context:
            return False
        if following in _FLOW:
            return True
        last = self.tokens[-1] if self.tokens else None
        is_json = isinstance(last, (FlowSequenceEndToken, FlowMappingEndToken)) or (
            isinstance(last, ScalarToken) and not last.plain
        )
        return is_json and len(self.flow_context) in self.possible_simple_keys

    def check_plain(self) -> Any:
        """Tell whether a text without quotes may begin here."""
        character = self.peek()
        if character not in "-?:":
            return character not in _INDICATORS
        following = self.peek(1)
        return following not in _ENDS and not (self.flow_context and following in _FLOW)

    def fetch_value(self) -> None:
        """Take a `:`; in a list between brackets a pair may lack its key."""
        if self.flow_context and self.flow_context[-1] == "[":
            last = self.tokens[-1] if self.tokens else None
            is_first = isinstance(last, (FlowSequenceStartToken, FlowEntryToken))
            if is_first and len(self.flow_context) not in self.possible_simple_keys:
                self.tokens.append(KeyToken(self.get_mark(), self.get_mark()))
        super().fetch_value()

    def fetch_flow_collection_start(self, *arguments: Any, **named: Any) -> None:
        """Note where a bracket stands."""
        del self._opened[len(self.flow_context) :]
        self._opened.append(self.get_mark())
        super().fetch_flow_collection_start(*arguments, **named)

    # Texts.

    def scan_plain_spaces(self, indent: Any, _start: Any) -> Any:
        """Read what lies between two words, also ends of lines; None where the text must end."""
        buffer = self.buffer
        if buffer[self.pointer] in ":,[]{}#\0":
            return []
        match = _BLANKS.match(buffer, self.pointer)
        end = match.end() if match else self.pointer
        if buffer[end] not in _BREAKS:
            spaces = buffer[self.pointer : end]
            self.forward(end - self.pointer)
            return [spaces] if spaces else []
        self.forward(end - self.pointer)
        self.scan_line_break()
        self.allow_simple_key = True
        breaks: list[str] = []
        while not self._at_marker():
            breaks.extend(self._over_empty_lines())
            spaces_end = self._skip(_SPACES)
            match = _BLANKS.match(buffer, spaces_end)
            end = match.end() if match else spaces_end
            if buffer[end] in _BREAKS:
                self.forward(end - self.pointer)
                breaks.append(self.scan_line_break())
                continue
            if self._at_marker():
                return None
            if self.column >= indent:
                self.forward(end - self.pointer)
            return breaks or [" "]
        return None

    def _over_empty_lines(self) -> str:
        """Go over lines without a character all at once: a file may hold a million."""
        match = _EMPTY_LINES.match(self.buffer, self.pointer)
        if match is None:
            return ""
        self.pointer, number = match.end(), match.end() - match.start()
        self.index += number
        self.line += number
        return match[0]

    def _at_marker(self) -> bool:
        if self.column or self.buffer[self.pointer] not in "-.":
            return False
        return bool(self.check_document_start() or self.check_document_end())

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.buffer, self.pointer)
        if match is not None and match.end() > self.pointer:
            self.forward(match.end() - self.pointer)
        return self.pointer

    def scan_flow_scalar_breaks(self, _double: Any, start_mark: Any) -> Any:
        """Read the ends of lines in a text in quotes; each line of it must be indented."""
        chunks = []
        what = "while scanning a quoted text"
        while not self._at_marker():
            self._skip(_SPACES)
            spaces = self.column
            end = self._skip(_BLANKS)
            if self.buffer[end] in _BREAKS:
                chunks.append(self.scan_line_break())
                continue
            if spaces <= self.indent and self.buffer[end] != "\0":
                at_entry = _BEGINS_A_BLOCK.match(self.buffer, end)
                problem = MEETS_ENTRY if at_entry else NOT_INDENTED
                raise ScannerError(what, start_mark, problem, self.get_mark())
            return chunks
        raise ScannerError(what, start_mark, "found unexpected document separator", self.get_mark())

    def scan_block_scalar_indentation(self) -> Any:
        """Find how deep a block text is indented: as its first line that is not blank."""
        chunks: list[Any] = []
        end, deepest = self.get_mark(), 0
        while True:
            self._skip(_SPACES)
            character = self.peek()
            if character not in _BREAKS:
                break
            deepest = max(deepest, self.column)
            chunks.append(self.scan_line_break())
            end = self.get_mark()
        if character == "\0":
            return chunks, max(deepest, self.column), end
        if self.column > self.indent and deepest > self.column:
            problem = "more indented follow up line than first in a block scalar"
            raise ScannerError(problem, self.get_mark())
        self._refuse_tab(self.indent + 1)
        return chunks, self.column, end

    def scan_block_scalar_breaks(self, indent: int) -> Any:
        """Read blank lines in a block text."""
        found = super().scan_block_scalar_breaks(indent)
        self._refuse_tab(indent)
        return found

    def _refuse_tab(self, indent: int) -> None:
        if self.column < indent and self.peek() == "\t":
            raise ScannerError(None, None, TAB, self.get_mark())

    def scan_line_break(self) -> Any:
        """Go over the end of a line."""
        character = self.buffer[self.pointer]
        if character == "\n":
            self.pointer += 1
            self.index += 1
            self.line += 1
            self.column = 0
            return "\n"
        return super().scan_line_break() if character == "\r" else ""

    # Tags, directives, documents.

    def scan_tag(self) -> Any:
        """Read a tag; commas and brackets end it."""
        start = self.get_mark()
        match = _TAG.match(self.buffer, self.pointer)
        following = self.buffer[match.end()] if match else ""
        ends = following in _ENDS or (self.flow_context and following in _FLOW)
        if match is None or not ends or len(match[0]) > _LONGEST_KEY:
            problem = f"expected ' ', but found {following!r}"
            raise ScannerError("while scanning a tag", start, problem, self.get_mark())
        self.forward(match.end() - match.start())
        handle: str | None = "!" + (match["handle"] or "")
        suffix = match["rest"]
        if match["whole"] or match[0] == "!":
            handle, suffix = None, match["whole"] or "!"
        return TagToken((handle, suffix), start, self.get_mark())

    def fetch_directive(self) -> None:
        """Take a line that begins with `%`, but not thousands of them."""
        self._directives += 1
        if self._directives > _MOST_DIRECTIVES:
            raise ScannerError("while scanning a directive", None, None, self.get_mark())
        super().fetch_directive()

    def scan_yaml_directive_value(self, start_mark: Any) -> Any:
        """Read the version of a `%YAML` line."""
        self._skip(_BLANKS)
        return super().scan_yaml_directive_value(start_mark)

    def parse_implicit_document_start(self) -> Any:
        """Begin a document without `---`; ends of documents that are none are passed over."""
        while self.check_token(DocumentEndToken):
            end = self.get_token()
            following = self.peek_token()
            is_document = not isinstance(following, (StreamEndToken, DocumentStartToken))
            if is_document and following.start_mark.line == end.end_mark.line:
                problem = "found non-comment content after document end marker"
                raise ParserError(None, None, problem, following.start_mark)
        return super().parse_implicit_document_start()
