"""Workspace → drift: what is not as it was applied."""

from controller.model.drift import Drift
from controller.model.workspace import Workspace
from controller.ports.clock import Clock
from controller.ports.engine import Engine
from controller.ports.workspaces import Workspaces


async def drift(
    workspace: Workspace, *, engine: Engine, workspaces: Workspaces, clock: Clock
) -> Drift:
    """Compare the world with the state of a unit; changes neither, nor a plan that was saved.

    A unit that has no state has no drift. May be repeated. Raises EngineRefused, EngineFailed,
    StateLocked.
    """
    async with workspaces.hold(workspace.unit):
        directory = await workspaces.write(workspace)
        if await engine.state(directory) is None:
            return Drift(unit=workspace.unit, looked_at=clock.now())
        await engine.init(directory)
        changes = await engine.refresh(directory)
    return Drift(unit=workspace.unit, looked_at=clock.now(), changes=changes)
