"""Workspace → drift: what is not as it was applied."""

from collections.abc import Iterable

from controller.diagnostics.errors import ProviderMoved, StateReplaced
from controller.model.drift import Drift, classify, let_be
from controller.model.outcome import Outcome, fingerprint
from controller.model.provider_places import Places, moves
from controller.model.workspace import Workspace
from controller.past import NO_PAST, Past
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
    past: Past = NO_PAST,
    exact: bool = False,
) -> Drift:
    """Compare the world with the state of a unit; changes neither, nor a plan that was saved.

    With the outcome of the last apply, what merely waits to be applied is told apart from drift.
    With `exact` the values are JSON, whole: not to be shown or kept. A unit that has no state has
    no drift. May be repeated. Raises StateReplaced where the state is gone, or another or an
    earlier one than the last apply left; ProviderMoved where a provider looks elsewhere than where
    things were made, by the `past`: what is not found there was not deleted; EngineRefused,
    EngineFailed, StateLocked.
    """
    async with workspaces.hold(workspace.unit):
        directory = await workspaces.write(workspace)
        state = await engine.state(directory)
        if state is not None:
            _check_places(await past.origins(workspace.unit, state), workspace)
        _check_state(state, past.outcome)
        if state is None:
            return Drift(unit=workspace.unit, looked_at=clock.now())
        await engine.init(directory)
        look = await engine.refresh(directory, exact=exact)
    settled = past.outcome is None or _is_settled(workspace, state, past.outcome)
    found = classify(look.drift, look.planned, settled=settled)
    now = clock.now()
    changes, ignored, unused = let_be(found, ignore, now.date())
    return Drift(workspace.unit, now, changes, ignored, unused)


def _check_state(state: EngineState | None, outcome: Outcome | None) -> None:
    """Raise StateReplaced for a state that does not know what was applied: it would hide drift."""
    found = (state.lineage, state.serial) if state else ("", 0)
    if outcome is not None and (why := outcome.missing_in(*found)):
        raise StateReplaced.because(
            f"the state is not the one that was applied last: {why}",
            hint=f"`trueup state history {outcome.unit}` lists those that can be brought back",
        )


def _check_places(made_with: Iterable[Places], workspace: Workspace) -> None:
    if moved := moves(made_with, workspace.places):
        raise ProviderMoved.because(
            f"its provider looks elsewhere than where it was made ({'; '.join(moved)}), so it is "
            "not known whether it is still as it was"
        )


def _is_settled(workspace: Workspace, state: EngineState, outcome: Outcome) -> bool:
    """Tell whether the configuration is the one that was applied, and nothing was half applied."""
    return (
        state.is_of(outcome)
        and fingerprint(workspace.digest, outcome.engine) == outcome.fingerprint
    )  # fmt: skip
