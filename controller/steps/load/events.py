"""Text → YAML's events with their places: ruamel's grammar, with the hot paths written for speed.

What is here gives the same events and the same errors as ruamel's own classes (a test compares the
two on random texts); it only looks at more than one character at a time. `grammar` then puts right
what ruamel reads otherwise than YAML 1.2.
"""

import re
from types import SimpleNamespace
from typing import Any, Final

from ruamel.yaml.events import ScalarEvent
from ruamel.yaml.parser import Parser
from ruamel.yaml.reader import Reader
from ruamel.yaml.scanner import Scanner
from ruamel.yaml.tokens import (
    ScalarToken,
)

_ENDS: Final = " \n\0\t\r\x85\u2028\u2029"
_BLOCK_RUN = re.compile(f"(?:[^:{_ENDS}]|:(?![{_ENDS}]))*")
_SPACES = re.compile(" *")
COMMENT = re.compile("#[^\n\0\r\x85\u2028\u2029]*")
_IMPLICIT_PLAIN, _IMPLICIT_QUOTED = (True, False), (False, True)
_LONGEST_KEY = 1024


class TooDeep(Exception):  # noqa: N818 - becomes a fault
    """More brackets are open than may be; the index of the last is the argument."""


class Mark:
    """A place in the text, counted from 0."""

    __slots__ = ("column", "index", "line")

    def __init__(self, index: int, line: int, column: int) -> None:
        self.index = index
        self.line = line
        self.column = column


class PlainEvents(Reader, Scanner, Parser):
    """Text in, events out: ruamel's own classes without anything that builds objects."""

    deepest = 48
    """How many brackets may be open: ruamel's time grows with the square of their number."""

    def __init__(self, text: str) -> None:
        self.comment_handling = None
        self.processing_version = (1, 2)
        self._resolver = SimpleNamespace(processing_version=(1, 2))
        self.doc_infos = [SimpleNamespace(doc_version=None, tags=[])]
        Reader.__init__(self, text, loader=self)
        Scanner.__init__(self, loader=self)
        Parser.__init__(self, loader=self)

    def fetch_flow_collection_start(self, *arguments: Any, **named: Any) -> None:
        """Stop at a bracket too many."""
        if len(self.flow_context) >= self.deepest:
            raise TooDeep(self.index)
        super().fetch_flow_collection_start(*arguments, **named)


