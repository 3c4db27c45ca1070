"""What every history of states keeps."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.adapters.state_history.disk import DiskStateHistory
from controller.adapters.state_history.memory import MemoryStateHistory
from controller.diagnostics.errors import Stalled, Transient
from controller.diagnostics.secret import SecretText
from controller.model.names import UnitName
from controller.model.state import EngineState
from controller.ports.state_history import StateHistory

UNIT, OTHER = UnitName("shop", "dev", "api"), UnitName("shop", "dev", "db")
CANARY = "canary-state-77"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def state(serial: int, content: str = CANARY) -> EngineState:
    return EngineState(
        "line", serial, resources=("a.b",),
        content=SecretText(json.dumps({"serial": serial, "secret": content})),
    )  # fmt: skip


@pytest.fixture(params=["memory", "disk"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> StateHistory:
    if request.param == "memory":
        return MemoryStateHistory(3, lambda: NOW)
    return DiskStateHistory(tmp_path / "states", limit=3, now=lambda: NOW)


async def test_nothing_is_kept_at_first(history: StateHistory) -> None:
    assert list(await history.kept(UNIT)) == []
    assert await history.read(UNIT, 1) is None


async def test_what_is_kept_is_listed_and_read_back(history: StateHistory) -> None:
    await history.keep(UNIT, state(4), why="before an apply")
    await history.keep(UNIT, state(5), why="after an apply")
    kept = list(await history.kept(UNIT))
    assert [(k.serial, k.lineage, k.why, k.at, k.resources) for k in kept] == [
        (5, "line", "after an apply", NOW, ("a.b",)),
        (4, "line", "before an apply", NOW, ("a.b",)),
    ]
    assert CANARY not in repr(kept)
    found = await history.read(UNIT, 4)
    assert found is not None
    assert json.loads(found.reveal()) == {"serial": 4, "secret": CANARY}
    assert list(await history.kept(OTHER)) == []


async def test_the_same_content_is_kept_once_and_another_one_of_the_same_serial_too(
    history: StateHistory,
) -> None:
    for content in ("one", "one", "two"):
        await history.keep(UNIT, state(4, content), why="w")
    assert len(await history.kept(UNIT)) == 2
    found = await history.read(UNIT, 4)
    assert found is not None
    assert "two" in found.reveal()


async def test_the_oldest_go_beyond_the_limit(history: StateHistory) -> None:
    for serial in range(1, 6):
        await history.keep(UNIT, state(serial), why="w")
    assert [kept.serial for kept in await history.kept(UNIT)] == [5, 4, 3]


async def test_on_disk_only_the_owner_may_look_and_damage_is_told(tmp_path: Path) -> None:
    root = tmp_path / "states"
    history = DiskStateHistory(root, limit=3, now=lambda: NOW)
    await history.keep(UNIT, state(4), why="w")
    (file,) = root.rglob("*.state")
    assert {oct(path.stat().st_mode & 0o777) for path in (file.parent, root)} == {"0o700"}
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    (file.parent / "00000009-0000000009-dead.partial").write_text("cut o")  # power went
    assert len(await history.kept(UNIT)) == 1
    file.write_text(file.read_text().replace(CANARY, "changed"))
    with pytest.raises(Stalled, match="damaged"):
        await history.read(UNIT, 4)
    file.write_text("")
    with pytest.raises(Stalled, match="damaged"):
        await history.kept(UNIT)


async def test_what_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "states").write_text("in the way")
    history = DiskStateHistory(tmp_path / "states", limit=3, now=lambda: NOW)
    with pytest.raises(Transient, match="cannot be kept"):
        await history.keep(UNIT, state(4), why="w")
    assert [path.name for path in tmp_path.iterdir()] == ["states"]


NORTH = {"aws": {"region": "north"}}


async def test_where_it_was_made_is_found_by_the_content(history: StateHistory) -> None:
    await history.keep(UNIT, state(4), why="w", made_with=[NORTH, {}])
    assert await history.origin(UNIT, state(4)) == (NORTH, {})
    assert await history.origin(UNIT, state(4, "another")) == ()
    assert await history.origin(OTHER, state(4)) == ()
    (kept,) = await history.kept(UNIT)
    assert kept.made_with == (NORTH, {})


async def test_a_state_that_was_kept_without_a_place_gets_one_and_keeps_it(
    history: StateHistory,
) -> None:
    for places in ([], [NORTH], [{}]):
        await history.keep(UNIT, state(4), why="w", made_with=places)
    (kept,) = await history.kept(UNIT)
    assert kept.made_with == (NORTH,)
    assert await history.read(UNIT, 4) is not None


async def test_on_disk_an_earlier_version_noted_no_place(tmp_path: Path) -> None:
    history = DiskStateHistory(tmp_path / "states", limit=3, now=lambda: NOW)
    await history.keep(UNIT, state(4), why="w", made_with=[NORTH])
    (file,) = (tmp_path / "states").rglob("*.state")
    head, _, content = file.read_text().partition("\n")
    old = {name: value for name, value in json.loads(head).items() if name != "made_with"}
    file.write_text(f"{json.dumps(old)}\n{content}")
    assert (await history.kept(UNIT))[0].made_with == ()
    assert await history.origin(UNIT, state(4)) == ()
    file.write_text("damaged")
    assert await history.origin(UNIT, state(4)) == ()
