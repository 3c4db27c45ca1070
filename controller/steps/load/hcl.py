"""A small reader of Terraform's language: blocks and attributes with their text, nothing evaluated.

It knows strings with templates, heredocs, comments and brackets well enough to find where things
begin and end. What it does not understand it refuses: a file is never half read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

DEEPEST = 40
_SPACE = re.compile(r"(?:[ \t\r\n]+|#[^\n]*|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_INLINE_SPACE = re.compile(r"(?:[ \t]+|/\*.*?\*/)+", re.DOTALL)
_IDENTIFIER = re.compile(r"[^\W\d][\w-]*")
_HEREDOC = re.compile(r"<<-?([^\W\d][\w-]*)[ \t]*\r?\n")
_PLAIN = re.compile(r'[^"$%\\\n]+')
_CLOSERS = {"{": "}", "[": "]", "(": ")"}


class HclError(ValueError):
    """The text cannot be read; `index` is where."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


@dataclass(frozen=True, slots=True)
class Attribute:
    """`name = text`; the text is as it stands in the file, without comments at its end."""

    name: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Block:
    """`type "label" { … }`."""

    type: str
    labels: tuple[str, ...]
    start: int
    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: tuple["Block", ...] = ()

    def all_blocks(self) -> Iterator["Block"]:
        """Give every block below this one, at any depth."""
        for block in self.blocks:
            yield block
            yield from block.all_blocks()

    def text(self, name: str) -> str | None:
        """Give the text of an attribute, or None."""
        found = self.attributes.get(name)
        return found.text if found else None

    def string(self, name: str) -> str | None:
        """Give an attribute that is a string without templates, or None."""
        found = self.attributes.get(name)
        return unquote(found.text) if found else None

    def is_true(self, name: str) -> bool:
        """Tell whether an attribute is `true`; anything else that is not `false` counts as true."""
        found = self.attributes.get(name)
        return found is not None and found.text != "false"


def unquote(text: str) -> str | None:
    """Give the content of a quoted text without templates, or None."""
    if len(text) < 2 or not (text.startswith('"') and text.endswith('"')):  # noqa: PLR2004
        return None
    inner = text[1:-1]
    if '"' in inner.replace('\\"', "") or "${" in inner or "%{" in inner:
        return None
    escapes = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
    return re.sub(r"\\(.)", lambda match: escapes.get(match[1], match[0]), inner)


def read_hcl(text: str) -> Block:
    """Read a file as one block without a type. Raises HclError."""
    reader = _Reader(text.removeprefix("\ufeff"))
    return reader.body("", (), 0, depth=0)


def object_entries(text: str) -> dict[str, str]:
    """Read `{ a = 1, "b" : 2 }` as texts by key. Raises HclError for anything else."""
    if not (text.startswith("{") and text.endswith("}")):
        raise HclError("no object", 0)
    return _Reader(text[1:-1]).entries()