class Events(PlainEvents):
    """The same, quicker."""

    reader: Any = None
    scanner: Any = None
    resolver: Any = None
    scanner_processing_version = (1, 2)
    flow_run = re.compile(rf"(?:[^:,\[\]{{}}{_ENDS}]|:(?![{_ENDS}]))*")
    """What goes on with a text without quotes between brackets."""
    minds_indent = False
    """Whether lines between brackets must be indented."""

    def __init__(self, text: str) -> None:
        # Plain attributes instead of properties that look for a loader each time.
        self.reader = self.scanner = self
        self.resolver = SimpleNamespace(processing_version=(1, 2))
        super().__init__(text)

    def close(self) -> None:
        """Let go of what points at itself, so that the memory is free at once."""
        self.__dict__.clear()

    # Characters.

    def peek(self, index: int = 0) -> str:
        """Give a character; the text ends with NUL."""
        try:
            return self.buffer[self.pointer + index]
        except IndexError:
            return super().peek(index)

    def forward(self, length: int = 1) -> None:
        """Go on by some characters."""
        pointer = self.pointer
        end = pointer + length
        if end + 1 >= len(self.buffer) or not self.buffer.isascii():
            super().forward(length)
            return
        text = self.buffer[pointer:end]
        if "\n" in text or "\r" in text:
            super().forward(length)
            return
        self.pointer = end
        self.index += length
        self.column += length

    def get_mark(self) -> Any:
        """Give the place."""
        return Mark(self.index, self.line, self.column)

    # Tokens.

    def need_more_tokens(self) -> bool:
        """Tell whether the first token may still become a key."""
        if self.done:
            return False
        if not self.tokens:
            return True
        keys = self.possible_simple_keys
        if not keys:
            return False
        line, oldest, lowest = self.line, self.index - _LONGEST_KEY, None
        for key in keys.values():
            if key.line != line or key.index < oldest:
                self.stale_possible_simple_keys()
                return bool(self.next_possible_simple_key() == self.tokens_taken)
            if lowest is None or key.token_number < lowest:
                lowest = key.token_number
        return bool(lowest == self.tokens_taken)

    def stale_possible_simple_keys(self) -> None:
        """Take away keys that are none; raises when one had to be."""
        line, oldest = self.line, self.index - _LONGEST_KEY
        for key in self.possible_simple_keys.values():
            if key.line != line or key.index < oldest:
                super().stale_possible_simple_keys()
                return

    def check_token(self, *choices: Any) -> bool:
        """Tell whether the next token is one of these."""
        if not self.tokens or self.possible_simple_keys:
            while self.need_more_tokens():
                self.fetch_more_tokens()
        tokens = self.tokens
        return bool(tokens) and (not choices or isinstance(tokens[0], choices))

    def peek_token(self) -> Any:
        """Give the next token and leave it there."""
        if not self.tokens or self.possible_simple_keys:
            while self.need_more_tokens():
                self.fetch_more_tokens()
        return self.tokens[0] if self.tokens else None

    def get_token(self) -> Any:
        """Take the next token."""
        if not self.tokens or self.possible_simple_keys:
            while self.need_more_tokens():
                self.fetch_more_tokens()
        if not self.tokens:
            return None
        self.tokens_taken += 1
        return self.tokens.pop(0)

    # Scanning.

    def scan_to_next_token(self) -> Any:
        """Go over spaces, comments and ends of lines."""
        if self.index == 0 and self.peek() == "\ufeff":
            self.forward()
        in_flow = bool(self.flow_context)
        white = " \t" if in_flow else " "
        buffer = self.buffer
        while True:
            start, pointer = self.pointer, self.after_blanks(white)
            if pointer != start:
                self.forward(pointer - start)
            character = buffer[pointer]
            if character == "\n":
                self.pointer = pointer + 1
                self.index += 1
                self.line += 1
                self.column = 0
            elif character not in "\r\x85\u2028\u2029" or not self.scan_line_break():
                return
            if not in_flow:
                self.allow_simple_key = True

    def after_blanks(self, white: str) -> int:
        """Give the place behind spaces and a comment."""
        buffer, pointer = self.buffer, self.pointer
        while buffer[pointer] in white:
            pointer += 1
        match = COMMENT.match(buffer, pointer)
        return match.end() if match else pointer

    def scan_plain(self) -> Any:
        """Read a text without quotes, over as many lines as it has."""
        chunks: list[str] = []
        spaces: list[str] | None = []
        start = end = self.get_mark()
        indent = self.indent + 1
        in_flow = bool(self.flow_context)
        run = self.flow_run if in_flow else _BLOCK_RUN
        while self.buffer[self.pointer] != "#":
            match = run.match(self.buffer, self.pointer)
            text = match[0] if match else ""
            if not text:
                break
            self.allow_simple_key = False
            chunks.extend(spaces or ())
            chunks.append(text)
            self.forward(len(text))
            end = self.get_mark()
            spaces = self.scan_plain_spaces(indent, start)
            if not spaces or (self.column < indent and (self.minds_indent or not in_flow)):
                break
        return ScalarToken(value="".join(chunks), plain=True, start_mark=start, end_mark=end)

    def scan_plain_spaces(self, indent: Any, start_mark: Any) -> Any:
        """Read what lies between two words; empty when there is nothing."""
        character = self.buffer[self.pointer]
        if character in ":,[]{}#\0":
            return []
        if character == " ":
            match = _SPACES.match(self.buffer, self.pointer)
            end = match.end() if match else self.pointer
            if self.buffer[end] not in "\r\n\x85\u2028\u2029":
                spaces = self.buffer[self.pointer : end]
                self.forward(end - self.pointer)
                return [spaces]
        return super().scan_plain_spaces(indent, start_mark)

    # Grammar.

    def parse_node(self, *arguments: Any, **named: Any) -> Any:
        """Give the event that begins a value: at once when it is a text without decoration."""
        token = self.peek_token()
        if not isinstance(token, ScalarToken):
            return super().parse_node(*arguments, **named)
        self.get_token()
        implicit = _IMPLICIT_PLAIN if token.plain else _IMPLICIT_QUOTED
        self.state = self.states.pop()
        return ScalarEvent(
            None,
            None,
            implicit,
            token.value,
            token.start_mark,
            token.end_mark,
            style=token.style,
        )
