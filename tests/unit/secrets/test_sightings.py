"""A value is found in texts in which it lies, and its text is kept nowhere."""

import base64
import json

import pytest

from controller.adapters.secret_store.memory import MemorySecretStore
from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretReference
from controller.steps.secrets.sightings import is_in, marks_in, marks_of

KEY = SecretText("a key of this test")
WHERE = SecretReference("main", "shop/dev/key")
VALUE = "Zx81kqLmN0pRs7uV"
ODD = 'p@ss"word-Zx81kqLm/N0pRs7uVwN0pRs+9"x'


async def marks(**fields: str):
    store = MemorySecretStore()
    await store.write(WHERE, {n: SecretText(t) for n, t in fields.items()}, expect=0)
    return await marks_of(store, WHERE, KEY)


@pytest.mark.parametrize(
    "text",
    [
        VALUE,
        f"password: {VALUE}\n",
        f"url=postgresql://me:{VALUE}@host/db",
        json.dumps({"a": [VALUE]}),
        f"data: {{password: {base64.b64encode(VALUE.encode()).decode()}}}",
        "x" * 100_000 + f"\n{VALUE}\n",
    ],
)
async def test_a_value_is_found(text: str) -> None:
    value = await marks(value=VALUE)
    assert is_in(value, frozenset(marks_in(text.encode(), KEY)))
    assert not is_in(value, frozenset(marks_in(text.replace("81", "82").encode()[:-30], KEY)))


async def test_a_value_of_several_parts_is_found_when_all_are_there() -> None:
    value = await marks(value=ODD)
    assert is_in(value, frozenset(marks_in(json.dumps({"x": ODD}).encode(), KEY)))
    assert not is_in(value, frozenset(marks_in(b"word-Zx81kqLm", KEY)))


async def test_what_anybody_may_know_or_is_too_short_is_not_looked_for() -> None:
    assert await marks(username="shop_app_of_the_shop", password="short", host="a" * 40) == ()
    assert await marks_of(MemorySecretStore(), WHERE, KEY) == ()


async def test_marks_tell_nothing_without_the_key() -> None:
    (one,) = await marks(value=VALUE)
    other = frozenset(marks_in(VALUE.encode(), SecretText("another key")))
    assert one.isdisjoint(other)
    assert VALUE not in repr(one)
