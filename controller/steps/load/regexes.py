r"""Does a pattern of Terraform's `regex` match? In linear time, where it is surely understood.

Python's `re` differs from RE2 (`$` before a line end, `\s`, what is allowed) and can take
exponential time; so the patterns run here, over sets of states, as in RE2 itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

MOST_STATES = 4000
MOST_REPEATS = 1000
DEEPEST = 20
_LONGEST_COUNT = 4
_ASCII = frozenset(map(chr, range(128)))
_DIGITS = frozenset("0123456789")
_WORD = _DIGITS | frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_SPACE = frozenset("\t\n\f\r ")
_CLASSES = {
    "d": _DIGITS,
    "D": _ASCII - _DIGITS,
    "w": _WORD,
    "W": _ASCII - _WORD,
    "s": _SPACE,
    "S": _ASCII - _SPACE,
}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


class PatternError(ValueError):
    """The pattern holds what is not surely understood; it may be right or wrong."""


@dataclass(frozen=True, slots=True)
class _One:
    characters: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Edge:
    at_start: bool


@dataclass(frozen=True, slots=True)
class _Sequence:
    parts: tuple["_Node", ...]


@dataclass(frozen=True, slots=True)
class _Either:
    branches: tuple["_Node", ...]


@dataclass(frozen=True, slots=True)
class _Repeat:
    inner: "_Node"
    least: int
    most: int | None


_Node = _One | _Edge | _Sequence | _Either | _Repeat


class Pattern:
    """A pattern over ASCII texts, as states: one takes a character, sees an edge, or splits."""

    def __init__(self, text: str) -> None:
        self._states: list[tuple[frozenset[str] | bool | None, tuple[int, ...]]] = []
        self._first = self._build(_Parser(text).whole(), self._add(None, ()))

    @property
    def size(self) -> int:
        """Give the number of states: what one character costs at most."""
        return len(self._states)

    def is_found_in(self, text: str) -> bool:
        """Tell whether the pattern matches somewhere in an ASCII text."""
        now: set[int] = set()
        for at in range(len(text) + 1):
            now = self._reach((*now, self._first), at_start=at == 0, at_end=at == len(text))
            if 0 in now:
                return True
            if at < len(text):
                now = set(self._after(now, text[at]))
        return False

    def _after(self, now: set[int], character: str) -> Iterator[int]:
        for state in now:
            wanted, following = self._states[state]
            if isinstance(wanted, frozenset) and character in wanted:
                yield from following

    def _reach(self, start: tuple[int, ...], *, at_start: bool, at_end: bool) -> set[int]:
        found: set[int] = set()
        waiting = list(start)
        while waiting:
            state = waiting.pop()
            if state in found:
                continue
            found.add(state)
            wanted, following = self._states[state]
            if wanted is None or (isinstance(wanted, bool) and (at_start if wanted else at_end)):
                waiting.extend(following)
        return found

    def _add(self, wanted: frozenset[str] | bool | None, following: tuple[int, ...]) -> int:
        if len(self._states) >= MOST_STATES:
            raise PatternError("the pattern is too large")
        self._states.append((wanted, following))
        return len(self._states) - 1

    def _build(self, node: _Node, then: int) -> int:
        match node:
            case _One(characters):
                return self._add(characters, (then,))
            case _Edge(at_start):
                return self._add(at_start, (then,))
            case _Sequence(parts):
                for part in reversed(parts):
                    then = self._build(part, then)
                return then
            case _Either(branches):
                return self._add(None, tuple(self._build(branch, then) for branch in branches))
            case _Repeat():
                return self._build_repeat(node, then)

    def _build_repeat(self, node: _Repeat, then: int) -> int:
        if node.most is None:
            loop = self._add(None, (then,))
            inner = self._build(node.inner, loop)
            self._states[loop] = (None, (inner, then))
            then = loop
        else:
            end = then
            for _ in range(node.most - node.least):
                then = self._add(None, (self._build(node.inner, then), end))
        for _ in range(node.least):
            then = self._build(node.inner, then)
        return then


class _Parser:
    def __init__(self, text: str) -> None:
        if not text.isascii():
            raise PatternError("a character that is not ASCII")
        self._text = text
        self._at = 0

    def whole(self) -> _Node:
        node = self._either(0)
        if self._at < len(self._text):
            raise PatternError("a bracket closes nothing")
        return node

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        if self._at >= len(self._text):
            raise PatternError("the pattern ends too early")
        self._at += 1
        return self._text[self._at - 1]

    def _either(self, depth: int) -> _Node:
        if depth > DEEPEST:
            raise PatternError("nested too deeply")
        branches = [self._sequence(depth)]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence(depth))
        return branches[0] if len(branches) == 1 else _Either(tuple(branches))

    def _sequence(self, depth: int) -> _Node:
        parts: list[_Node] = []
        while self._peek() not in {"", "|", ")"}:
            parts.append(self._repeated(self._atom(depth)))
        return _Sequence(tuple(parts))

    def _repeated(self, atom: _Node) -> _Node:
        if self._peek() not in {"*", "+", "?", "{"}:
            return atom
        if isinstance(atom, _Edge):
            raise PatternError("an edge is repeated")
        sign = self._take()
        least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(sign) or self._counts()
        if self._peek() == "?":
            self._at += 1  # a lazy match finds the same texts
        if self._peek() in {"*", "+", "?", "{"}:
            raise PatternError("a repetition is repeated")
        node = _Repeat(atom, least, most)
        if _repeats(node) > MOST_REPEATS:
            raise PatternError("repeated too often")
        return node

    def _counts(self) -> tuple[int, int | None]:
        end = self._text.find("}", self._at)
        least, comma, most = self._text[self._at : max(end, self._at)].partition(",")
        self._at = end + 1
        if not _is_count(least) or (most and not _is_count(most)):
            raise PatternError("no counts")
        if comma and not most:
            return int(least), None
        if most and int(most) < int(least):
            raise PatternError("counts the wrong way round")
        return int(least), int(most or least)

    def _atom(self, depth: int) -> _Node:
        match self._take():
            case "^" | "$" as edge:
                return _Edge(at_start=edge == "^")
            case ".":
                return _One(_ASCII - {"\n"})
            case "[":
                return _One(self._class())
            case "\\":
                return _One(self._escape())
            case "(":
                return self._group(depth)
            case "*" | "+" | "?" | "{" | "}" | "]":
                raise PatternError("nothing to repeat, or no bracket to close")
            case character:
                return _One(frozenset(character))

    def _group(self, depth: int) -> _Node:
        if self._peek() == "?":
            if not self._text.startswith("?:", self._at):
                raise PatternError("a group with a flag or a name")
            self._at += 2
        node = self._either(depth + 1)
        if self._take() != ")":
            raise PatternError("a group is not closed")
        return node

    def _escape(self) -> frozenset[str]:
        character = self._take()
        if character in _CLASSES:
            return _CLASSES[character]
        if character in _CONTROLS:
            return frozenset(_CONTROLS[character])
        if character in _PUNCTUATION:
            return frozenset(character)
        raise PatternError("an escape that is not known")

    def _class(self) -> frozenset[str]:
        is_negated = self._peek() == "^"
        self._at += is_negated
        found: set[str] = set()
        is_first = True
        while is_first or self._peek() != "]":
            one = self._member(is_first=is_first)
            is_first = False
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in {"]", ""}:
                self._at += 1
                last = self._member(is_first=False)
                if len(one) != 1 or len(last) != 1 or min(last) < min(one):
                    raise PatternError("no range")
                one = frozenset(map(chr, range(ord(min(one)), ord(min(last)) + 1)))
            found |= one
        self._at += 1
        return _ASCII - found if is_negated else frozenset(found)

    def _member(self, *, is_first: bool) -> frozenset[str]:
        character = self._take()
        if character == "\\":
            return self._escape()
        if character == "[" or (character == "]" and not is_first):
            raise PatternError("a class in a class")
        if character == "-" and not is_first and self._peek() != "]":
            raise PatternError("a dash in the middle")
        return frozenset(character)


def _is_count(text: str) -> bool:
    is_short = 0 < len(text) <= _LONGEST_COUNT
    return is_short and set(text) <= _DIGITS and int(text) <= MOST_REPEATS


def _repeats(node: _Node) -> int:
    """Give how often the innermost thing is written out, as RE2 counts it."""
    match node:
        case _Sequence(parts) | _Either(parts):
            return max(map(_repeats, parts), default=1)
        case _Repeat(inner, least, most):
            return _repeats(inner) * max(least, most or 1, 1)
        case _:
            return 1


@lru_cache(maxsize=512)
def compile_pattern(text: str) -> Pattern | None:
    """Give a pattern that is surely understood, or None."""
    try:
        return Pattern(text)
    except PatternError:
        return None
