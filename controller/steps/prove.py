"""Workspace → what a plan of it would still change; no state and no saved plan is touched."""

from controller.model.plan import Action, ResourceChange
from controller.model.workspace import Workspace
from controller.ports.engine import Engine
from controller.ports.workspaces import Workspaces

_HARMLESS = frozenset({Action.READ})


async def prove(
    workspace: Workspace, *, engine: Engine, workspaces: Workspaces
) -> tuple[ResourceChange, ...]:
    """Give what a workspace that is only thought of would change; nothing means: it is as it is.

    The unit's directory holds it for the time of the question, and is as it was before when the
    workspace that is wanted is written next. Raises EngineRefused, EngineFailed, StateLocked.
    """
    async with workspaces.hold(workspace.unit):
        directory = await workspaces.write(workspace)
        await engine.init(directory)
        look = await engine.refresh(directory)
    return tuple(change for change in look.planned if change.action not in _HARMLESS)
