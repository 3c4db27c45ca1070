"""YAML 1.2 by the chapters of its specification: what a file means, and where it is wrong."""

from typing import Any

import pytest

from controller.steps.load.compose import compose
from controller.steps.load.nodes import MapNode, value_of

VALID: dict[str, tuple[str, Any]] = {
    # 2 Preview and 8 Block styles
    "2.1 sequence of scalars": ("- Mark McGwire\n- Sammy Sosa\n", ("Mark McGwire", "Sammy Sosa")),
    "2.2 scalars to scalars": ("hr:  65    # Home runs\navg: 0.278\n", {"hr": 65, "avg": 0.278}),
    "2.3 scalars to sequences": ("a:\n  - x\n  - y\nb:\n- z\n", {"a": ("x", "y"), "b": ("z",)}),
    "2.4 sequence of mappings": ("-\n  n: a\n  h: 1\n-\n  n: b\n", ({"n": "a", "h": 1}, {"n": "b"})),
    "2.5 sequence of sequences": ("- [a, hr]\n- [b, 65]\n", (("a", "hr"), ("b", 65))),
    "2.6 mapping of mappings": ("M: {hr: 65, avg: 0.2}\nS: {\n    hr: 63\n  }\n", {"M": {"hr": 65, "avg": 0.2}, "S": {"hr": 63}}),
    "2.10 anchors": ("hr:\n  - &SS Sammy\nrbi:\n  - *SS\n  - Ken\n", {"hr": ("Sammy",), "rbi": ("Sammy", "Ken")}),
    "2.12 compact nested mapping": ("- item : S\n  quantity: 1\n- item : B\n", ({"item": "S", "quantity": 1}, {"item": "B"})),
    "2.13 literal keeps breaks": ("a: |\n  x\n    y\n  z\n", {"a": "x\n  y\nz\n"}),
    "2.15 folded keeps more indented lines": ("a: >\n  x\n  y\n\n    z\n\n  w\n", {"a": "x y\n\n  z\n\nw\n"}),
    "2.17 quoted": ('u: "Sosa\\u263A"\ns: \'"Howdy!"\'\nq: \' # Not a \'\'c\'\'.\'\n', {"u": "Sosa☺", "s": '"Howdy!"', "q": " # Not a 'c'."}),
    "2.18 flow scalars over lines": ('p:\n  This\n  spans\nq: "So\n  does"\n', {"p": "This spans", "q": "So does"}),
    "8.2 indentation indicator": ("- |1\n  x\n", (" x\n",)),
    "8.4 chomping strip": ("a: |-\n  t\n", {"a": "t"}),
    "8.4 chomping keep": ("a: |+\n  t\n\nb: c\n", {"a": "t\n\n", "b": "c"}),
    "8.5 chomping folded keep": ("a: >+\n  t\n\nb: c\n", {"a": "t\n\n", "b": "c"}),
    "8.6 empty literal": ("a: |\nb: >\n", {"a": "", "b": ""}),
    "8.14 block sequence without indentation": ("a:\n- 1\n- 2\nb: 3\n", {"a": (1, 2), "b": 3}),
    "8.15 nested in one line": ("- - a\n  - b\n- - c\n", (("a", "b"), ("c",))),
    "8.17 explicit keys": ("? a\n: b\n? c\n", {"a": "b", "c": None}),
    "8.18 empty values": ("a:\nb:\n", {"a": None, "b": None}),
    # 5 Characters, 6 Structures
    "5.1 byte order mark is nothing": ("a: b", {"a": "b"}),
    "5.13 escapes": ('a: "\\t\\n\\x41\\u0042\\U00000043\\_\\N\\/"', {"a": "\t\nABC\u00a0\u0085/"}),
    "6.5 blank lines in a text without quotes": ("a: b\n\n\n \n  c\nd:\n\n\n  e\n\n\n", {"a": "b\n\n\nc", "d": "e"}),
    "6.1 comments anywhere": ("# x\na: # y\n  b # z\n# w\n", {"a": "b"}),
    "6.1 a # inside of a word is none": ("a: b#c\n", {"a": "b#c"}),
    "6.2 tabs between": ("a:\tb\n", {"a": "b"}),
    "6.2 tabs in many places": ("a:\tb\tc\t\n\t\nd: 'e'\t# f\n-x:\t[1,\t2]\n", {"a": "b\tc", "d": "e", "-x": (1, 2)}),
    "6.2 a tab after a dash": ("-\tx\n- \ty\n", ("x", "y")),
    "6.8 flow folding": ('"a\n  b\n\n  c"', "a b\nc"),
    "6.9 CRLF": ("a: b\r\nc:\r\n  - d\r\n", {"a": "b", "c": ("d",)}),
    "6.12 separation over lines": ("{ a: 1,\n  b:\n    2 }", {"a": 1, "b": 2}),
    "6.29 anchor on a collection": ("a: &x [1]\nb: *x\n", {"a": (1,), "b": (1,)}),
    # 7 Flow styles
    "7.2 empty quoted": ("a: ''\nb: \"\"\n", {"a": "", "b": ""}),
    "7.3 single quoted escapes nothing": ("a: 'b\\n'\n", {"a": "b\\n"}),
    "7.5 double quoted line continuation": ('a: "b\\\n  c"\n', {"a": "bc"}),
    "7.10 plain with indicators inside": ('- ::v\n- a: "x"\n- -1\n- http://x/y#z\n', ("::v", {"a": "x"}, -1, "http://x/y#z")),
    "7.13 flow with a trailing comma": ("[a, b, ]", ("a", "b")),
    "7.14 flow entries of every kind": ("[a, 'b', {c: d}, [e]]", ("a", "b", {"c": "d"}, ("e",))),
    "7.15 empty flow": ("[[], {}]", ((), {})),
    "7.16 flow mapping without values": ("{a, b: , c: d}", {"a": None, "b": None, "c": "d"}),
    "7.20 single pair in a list": ("[a: b]", ({"a": "b"},)),
    "7.21 adjacent value of a quoted key": ('{"a":1}', {"a": 1}),
    "7.22 JSON is YAML": ('{"a": [1, 2.5, true, null, "x\\u00e9"]}', {"a": (1, 2.5, True, None, "xé")}),
    "7.4 a key in braces over two lines": ("{a\n  b: 1,\n 'c\n  d': 2, e\n : f}\n", {"a b": 1, "c d": 2, "e": "f"}),
    "7.4 a colon right before a comma": ("{a:, b: 1, c:}\n", {"a": None, "b": 1, "c": None}),
    "7.4 a colon right behind a quoted key": ("{'a'\n :b}\n", {"a": "b"}),
    "7.4 a pair with a quoted key in a list": ("['a':b]\n", ({"a": "b"},)),
    "7.4 a question mark is text": ("[?a, {?b: c}]\n", ("?a", {"?b": "c"})),
    "7.4 a bracket left of its key": ("a:\n  b: [\n    c,\n]\nd: {\n}\n", {"a": {"b": ("c",)}, "d": {}}),
    "6.1 a tab behind the indentation": ("a:\n \tb\nc:\n  - d\n   \te\n", {"a": "b", "c": ("d e",)}),
    "6.1 a tab before brackets": ("\t[\n\t]\n", ()),
    "6.1 a tab on a blank line in a text": ("a:\n  b\n \t\n  c\n", {"a": "b\nc"}),
    "8.1 blank lines of any depth before a text": ("a: |\n \n   \n   b\nc: >\n\n  \n  d\n     \n  e\n", {"a": "\n\nb\n", "c": "\n\nd\n   \ne\n"}),
    "8.1 a text that the file ends in": ("a: |\n  b\n   ", {"a": "b\n \n"}),
    "8.1 blank lines only": ("- |+\n   ", ("\n",)),
    "6.9 a tag of YAML's own for a text": ("{a: !!str, b: !!str 1}\n", {"a": "", "b": "1"}),
    "5.4 no ends of lines of old": ("a: b\u2028c # d\u2029e: f\ng\x85h: 'i\x85j'\n", {"a": "b\u2028c", "g\x85h": "i\x85j"}),
    # 9 Documents
    "9.2 ends of documents that are none": ("...\n# x\n...\na: b\n...\n...\n", {"a": "b"}),
    "9.2 a tab in a directive": ("%YAML \t1.2\n---\na: b\n", {"a": "b"}),
    "9.2 document markers": ("%YAML 1.2\n---\na: b\n...\n", {"a": "b"}),
    "9.3 a bare scalar": ("--- text\n", "text"),
    # 10 Schemas: the core
    "10.2 null": ("[null, Null, NULL, ~, ]", (None, None, None, None)),
    "10.2 booleans": ("[true, True, TRUE, false, False, FALSE]", (True, True, True, False, False, False)),
    "10.2 no booleans of old": ("[yes, no, on, off, y, n, tRUE]", ("yes", "no", "on", "off", "y", "n", "tRUE")),
    "10.2 integers": ("[0, -19, +7, 0o14, 0x3A, 017]", (0, -19, 7, 12, 58, 17)),
    "10.2 no integers of old": ("[0b1, 1_000, 190:20:30, 0o8, 0xG]", ("0b1", "1_000", "190:20:30", "0o8", "0xG")),
    "10.2 floats": ("[0., -0.0, .5, +12e03, -2E+05, 1.5e-3]", (0.0, -0.0, 0.5, 12000.0, -200000.0, 0.0015)),
    "10.2 no floats": ("[., .e1, 1e, +, --]", (".", ".e1", "1e", "+", "--")),
    "10.2 no dates": ("[2001-12-14, 2001-12-14t21:59:43.10-05:00]", ("2001-12-14", "2001-12-14t21:59:43.10-05:00")),
    "10.2 quoted are strings": ("['1', \"true\", '~']", ("1", "true", "~")),
    "10.2 merge keys": ("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n", {"a": {"x": 1, "y": 2}, "b": {"y": 3, "x": 1}}),
    "10.2 merge of several": ("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}\n", {"a": {"x": 1}, "b": {"x": 2, "y": 2}, "c": {"x": 1, "y": 2}}),
}  # fmt: skip

