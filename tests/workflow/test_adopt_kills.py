"""Killed at each step of adopting: a branch is pushed once, nothing is lost, nothing put back."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.worlds import AUTHOR, Killed, Life, MemoryWorld
from tests.workflow.test_adopt import UNIT, adopt, cloud, settled

STEPS = [
    ("engine", "refresh"),
    ("workspaces", "write"),
    ("engine", "init"),
    ("branches", "propose"),
    ("ledger", "append"),
]


@dataclass
class Dying:
    """Something real that takes the process along, before or after one of its calls."""

    real: Any
    call: str
    moment: str
    is_due: bool = False
    died: bool = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.real, name)
        if name != self.call:
            return found

        async def dies(*args: Any, **named: Any) -> Any:
            if not self.is_due:
                return await found(*args, **named)
            if self.moment == "after":
                await found(*args, **named)
            self.died = True
            raise Killed

        return dies


async def drifted() -> MemoryWorld:
    world, _ = await settled()
    cloud(world)["replicas"] = 7
    return world


async def new_life(world: MemoryWorld) -> Life:
    life = world.start()
    await life.begin()
    await life.settle()
    return life


def dying(world: MemoryWorld, part: str, call: str, moment: str) -> Dying:
    found = Dying(getattr(world, part), call, moment)
    setattr(world, part, found)
    return found


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(("part", "call"), STEPS)
async def test_a_kill_while_adopting_pushes_at_most_one_branch(
    part: str, call: str, moment: str
) -> None:
    world = await drifted()
    died = dying(world, part, call, moment)
    life = await new_life(world)
    died.is_due = True
    with pytest.raises(Killed):
        await adopt(life)
    assert died.died
    setattr(world, part, died.real)

    life = await new_life(world)
    made = await adopt(life)
    assert list(world.branches.pushed) == [made.branch]
    assert cloud(world)["replicas"] == 7
    assert any(made.branch in told for told in await life.events("AdoptionProposed"))


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("call", ["plan", "normalise", "state"])
async def test_a_kill_while_the_merged_edit_is_taken_over_heals(call: str, moment: str) -> None:
    world = await drifted()
    life = await new_life(world)
    made = await adopt(life)
    ((_, proposal),) = world.branches.pushed.items()
    world.repository.commit(proposal.files, subject="merged", author=AUTHOR)
    died = dying(world, "engine", call, moment)
    died.is_due = True
    with pytest.raises(Killed):
        await life.pass_time(31)
    assert died.died
    world.engine = died.real

    life = await new_life(world)
    await life.pass_time(31)
    await life.pass_time(601)
    unit = await life.app.unit(str(UNIT))
    assert (unit.ready, unit.in_sync, cloud(world)["replicas"]) == ("True", "True", 7)
    assert list(world.branches.pushed) == [made.branch]