def elements(text: str) -> tuple[str, ...]:
    """Read `a, f(b), "c"` as texts: what stands in a list or a call. Raises HclError."""
    return _Reader(text).elements()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def body(self, kind: str, labels: tuple[str, ...], start: int, *, depth: int) -> Block:
        if depth > DEEPEST:
            raise HclError("blocks are nested too deeply", self._at)
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        while True:
            self._skip(_SPACE)
            if self._at >= len(self._text):
                if depth:
                    raise HclError(f"the block `{kind}` is not closed", start)
                break
            if self._text[self._at] == "}" and depth:
                self._at += 1
                break
            begin = self._at
            name = self._identifier()
            self._skip(_INLINE_SPACE)
            if self._peek() == "=" and self._text[self._at + 1 : self._at + 2] != "=":
                self._at += 1
                attributes[name] = Attribute(name, self._expression(), begin)
            else:
                inner = self._labels()
                blocks.append(self.body(name, inner, begin, depth=depth + 1))
        return Block(kind, labels, start, attributes, tuple(blocks))

    def entries(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while True:
            self._skip(_SPACE)
            if self._peek() == ",":
                self._at += 1
                continue
            if self._at >= len(self._text):
                return found
            key = self._key()
            self._skip(_INLINE_SPACE)
            if self._peek() not in "=:":
                raise HclError("an entry without `=`", self._at)
            self._at += 1
            found[key] = self._expression(stop_at_comma=True)

    def elements(self) -> tuple[str, ...]:
        found: list[str] = []
        while True:
            self._skip(_SPACE)
            if self._peek() == ",":
                self._at += 1
            elif self._at >= len(self._text):
                return tuple(found)
            else:
                found.append(self._expression(stop_at_comma=True))

    def _key(self) -> str:
        if self._peek() != '"':
            return self._identifier()
        begin = self._at
        self._string()
        return unquote(self._text[begin : self._at]) or ""

    def _peek(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else "\0"

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()

    def _identifier(self) -> str:
        match = _IDENTIFIER.match(self._text, self._at)
        if match is None:
            raise HclError("a name was expected", self._at)
        self._at = match.end()
        return match[0]

    def _labels(self) -> tuple[str, ...]:
        labels: list[str] = []
        while self._peek() != "{":
            if self._peek() == '"':
                begin = self._at
                self._string()
                labels.append(unquote(self._text[begin : self._at]) or "")
            else:
                labels.append(self._identifier())
            self._skip(_INLINE_SPACE)
        self._at += 1
        return tuple(labels)

    def _expression(self, *, stop_at_comma: bool = False) -> str:
        """Read up to the end of the line, or what closes the body that this stands in."""
        self._skip(_INLINE_SPACE)
        begin = self._at
        open_brackets: list[str] = []
        while self._at < len(self._text):
            character = self._text[self._at]
            if not open_brackets and self._ends_here(character, stop_at_comma=stop_at_comma):
                break
            self._step(character, open_brackets)
        if open_brackets:
            raise HclError("a bracket is not closed", begin)
        text = self._text[begin : self._at].strip()
        if not text:
            raise HclError("a value was expected", begin)
        return text

    def _ends_here(self, character: str, *, stop_at_comma: bool) -> bool:
        if character in "\n}#" or (character == "," and stop_at_comma):
            return True
        return character == "/" and self._text[self._at + 1 : self._at + 2] == "/"

    def _step(self, character: str, open_brackets: list[str]) -> None:
        """Go over one thing: a string, a heredoc, a comment, a bracket, or one character."""
        if character == '"':
            self._string()
        elif character == "<" and (heredoc := _HEREDOC.match(self._text, self._at)):
            self._heredoc(heredoc)
        elif character == "#" or self._text.startswith(("//", "/*"), self._at):
            self._comment()
        else:
            if character in _CLOSERS:
                open_brackets.append(_CLOSERS[character])
            elif character in "}])" and (not open_brackets or open_brackets.pop() != character):
                raise HclError(f"`{character}` closes nothing", self._at)
            self._at += 1

    def _comment(self) -> None:
        before = self._at
        self._skip(_SPACE)
        if self._at == before:
            raise HclError("a comment is not closed", before)

    def _heredoc(self, opening: re.Match[str]) -> None:
        closing = re.compile(rf"^[ \t]*{re.escape(opening[1])}[ \t]*\r?$", re.MULTILINE)
        match = closing.search(self._text, opening.end())
        if match is None:
            raise HclError(f"the heredoc `{opening[1]}` is not closed", opening.start())
        self._at = match.end()

    def _string(self) -> None:
        """Go over a quoted text; templates in it may hold strings again."""
        begin = self._at
        self._at += 1
        while self._at < len(self._text):
            match = _PLAIN.match(self._text, self._at)
            if match:
                self._at = match.end()
                continue
            character = self._text[self._at]
            if character == '"':
                self._at += 1
                return
            if character == "\n":
                break
            self._in_string(character)
        raise HclError("a quoted text is not closed", begin)

    def _in_string(self, character: str) -> None:
        if character == "\\":
            self._at += 2
        elif self._text.startswith(("$${", "%%{"), self._at):
            self._at += 3
        elif self._text.startswith(("${", "%{"), self._at):
            self._at += 2
            self._template()
        else:
            self._at += 1

    def _template(self) -> None:
        open_brackets = ["}"]
        while open_brackets:
            if self._at >= len(self._text):
                raise HclError("a template is not closed", self._at)
            if len(open_brackets) > DEEPEST:
                raise HclError("templates are nested too deeply", self._at)
            self._step(self._text[self._at], open_brackets)
