"""Workspace → drift: what is not as it was applied."""

from collections.abc import Iterable

from controller.model.drift import Drift, classify, let_be
from controller.model.outcome import Outcome, fingerprint
from controller.model.workspace import Workspace
from controller.ports.clock import Clock
from controller.ports.engine import Engine, EngineState
from controller.ports.workspaces import Workspaces
from schemas.drift import DriftIgnore


async def drift(
    workspace: Workspace,
    *,
    engine: Engine,
    workspaces: Workspaces,
    clock: Clock,
    ignore: Iterable[DriftIgnore] = (),
    outcome: Outcome | None = None,
    exact: bool = False,
) -> Drift:
    """Compare the world with the state of a unit; changes neither, nor a plan that was saved.

    With the `outcome` of the last apply, what merely waits to be applied is told apart from drift.
    With `exact` the values are JSON, whole: not to be shown or kept. A unit that has no state has
    no drift. May be repeated. Raises EngineRefused, EngineFailed, StateLocked.
    """
    async with workspaces.hold(workspace.unit):
        directory = await workspaces.write(workspace)
        state = await engine.state(directory)
        if state is None:
            return Drift(unit=workspace.unit, looked_at=clock.now())
        await engine.init(directory)
        look = await engine.refresh(directory, exact=exact)
    settled = outcome is None or _is_settled(workspace, state, outcome)
    found = classify(look.drift, look.planned, settled=settled)
    now = clock.now()
    changes, ignored, unused = let_be(found, ignore, now.date())
    return Drift(workspace.unit, now, changes, ignored, unused)


def _is_settled(workspace: Workspace, state: EngineState, outcome: Outcome) -> bool:
    """Tell whether the configuration is the one that was applied, and nothing was half applied."""
    return (
        (state.lineage, state.serial) == (outcome.lineage, outcome.serial)
        and fingerprint(workspace.digest, outcome.engine) == outcome.fingerprint
    )  # fmt: skip
