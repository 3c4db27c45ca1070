"""The part of Terraform's expressions that the conditions of variables are written in, as trees."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from controller.steps.load.hcl import unquote

LONGEST = 4000
DEEPEST = 30
_TOKEN = re.compile(
    r'(?P<space>(?:\s|\#[^\n]*|//[^\n]*|/\*.*?\*/)+)|(?P<text>"(?:[^"\\\n]|\\.)*")'
    r"|(?P<number>[0-9]{1,40}(?:\.[0-9]{1,40})?(?![\w.]))|(?P<name>[A-Za-z_][A-Za-z0-9_-]*)"
    r"|(?P<sign>&&|\|\||==|!=|>=|<=|=>|\.\.\.|[-+*/%<>!?:()\[\]{}.,=])",
    re.DOTALL,
)
_LEVELS = (
    ("||",),
    ("&&",),
    ("==", "!="),
    (">", ">=", "<", "<="),
    ("+", "-"),
    ("*", "/", "%"),
)
_ESCAPES = re.compile(r"\\(?![nrt\"\\])")


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a number, `true`, `false` or `null`."""

    value: object


@dataclass(frozen=True, slots=True)
class Name:
    """`var`, or what a `for` names."""

    name: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """`base.name`."""

    base: "Expression"
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """`base[key]`."""

    base: "Expression"
    key: "Expression"


@dataclass(frozen=True, slots=True)
class Call:
    """`name(…)`."""

    name: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """`!x` or `-x`."""

    sign: str
    inner: "Expression"


@dataclass(frozen=True, slots=True)
class Binary:
    """`left sign right`."""

    sign: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Conditional:
    """`condition ? yes : no`."""

    condition: "Expression"
    yes: "Expression"
    no: "Expression"


@dataclass(frozen=True, slots=True)
class Items:
    """`[a, b]`."""

    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class ForItems:
    """`[for key, value in source : body if condition]`."""

    key: str | None
    value: str
    source: "Expression"
    body: "Expression"
    condition: "Expression | None"


Expression = (
    Literal | Name | Attribute | Index | Call | Unary | Binary | Conditional | Items | ForItems
)


class NotUnderstoodError(ValueError):
    """The text may be right, but is more than what is read here."""


@lru_cache(maxsize=1024)
def read_expression(text: str) -> Expression | None:
    """Read an expression; None when it holds anything that is not surely understood."""
    try:
        return _Parser(_tokens(text)).whole()
    except NotUnderstoodError:
        return None


def _tokens(text: str) -> list[tuple[str, str]]:
    if len(text) > LONGEST:
        raise NotUnderstoodError
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotUnderstoodError
        if match.lastgroup != "space":
            found.append((match.lastgroup or "", match[0]))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Expression:
        found = self._expression()
        if self._at < len(self._tokens):
            raise NotUnderstoodError
        return found

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _is(self, text: str) -> bool:
        """Go over a sign or a word if it stands here."""
        kind, found = self._peek()
        if kind in {"sign", "name"} and found == text:
            self._at += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._is(text):
            raise NotUnderstoodError

    def _name(self) -> str:
        kind, text = self._peek()
        if kind != "name":
            raise NotUnderstoodError
        self._at += 1
        return text

    def _expression(self) -> Expression:
        self._depth += 1
        if self._depth > DEEPEST:
            raise NotUnderstoodError
        found = self._binary(0)
        if self._is("?"):
            yes = self._expression()
            self._need(":")
            found = Conditional(found, yes, self._expression())
        self._depth -= 1
        return found

    def _binary(self, level: int) -> Expression:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        length = 0
        while self._peek()[0] == "sign" and (sign := self._peek()[1]) in _LEVELS[level]:
            self._at += 1
            length += 1
            if length > 4 * DEEPEST:
                raise NotUnderstoodError
            left = Binary(sign, left, self._binary(level + 1))
        return left

    def _unary(self) -> Expression:
        for sign in ("!", "-"):
            if self._is(sign):
                self._depth += 1
                if self._depth > DEEPEST:
                    raise NotUnderstoodError
                found = Unary(sign, self._unary())
                self._depth -= 1
                return found
        return self._postfix(self._primary())

    def _postfix(self, found: Expression) -> Expression:
        length = 0
        while True:
            length += 1
            if length > DEEPEST:
                raise NotUnderstoodError
            if self._is("."):
                found = Attribute(found, self._name())
            elif self._is("["):
                found = Index(found, self._expression())
                self._need("]")
            else:
                return found

    def _primary(self) -> Expression:
        kind, text = self._peek()
        self._at += 1
        match kind, text:
            case (("number" | "text"), _):
                return Literal(_number(text) if kind == "number" else _text(text))
            case "name", ("true" | "false"):
                return Literal(text == "true")
            case "name", "null":
                return Literal(None)
            case "name", _:
                return Call(text, self._items(")")) if self._is("(") else Name(text)
            case "sign", "(":
                found = self._expression()
                self._need(")")
                return found
            case "sign", "[":
                return self._for() if self._is("for") else Items(self._items("]"))
            case _:
                raise NotUnderstoodError

    def _items(self, closer: str) -> tuple[Expression, ...]:
        found: list[Expression] = []
        while not self._is(closer):
            found.append(self._expression())
            if not self._is(","):
                self._need(closer)
                break
        return tuple(found)

    def _for(self) -> ForItems:
        key, value = None, self._name()
        if self._is(","):
            key, value = value, self._name()
        if "var" in {key, value}:
            raise NotUnderstoodError
        self._need("in")
        source = self._expression()
        self._need(":")
        body = self._expression()
        condition = self._expression() if self._is("if") else None
        self._need("]")
        return ForItems(key, value, source, body, condition)


def _number(text: str) -> int | Fraction:
    number = Fraction(text)
    return number.numerator if number.denominator == 1 else number


def _text(token: str) -> str:
    found = unquote(token)
    if found is None or _ESCAPES.search(token.replace("\\\\", "")) or not found.isascii():
        raise NotUnderstoodError
    return found
