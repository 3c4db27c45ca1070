"""Workspace → plan: what the engine would do, bound to what it was asked of."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from controller.diagnostics.errors import DependencyNotReady, EngineRefused
from controller.model.plan import Plan, PlanBinding, digest_plan
from controller.model.provider_places import moves
from controller.model.workspace import Workspace
from controller.past import NO_PAST, Past
from controller.ports.engine import Engine, OnProgress
from controller.ports.workspaces import Workspaces


async def plan(
    workspace: Workspace,
    *,
    engine: Engine,
    workspaces: Workspaces,
    destroy: bool = False,
    past: Past = NO_PAST,
    on_progress: OnProgress | None = None,
) -> Plan:
    """Plan a workspace and leave the engine's plan file in the unit's directory, where it may be.

    A provisional workspace is planned too: the plan can be shown. The `past` tells where the
    providers looked when what is there was made. May be repeated; each plan has a digest of its
    own. Raises EngineRefused, EngineFailed, StateLocked, Stalled (for a workspace whose files leave
    its directory), DependencyNotReady (for a provisional one that the engine refuses).
    """
    if workspace.needs_ephemeral and not engine.capabilities.ephemeral_values:
        raise EngineRefused.because(
            f"the module of `{workspace.unit}` uses ephemeral values: {engine.version} has none",
            hint="use Terraform 1.10, OpenTofu 1.11 or later, or the engine `embedded`",
            code="engine/no-ephemeral",
        )
    async with workspaces.hold(workspace.unit):
        directory = await workspaces.write(workspace)
        await engine.init(directory)
        with _explaining(workspace):
            found = await engine.plan(directory, destroy=destroy, on_progress=on_progress)
        # After the plan: it may have brought home a state that an earlier apply could not write.
        state = await engine.state(directory)
        content = found.file.read_bytes()
    is_there = state is not None and bool(state.resources)
    origins = await past.origins(workspace.unit, state) if state and is_there else ()
    binding = PlanBinding.to(workspace, str(engine.version), state)
    return Plan(
        unit=workspace.unit,
        digest=digest_plan(content, binding),
        binding=binding,
        changes=found.changes,
        drift=found.drift,
        outputs_change=found.outputs_change,
        provisional=workspace.provisional,
        document=found.document,
        moved=moves(origins, workspace.places),
        is_origin_noted=bool(origins) or not (is_there and workspace.places),
    )


@contextmanager
def _explaining(workspace: Workspace) -> Iterator[None]:
    """Say what is missing where the engine only says that it met nothing in its place."""
    try:
        yield
    except EngineRefused as refused:
        if workspace.provisional:
            raise DependencyNotReady.because(
                f"cannot be planned before: {'; '.join(workspace.provisional)} (with nothing in its"
                f" place: {refused})"
            ) from refused
        if not workspace.nulls:
            raise
        null = "; ".join(workspace.nulls)
        raise EngineRefused(
            replace(
                each,
                message=f"{each.message} ({null})",
                hint=each.hint or "give it a value there, or let the module take null",
            )
            for each in refused.diagnostics
        ) from refused
