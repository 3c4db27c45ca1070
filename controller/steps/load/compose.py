"""YAML events → values with places. Everything dangerous is refused here, before it is built."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from controller.steps.load.events import PlainEvents, TooDeep
from controller.steps.load.faults import Fault, explain_syntax
from controller.steps.load.grammar import Grammar
from controller.steps.load.nodes import ListNode, MapNode, Node, Scalar, resolve
from controller.steps.load.pieces import pieces

DEEPEST = PlainEvents.deepest
"""How deep values may be nested, aliases written out."""
EXPANSION_BUDGET = 20_000
"""How many values the aliases of one document may stand for."""
MOST_DOCUMENTS = 1_000
"""How many documents one file may hold."""
MOST_VALUES = 20_000
"""How many values one document may hold, written out."""
MOST_VALUES_IN_FILE = 100_000

_OLD_BREAKS = re.compile("[\x85\u2028\u2029]")
_STAND_INS = range(0xFDD0, 0xFDF0)
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
_STRING_TAGS = frozenset({"!", "tag:yaml.org,2002:str"})
_COLLECTION_TAGS = frozenset({"!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


@dataclass(frozen=True, slots=True)
class Composed:
    """One document: its root, or None when nothing could be built; the text it stands in."""

    root: Node | None
    faults: tuple[Fault, ...]
    start: int
    end: int
    number: int = 0
    """Which of the documents there it is: `...` may divide several."""


class _Stop(Exception):  # noqa: N818 - not an error to be raised further
    """Nothing more can be read of this document; the fault is reported already."""


def compose(text: str) -> Iterator[Composed]:
    """Give every document of a file, also those after one that cannot be read.

    A line that begins with `---` always begins a document, so each is read by itself.
    """
    documents = values = 0
    for start, end in pieces(text):
        piece = _Piece(text, start, end)
        before = values
        for composed in piece.documents():
            fault = _too_many(documents, before + piece.values, composed.start)
            if fault is not None:
                yield Composed(None, (fault,), start, end)
                return
            yield composed
            documents += 1
        values += piece.values


def _too_many(documents: int, values: int, start: int) -> Fault | None:
    if documents >= MOST_DOCUMENTS:
        message = f"the file holds more than {MOST_DOCUMENTS} documents"
        return Fault("load/too-many-documents", message, start, start + 3, None, "divide it")
    if values > MOST_VALUES_IN_FILE:
        message = f"the file holds more than {MOST_VALUES_IN_FILE} values"
        return Fault("load/too-large", message, start, start + 3, None, "divide it")
    return None


def compose_again(text: str, start: int, end: int, number: int) -> Node | None:
    """Give the root of a document that `compose` gave before, by its place and number."""
    found = next(each for each in _Piece(text, start, end).documents() if each.number == number)
    return found.root


class _Piece:
    """One piece of a file; holds one document, or a few divided by `...`."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text = text[start:end]
        self._start = start
        self._end = end
        self._faults: list[Fault] = []
        self._anchors: dict[str, Node | None] = {}
        self._told: set[str] = set()
        self._expanded = 0
        self._events: Any = None
        self._number = -1
        self._values_before = 0
        self.values = 0
        """Values that were read so far."""
        self._stand_ins: dict[int, int] = {}

    def documents(self) -> Iterator[Composed]:
        """Give the documents of the piece."""
        try:
            self._events = Grammar(self._with_stand_ins())
            while self._events.peek_event() is not None:
                event = self._events.get_event()
                if isinstance(event, DocumentStartEvent):
                    yield self._document()
                    self._faults = []
        except _Stop:
            yield self._failed()
        except TooDeep as stop:
            self._report_depth(stop.args[0])
            yield self._failed()
        except MarkedYAMLError as error:
            self._faults.append(explain_syntax(error, self._start, self._text))
            yield self._failed()
        except (YAMLError, ValueError, OverflowError, IndexError, AttributeError, TypeError):
            # ruamel lets some of these out of its scanner, as for `"\U00110000"`.
            self._report("load/yaml-syntax", "this is not YAML", 0, 1)
            yield self._failed()

    def _with_stand_ins(self) -> str:
        """Give the text as ruamel must get it.

        It takes characters for ends of lines that are none in YAML 1.2: a comment could hide keys
        behind one of them. Characters that the text has not, written or escaped, stand for them.
        """
        text = self._text
        if _OLD_BREAKS.search(text):
            lowered = text.lower()
            free = [c for c in _STAND_INS if chr(c) not in text and f"{c:x}" not in lowered]
            self._stand_ins = dict(zip((0x85, 0x2028, 0x2029), free[:3], strict=True))
            text = text.translate(self._stand_ins)
        return text if text.endswith(("\n", "\r")) else text + "\n"

    def _document(self) -> Composed:
        self._faults, self._anchors, self._expanded = [], {}, 0
        self._told = set()
        self._values_before = self.values
        self._number += 1
        root: Node | None = None
        if not isinstance(self._events.peek_event(), DocumentEndEvent):
            root = self._node(self._events.get_event(), 0)
        end = self._events.get_event()
        assert isinstance(end, DocumentEndEvent)  # noqa: S101 - the grammar has one node a document
        return Composed(root, tuple(self._faults), self._start, self._end, self._number)

    def _failed(self) -> Composed:
        return Composed(None, tuple(self._faults), self._start, self._end)

    def _report(
        self,
        code: str,
        message: str,
        start: int,
        end: int,
        *,
        expected: str | None = None,
        hint: str | None = None,
        first: tuple[str, int, int] | None = None,
    ) -> None:
        at = start + self._start
        stop = min(end, len(self._text)) + self._start
        self._faults.append(Fault(code, message, at, max(stop, at), expected, hint, first))

    def _report_depth(self, start: int) -> None:
        message = f"more than {DEEPEST} levels are nested"
        self._report("load/too-deep", message, start, start + 1)

    def _node(self, event: Any, depth: int) -> Node:
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, AliasEvent):
            return self._alias(event, start, end, depth)
        if depth >= DEEPEST:
            self._report_depth(start)
            raise _Stop
        self.values += 1
        if self.values - self._values_before > MOST_VALUES:
            message = f"the document holds more than {MOST_VALUES} values"
            self._report("load/too-large", message, start, end, hint="divide it")
            raise _Stop
        if isinstance(event, ScalarEvent):
            node: Node = self._scalar(event, start, end)
            if event.anchor:
                self._anchors[event.anchor] = node
            return node
        if event.tag is not None and str(event.tag) not in _COLLECTION_TAGS:
            self._refuse_tag(str(event.tag), start)
        if event.anchor:
            self._anchors[event.anchor] = None
        if isinstance(event, SequenceStartEvent):
            node = self._list(start, depth)
        else:
            node = self._map(start, depth)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _refuse_tag(self, tag: str, start: int) -> None:
        shown = tag.replace("tag:yaml.org,2002:", "!!")[:40]
        self._report(
            "load/custom-tag",
            f"the tag `{shown}` is used",
            start,
            start + len(shown),
            expected="plain YAML without tags",
            hint="take the tag away",
        )

    def _alias(self, event: AliasEvent, start: int, end: int, depth: int) -> Node:
        name = str(event.anchor)
        node = self._anchors.get(name)
        nothing = Scalar(None, start + self._start, end + self._start, size=0)
        if node is None:
            if name in self._anchors:
                self._report(
                    "load/recursion", f"`*{name}` stands inside of `&{name}` itself", start, end
                )
            elif name not in self._told:
                self._told.add(name)
                self._report(
                    "load/unknown-anchor",
                    f"no anchor `&{name}` stands before `*{name}`",
                    start,
                    end,
                    expected=self._known_anchors(),
                    hint=f"write `&{name}` before the value that it stands for, further up in the "
                    "same document; put it in quotes if it is a text",
                )
            return nothing
        self._expanded += node.size
        if self._expanded > EXPANSION_BUDGET:
            self._report(
                "load/alias-budget",
                f"the aliases of this document stand for more than {EXPANSION_BUDGET} values",
                start,
                end,
                hint="write the values out where they are used",
            )
            raise _Stop
        if depth + node.depth >= DEEPEST:
            self._report_depth(start)
            raise _Stop
        return node

    def _known_anchors(self) -> str | None:
        names = sorted(f"`&{name}`" for name, node in self._anchors.items() if node is not None)
        return "one of " + ", ".join(names[:10]) if names else None

    def _scalar(self, event: ScalarEvent, start: int, end: int) -> Scalar:
        text = str(event.value)
        if self._stand_ins:
            text = text.translate({stand_in: real for real, stand_in in self._stand_ins.items()})
        is_plain = event.style is None
        tag = None if event.tag is None else str(event.tag)
        if tag is not None and tag not in _STRING_TAGS:
            self._refuse_tag(tag, start)
        value = resolve(text) if is_plain and tag is None else text
        if isinstance(value, float) and value - value != 0:
            self._report("load/not-finite", f"`{text[:40]}` is no finite number", start, end)
        if isinstance(value, str) and _UNWRITABLE.search(value):
            self._report(
                "load/control-character",
                "the text holds a character that cannot be written",
                start,
                end,
                hint="take the escape away",
            )
            value = None
        return Scalar(value, start + self._start, end + self._start)

    def _list(self, start: int, depth: int) -> ListNode:
        items: list[Node] = []
        while not isinstance(self._events.peek_event(), SequenceEndEvent):
            items.append(self._node(self._events.get_event(), depth + 1))
        end = self._events.get_event().end_mark.index
        return ListNode(
            items,
            start + self._start,
            end + self._start,
            size=1 + sum(item.size for item in items),
            depth=1 + max((item.depth for item in items), default=0),
        )

    def _map(self, start: int, depth: int) -> MapNode:
        node = MapNode({}, {}, start + self._start, start + self._start)
        merges: list[tuple[Scalar, Node]] = []
        while not isinstance(self._events.peek_event(), MappingEndEvent):
            event = self._events.get_event()
            is_merge = (
                isinstance(event, ScalarEvent) and event.value == "<<" and event.style is None
            )
            key = self._node(event, depth + 1)
            value = self._node(self._events.get_event(), depth + 1)
            if is_merge and isinstance(key, Scalar):
                merges.append((key, value))
            else:
                self._entry(node, key, value)
        node.end = self._events.get_event().end_mark.index + self._start
        for key, value in merges:
            self._merge(node, key, value)
        if len(merges) > 1:
            self._duplicate("<<", merges[1][0], merges[0][0])
        node.size = 1 + sum(1 + item.size for item in node.items.values())
        node.depth = 1 + max((item.depth for item in node.items.values()), default=0)
        return node

    def _entry(self, node: MapNode, key: Node, value: Node) -> None:
        if not isinstance(key, Scalar) or not isinstance(key.value, str):
            at = key.start - self._start
            is_value = isinstance(key, Scalar)
            self._report(
                "load/key-not-a-string",
                "a key is " + ("no string" if is_value else "a list or a mapping"),
                at,
                (key.end - self._start) if is_value else at + 1,
                expected="a string",
                hint="put the key in quotes" if is_value else None,
            )
        elif key.value in node.items:
            self._duplicate(key.value, key, node.keys[key.value])
        else:
            node.items[key.value] = value
            node.keys[key.value] = key

    def _duplicate(self, name: str, key: Scalar, first: Scalar) -> None:
        self._report(
            "load/duplicate-key",
            f"the key `{name[:60]}` stands here twice",
            key.start - self._start,
            key.end - self._start,
            hint="take one of them away",
            first=("it stands here first", first.start, first.end),
        )

    def _merge(self, node: MapNode, key: Scalar, value: Node) -> None:
        sources = value.items if isinstance(value, ListNode) else [value]
        for source in sources:
            if not source.size:
                continue  # an alias of nothing, which was told of
            if not isinstance(source, MapNode):
                self._report(
                    "load/merge-key",
                    "`<<` is given something else than a mapping",
                    key.start - self._start,
                    key.end - self._start,
                    expected="an alias of a mapping, or a list of them",
                )
                return
            for name, inner in source.items.items():
                if name not in node.items:
                    node.items[name] = inner
                    node.keys[name] = source.keys[name]
                    node.merged.add(name)
