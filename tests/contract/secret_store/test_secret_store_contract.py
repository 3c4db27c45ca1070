"""What every store does, memory and a real OpenBao alike."""

import asyncio
from datetime import timedelta

import pytest

from controller.diagnostics.errors import PlanStale, Stalled
from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretReference
from controller.ports.secret_store import SecretStore

HOSTILE = (
    "",
    "/",
    ".",
    "..",
    "../x",
    "a/../../sys/mounts",
    "../../sys/mounts",
    "a/./b",
    "a//b",
    "/a",
    "a/",
    "a/%2e%2e/b",
    "a%2fb",
    "a b",
    "a?list=true",
    "a#b",
    "a\\b",
    "a\nb",
    "a\0b",
    "é",
    "a/..b",
    "-a",
    "a;b",
    "x" * 129,
    "/".join(["abcdefgh"] * 60),
)


def at(path: str) -> SecretReference:
    return SecretReference("main", path)


def fields(**texts: str) -> dict[str, SecretText]:
    return {name: SecretText(text) for name, text in texts.items()}


async def test_what_was_written_is_read(store: SecretStore) -> None:
    text = "π \n\t\"'\\ {} 0123 9007199254740993"
    assert await store.write(at("t1/a.b-c_d"), fields(value=text, other=""), expect=0) == 1
    assert await store.read(at("t1/a.b-c_d")) == fields(value=text, other="")


async def test_a_missing_secret_is_no_error(store: SecretStore) -> None:
    assert await store.read(at("t2/none")) is None
    assert await store.read(at("t2/none"), version=3) is None
    assert await store.describe(at("t2/none")) is None
    await store.delete(at("t2/none"))


async def test_each_write_makes_a_version_and_old_ones_are_kept(store: SecretStore) -> None:
    for version in range(3):
        assert (
            await store.write(at("t3/x"), fields(value=str(version)), expect=version) == version + 1
        )
    assert await store.read(at("t3/x"), version=1) == fields(value="0")
    assert await store.read(at("t3/x")) == fields(value="2")
    assert await store.read(at("t3/x"), version=4) is None
    description = await store.describe(at("t3/x"))
    assert description is not None
    assert (description.version, description.deleted) == (3, False)
    assert description.created_at.utcoffset() == timedelta(0)


async def test_a_write_over_another_version_is_refused(store: SecretStore) -> None:
    await store.write(at("t4/x"), fields(value="first"), expect=0)
    for expected in (0, 2, 7):
        with pytest.raises(PlanStale):
            await store.write(at("t4/x"), fields(value="second"), expect=expected)
    with pytest.raises(PlanStale):
        await store.write(at("t4/nothing"), fields(value="second"), expect=1)
    assert await store.read(at("t4/x")) == fields(value="first")


async def test_of_many_writers_at_once_one_wins(store: SecretStore) -> None:
    writes = [store.write(at("t5/x"), fields(value=str(n)), expect=0) for n in range(12)]
    answers = await asyncio.gather(*writes, return_exceptions=True)
    assert answers.count(1) == 1
    assert sum(isinstance(answer, PlanStale) for answer in answers) == 11


async def test_a_deleted_secret_begins_anew(store: SecretStore) -> None:
    await store.write(at("t6/x"), fields(value="1"), expect=0)
    await store.write(at("t6/x"), fields(value="2"), expect=1)
    await store.delete(at("t6/x"))
    assert await store.read(at("t6/x")) is None
    assert await store.read(at("t6/x"), version=1) is None
    assert await store.describe(at("t6/x")) is None
    assert await store.write(at("t6/x"), fields(value="3"), expect=0) == 1


async def test_a_hostile_path_is_refused_before_it_is_sent(store: SecretStore) -> None:
    for path in HOSTILE:
        with pytest.raises(Stalled, match="cannot be the path"):
            await store.read(at(path))
        with pytest.raises(Stalled, match="cannot be the path"):
            await store.write(at(path), fields(value="x"), expect=0)
        with pytest.raises(Stalled, match="cannot be the path"):
            await store.delete(at(path))
        with pytest.raises(Stalled, match="cannot be the path"):
            await store.describe(at(path))


async def test_a_secret_that_is_too_large_is_refused(store: SecretStore) -> None:
    largest = store.capabilities.largest_bytes
    with pytest.raises(Stalled, match="larger"):
        await store.write(at("t7/x"), fields(value="x" * (largest + 1)), expect=0)
    assert await store.write(at("t7/x"), fields(value="x" * (largest * 9 // 10)), expect=0) == 1


async def test_marks_are_merged_and_make_no_version(store: SecretStore) -> None:
    where = at("t8/x")
    await store.write(where, fields(value="1"), expect=0, marks={"owner": "a", "kept": "b"})
    await store.mark(where, {"owner": "c"})
    assert await store.write(where, fields(value="2"), expect=1, marks={"owner": "no"}) == 2
    described = await store.describe(where)
    assert described is not None
    assert (described.version, described.marks) == (2, {"owner": "c", "kept": "b"})


async def test_a_survey_tells_what_describing_each_tells(store: SecretStore) -> None:
    paths = ("t9/a/x", "t9/a/y", "t9/b")
    for path in paths:
        await store.write(at(path), fields(value=path), expect=0, marks={"owner": "a"})
    await store.write(at("t9/b"), fields(value="2"), expect=1)
    surveyed = await store.survey()
    for path in paths:
        described = await store.describe(at(path))
        assert described is not None
        assert surveyed[path].fingerprint == described.fingerprint
        assert surveyed[path].marks == {"owner": "a"}
    assert surveyed["t9/b"].version == 2
    await store.write(at("t9b/x"), fields(value="1"), expect=0)
    assert set(await store.survey("t9")) == set(paths)
    assert await store.survey("t9-none") == {}