INVALID: dict[str, tuple[str, int, str]] = {
    "5.3 reserved indicator @": ("a: b\nc: @d\n", 2, "load/yaml-syntax"),
    "5.3 reserved indicator `": ("a: `b`\n", 1, "load/yaml-syntax"),
    "5.14 unknown escape": ('a: b\nc: "\\c"\n', 2, "load/yaml-syntax"),
    "5.14 half an escape": ('a: "\\xq-"\n', 1, "load/yaml-syntax"),
    "6.1 tab as indentation": ("a:\n\tb: c\n", 2, "load/tab"),
    "6.1 tab before a nested list": ("-\t- a\n", 1, "load/tab"),
    "6.1 tab before a nested mapping": ("-\ta: b\n", 1, "load/tab"),
    "6.1 wrong indentation": ("a:\n   b: 1\n  c: 2\n", 3, "load/indentation"),
    "6.1 a list entry left of its list": ("a:\n    - x\n  - y\n", 3, "load/indentation"),
    "6.8 a tag": ("a: !!float 1\n", 1, "load/custom-tag"),
    "6.29 unknown alias": ("a: b\nc: *d\n", 2, "load/unknown-anchor"),
    "7.1 text after a quoted one": ("a: b\nc: 'd' e\n", 2, "load/yaml-syntax"),
    "7.2 quote that does not end": ("a: b\nc: 'd\ne: f\n", 2, "load/unclosed"),
    "7.3 flow list that does not end": ("a: [b, c\nd: e\n", 1, "load/unclosed"),
    "7.3 flow mapping that does not end": ("a: b\nc: {d: e\nf: g\n", 2, "load/unclosed"),
    "7.3 wrong bracket": ("a: [b}\n", 1, "load/unclosed"),
    "7.3 bracket that opens nothing": ("a: b\n]\n", 2, "load/yaml-syntax"),
    "7.3 bracket that opens nothing, behind a list": ("[a]\n]\n", 2, "load/yaml-syntax"),
    "7.3 comma that lacks": ("a: [b,\n  c: d\n  e: f]\n", 3, "load/unclosed"),
    "7.3 a line between brackets left of its key": ("a:\n  b: [c,\n  d]\n", 3, "load/indentation"),
    "7.3 a tab between brackets is indentation": ("a: [b,\n\tc]\n", 2, "load/tab"),
    "7.3 brackets that meet the next entry": ("a:\n  - [b,\n  - c\n", 2, "load/unclosed"),
    "7.3 a dash is no value": ("[a, -]\n", 1, "load/yaml-syntax"),
    "7.4 a key in a list over two lines": ("[a\n : b]\n", 2, "load/unclosed"),
    "7.4 a pair without a key": ("[: a]\n", 1, "load/key-not-a-string"),
    "7.2 a line of a quoted text left of its key": ("a: 'b\nc d'\n", 2, "load/indentation"),
    "7.2 a tab in a quoted text is indentation": ('a: "b\n\tc"\n', 2, "load/indentation"),
    "6.6 comment right behind a quoted text": ("a: 'b'# c\n", 1, "load/yaml-syntax"),
    "6.6 comment right behind a comma": ("[a,# b\n c]\n", 1, "load/yaml-syntax"),
    "6.6 comment inside of a text": ("a: b\n   # c\n   d\n", 3, "load/yaml-syntax"),
    "6.9 two anchors": ("a: &b &c d\n", 1, "load/yaml-syntax"),
    "6.9 an anchor for an alias": ("a: &b c\nd: &e *b\n", 2, "load/yaml-syntax"),
    "8.1 indentation of none": ("a: |0\n  b\n", 1, "load/yaml-syntax"),
    "8.1 text behind its header": ("a: b\nc: > d\n  e\n", 2, "load/yaml-syntax"),
    "8.1 a tab left of a text": ("a: |\n\t\nb: c\n", 2, "load/tab"),
    "9.1 text behind the end": ("a: b\n... c\n", 2, "load/yaml-syntax"),
    "9.1 text behind brackets": ("[a]\nb\n", 2, "load/yaml-syntax"),
    "9.2 directive without a document": ("a: b\n%YAML 1.2\n", 2, "load/yaml-syntax"),
    "9.2 directive with more words": ("%YAML 1.2 a\n---\nb: c\n", 1, "load/yaml-syntax"),
    "7.3 comma that divides nothing": ("[a, , b]\n", 1, "load/yaml-syntax"),
    "7.3 comma at the beginning": ("[, a]\n", 1, "load/yaml-syntax"),
    "8.1 more indented blank line": ("a: |\n    \n  b\n", 3, "load/indentation"),
    "8.2 mapping in a plain text": ("a: b: c\n", 1, "load/yaml-syntax"),
    "8.2 list in a line with its key": ("a: - b\n", 1, "load/indentation"),
    "8.2 neither key nor entry": ("a: b\nword\nc: d\n", 2, "load/yaml-syntax"),
    "8.2 key after a list": ("- a\nb: c\n", 2, "load/indentation"),
    "8.2 duplicate keys": ("a: 1\nb: 2\na: 3\n", 3, "load/duplicate-key"),
    "9.2 directive of another version": ("%YAML 2.0\n---\na: b\n", 1, "load/yaml-syntax"),
    "9.2 directive twice": ("%YAML 1.2\n%YAML 1.2\n---\na: b\n", 2, "load/yaml-syntax"),
    "10.1 key that is a number": ("a: b\n1: c\n", 2, "load/key-not-a-string"),
    "10.1 key that is a list": ("[a]: b\n", 1, "load/key-not-a-string"),
    "10.2 not a number": ("a: .nan\n", 1, "load/not-finite"),
}


