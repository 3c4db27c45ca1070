"""An engine that outlived its controller, and does not come to an end."""

from controller.model.status import JournalStep, StepState
from controller.ports.engine import EngineProcess
from tests.support.worlds import MemoryWorld
from tests.workflow.test_dag import Watched, files, life_of, name, stack, states


async def test_an_engine_that_hangs_holds_up_its_own_unit_only() -> None:
    world = MemoryWorld(engine=Watched())
    await life_of(world, files({0: set(), 1: set()}))
    hanging, now = EngineProcess(7, 1.0, ""), world.clock.now()
    run = await world.ledger.begin_run(f"unit:{name(0)}", "cut off", now)
    await world.ledger.write_step(
        JournalStep(run.id, "apply", StepState.STARTED, now, pid=7, pid_started=1.0)
    )
    world.processes.alive.add(hanging)
    before = len(world.engine.applied)

    life = await life_of(world, stack(0, set(), text="new") | stack(1, set(), text="new"))

    found = await states(world)
    assert (found[name(0)], found[name(1)]) == ("Waiting", "ReconciliationSucceeded")
    assert name(0) not in world.engine.applied[before:]
    assert "process 7" in (await life.app.unit(name(0))).message

    world.processes.alive.clear()
    await life.pass_time(31)
    assert set((await states(world)).values()) == {"ReconciliationSucceeded"}
    assert await world.ledger.open_runs() == []
