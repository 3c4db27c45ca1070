"""The text of a file of Rego → its package, its rules, and what its author surely did not mean.

The interpreter takes a name that nothing gives a value for an undefined one: a rule with a slip of
the pen would never find anything. OPA refuses such a file, and so do we.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from controller.ports.policy_engine import PolicyFault

ASKED = re.compile(r"(?:deny|violation|warn)(?:_[A-Za-z0-9_]+)?")
LONGEST = 256 * 1024
DEEPEST = 100
KEYWORDS = frozenset(
    {"package", "import", "as", "default", "not", "some", "in", "every", "if", "else", "contains",
     "with", "true", "false", "null", "input", "data", "_", "rego", "future"}
)  # fmt: skip

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)|(?P<text>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?P<space>\s+)"""
    r"""|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>[0-9][0-9.eE]*)|(?P<sign>:=|[=!<>]=|.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    opens_line: bool
    depth: int
    in_index: bool
    """Whether it stands between `[` and `]`."""


@dataclass(frozen=True)
class RegoSource:
    """One file, cut into words."""

    path: str
    text: str
    tokens: tuple[_Token, ...]

    @classmethod
    def read(cls, path: str, text: str) -> "RegoSource":
        """Cut a text; anything can be cut."""
        return cls(path, text, tuple(_tokens(text)))

    @property
    def package(self) -> str:
        """Give the path of the package as a query writes it: `data.main`, `data.a["b-c"]`."""
        found = re.search(r"^\s*package\s+([^\s#;]+)", self.text, re.MULTILINE)
        return f"data.{found[1]}" if found else ""

    def heads(self) -> frozenset[str]:
        """Give the names of all rules and functions."""
        found = set()
        for index, token in enumerate(self.tokens):
            if token.opens_line and token.depth == 0 and token.kind == "name":
                is_default = token.text == "default" and index + 1 < len(self.tokens)
                found.add(self.tokens[index + 1].text if is_default else token.text)
        return frozenset(found - KEYWORDS)

    def asked(self) -> tuple[str, ...]:
        """Give the names of the rules that are asked for messages."""
        return tuple(sorted(name for name in self.heads() if ASKED.fullmatch(name)))

    def fault(self, message: str, offset: int = 0) -> PolicyFault:
        """Say that something is wrong at an offset."""
        before = self.text[:offset]
        line_start = before.rfind("\n") + 1
        return PolicyFault(self.path, before.count("\n") + 1, offset - line_start + 1, message)

    def hopeless(self) -> Iterator[PolicyFault]:
        """Find what must not come near an interpreter."""
        if len(self.text) > LONGEST:
            yield self.fault(f"the file is longer than {LONGEST // 1024} KiB")
        deep = next((token for token in self.tokens if token.depth > DEEPEST), None)
        if deep is not None:
            yield self.fault(f"more than {DEEPEST} brackets are open here", deep.start)

    def calls(self) -> Mapping[str, int]:
        """Give every function that is called by a name of its own, with the first place."""
        found: dict[str, int] = {}
        for index, token in enumerate(self.tokens):
            if token.kind != "name" or self._sign(index - 1) == ".":
                continue
            name, last = token.text, index
            while self._sign(last + 1) == "." and self._kind(last + 2) == "name":
                name, last = f"{name}.{self.tokens[last + 2].text}", last + 2
            touches = last + 1 < len(self.tokens) and self._sign(last + 1) == "("
            if touches and self._ends(last) == self.tokens[last + 1].start:
                found.setdefault(name, token.start)
        return found

    def imports(self) -> frozenset[str]:
        """Give the names by which other packages are known here."""
        found = re.findall(
            r"^\s*import\s+([A-Za-z0-9_.]+)(?:\s+as\s+(\w+))?", self.text, re.MULTILINE
        )
        return frozenset(alias or path.rpartition(".")[2] for path, alias in found)

    def loose_names(self, known: frozenset[str]) -> Iterator[tuple[str, int]]:
        """Find names that nothing in this file gives a value; `known` are those of its friends."""
        bound = set(known) | KEYWORDS | self.imports() | self._bound()
        called = {name.partition(".")[0] for name in self.calls()}
        told: set[str] = set()
        is_rule = True
        for index, token in enumerate(self.tokens):
            is_rule = token.text not in {"package", "import"} if token.opens_line else is_rule
            is_own = is_rule and token.kind == "name" and self._sign(index - 1) != "."
            if is_own and token.text not in bound | called | told:
                told.add(token.text)
                yield token.text, token.start

    def _bound(self) -> set[str]:
        """Give every name that may get a value somewhere, by whatever way."""
        found = set(self.heads())
        for index, token in enumerate(self.tokens):
            if token.kind != "name":
                continue
            follower = self._sign(index + 1)
            is_set = follower == ":=" or "=" in {self._sign(index - 1), follower}
            before = self.tokens[index - 1].text if index else ""
            after = self.tokens[index + 1].text if index + 1 < len(self.tokens) else ""
            is_named = before in {"some", "every", "as"} or after == "in"
            if token.in_index or is_named or is_set or self._is_argument(index):
                found.add(token.text)
        for words in re.findall(r"\b(?:some|every)\s+([\w\s,]+?)(?:\s+in\b|$|[;{}])", self.text,
                                re.MULTILINE):  # fmt: skip
            found.update(re.findall(r"\w+", words))
        return found

    def _is_argument(self, index: int) -> bool:
        """Tell whether a name stands in the head of a function."""
        start = index
        while start >= 0 and not (self.tokens[start].opens_line and self.tokens[start].depth == 0):
            start -= 1
        is_head = start >= 0 and self._sign(start + 1) == "(" and start < index
        return is_head and all(t.depth > 0 for t in self.tokens[start + 2 : index + 1])

    def _sign(self, index: int) -> str:
        inside = 0 <= index < len(self.tokens)
        return self.tokens[index].text if inside and self._kind(index) == "sign" else ""

    def _kind(self, index: int) -> str:
        return self.tokens[index].kind if 0 <= index < len(self.tokens) else ""

    def _ends(self, index: int) -> int:
        return self.tokens[index].start + len(self.tokens[index].text)


def _tokens(text: str) -> Iterator[_Token]:
    """Cut a text into words; the brackets around each are counted."""
    open_brackets: list[str] = []
    at_line_start = True
    for found in _TOKEN.finditer(text):
        kind = str(found.lastgroup)
        word = found[0]
        if kind == "space":
            at_line_start = at_line_start or "\n" in word
            continue
        if kind == "comment":
            continue
        if word in {")", "]", "}"} and open_brackets:
            open_brackets.pop()
        depth = len(open_brackets)
        yield _Token(kind, word, found.start(), at_line_start, depth, "[" in open_brackets[-1:])
        if word in {"(", "[", "{"}:
            open_brackets.append(word)
        at_line_start = False