@pytest.mark.parametrize("name", VALID)
def test_what_a_file_means(name: str) -> None:
    text, expected = VALID[name]
    (document,) = compose(text)
    assert document.faults == ()
    assert document.root is not None
    found = value_of(document.root)
    assert found == expected
    assert repr(found) == repr(expected)  # `1` is neither `True` nor `1.0`


@pytest.mark.parametrize("name", INVALID)
def test_where_a_file_is_wrong(name: str) -> None:
    text, line, code = INVALID[name]
    faults = [fault for document in compose(text) for fault in document.faults]
    assert [(fault.code, text.count("\n", 0, fault.start) + 1) for fault in faults] == [
        (code, line)
    ]
    assert len(faults[0].message) > 10


def test_directives_behind_the_end_of_a_document_belong_to_the_next() -> None:
    text = "a: 1\n...\n# b\n%YAML 1.2\n---\nc: 2\n...\n%YAML 1.2\n---\n"
    documents = list(compose(text))
    assert [document.faults for document in documents] == [(), (), ()]
    assert [each.root and value_of(each.root) for each in documents] == [{"a": 1}, {"c": 2}, None]


def test_blank_lines_before_the_next_document_leave_every_place_where_it_is() -> None:
    text = "a: b\n\n\n\n---\nc: d\n\n\ne: f\n"
    first, second = compose(text)
    assert first.root is not None
    assert second.root is not None
    assert (value_of(first.root), value_of(second.root)) == ({"a": "b"}, {"c": "d", "e": "f"})
    assert isinstance(second.root, MapNode)
    assert second.root.keys["e"].start == text.index("e:")


def test_an_anchor_that_is_missing_is_told_once_in_a_document() -> None:
    found = [[fault.code for fault in one.faults] for one in compose("[*a, *a, *b]\n---\n- *a\n")]
    assert found == [["load/unknown-anchor"] * 2, ["load/unknown-anchor"]]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("module:modules/x\nprotect: true\n", "module"),
        ("a: 1\n\n  name:web\n  b: 2\n", None),
        ("- name:web\n  b: 2\n", "name"),
        ("http://example.com\nb: 2\n", None),
    ],
)
def test_a_space_that_is_missing_behind_a_key_is_told(text: str, word: str | None) -> None:
    (fault,) = (fault for one in compose(text) for fault in one.faults)
    assert fault.code == "load/yaml-syntax"
    assert (fault.hint == f"put a space behind `{word}:` in the line above") is (word is not None)
