"""Outcome → outcome: what differs from the state, and is wanted so, is written into the state."""

from dataclasses import replace

from controller.model.outcome import Outcome
from controller.model.workspace import Workspace
from controller.past import NO_PAST, Past
from controller.ports.engine import Engine
from controller.ports.workspaces import Workspaces


async def take_over(
    outcome: Outcome,
    workspace: Workspace,
    *,
    engine: Engine,
    workspaces: Workspaces,
    past: Past = NO_PAST,
) -> Outcome:
    """Let the state say what is there, where a plan of a new configuration changes nothing.

    Otherwise what was adopted would be drift for ever: an empty plan is not applied. May be
    repeated. Raises EngineFailed, StateLocked, Transient when the state cannot be kept.
    """
    async with workspaces.hold(workspace.unit):
        directory = await workspaces.write(workspace)
        await engine.normalise(directory)
        state = await engine.state(directory)
        await past.keep(workspace.unit, state, "after it took over", (workspace.places,))
    if state is None:
        return outcome
    return replace(
        outcome, lineage=state.lineage, serial=state.serial, outputs=dict(state.outputs)
    )  # fmt: skip
