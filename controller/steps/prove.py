"""Workspace → what a plan of it would still change; no state and no saved plan is touched."""

from controller.model.names import Digest
from controller.model.plan import Action, ResourceChange
from controller.model.workspace import Workspace
from controller.ports.engine import Engine
from controller.ports.workspaces import Workspaces

_HARMLESS = frozenset({Action.READ})


async def prove(
    workspace: Workspace, *, applied: Digest, engine: Engine, workspaces: Workspaces
) -> tuple[ResourceChange, ...]:
    """Give what a workspace that is only thought of would change; nothing means: it is as it is.

    `applied` is the digest of the workspace that was applied: what tells only since when it is so
    is taken from there, and is no change. The unit's directory holds the workspace for the time of
    the question, and is as it was before when the one that is wanted is written next.
    Raises EngineRefused, EngineFailed, StateLocked.
    """
    async with workspaces.hold(workspace.unit):
        directory = await workspaces.write(workspace, dated_as=applied)
        await engine.init(directory)
        look = await engine.refresh(directory)
    return tuple(change for change in look.planned if change.action not in _HARMLESS)
