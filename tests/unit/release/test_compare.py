"""What differs between two releases is told in words, and never too much of it."""

from controller.steps.compare import FIELDS, LINES, Side, compare


def side(parts, **documents):
    return Side(parts, documents)


def test_what_is_new_gone_or_another_is_a_line_each():
    was = {"spec": {"replicas": 1, "ports": [80, 443], "off": True}}
    now = {"spec": {"replicas": 3, "ports": [80], "off": True, "word": "x\x1b" * 99}}
    before = side({"module m": "1", "a": "1", "b": "1", "same": "1"}, a=was)
    after = side({"module m": "2", "a": "2", "c": "1", "same": "1"}, a=now)
    found = compare(before, after)
    assert found[:3] == (
        "a: spec.ports[1]: 443 → (not there)", "a: spec.replicas: 1 → 3",
        found[2],
    )  # fmt: skip
    assert found[2].startswith("a: spec.word: (not there) → ") and len(found[2]) < 100
    assert "\x1b" not in found[2]
    assert found[3:] == ("b is gone", "c is new", "module m has another content")
    assert compare(before, before) == ()


def test_of_very_much_only_the_beginning_is_told():
    many = {f"f{n:03}": n for n in range(100)}
    assert len(compare(side({"a": "1"}, a={}), side({"a": "2"}, a=many))) == FIELDS + 1
    found = compare(side({}), side({f"p{n}": "1" for n in range(500)}))
    assert len(found) == LINES + 1 and found[-1] == f"and {500 - LINES} more lines"
