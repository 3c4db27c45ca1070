"""What would change if a stage were at another release: plans of all units, applying none."""

from controller.diagnostics.errors import TrueupError
from controller.model.move_view import UnitPreview
from controller.model.names import StageName
from controller.model.plan import Action
from controller.model.provider_places import moves
from controller.model.release import Release
from controller.steps import prove as prove_step
from controller.steps import render as render_step
from controller.workflows.catalogs import Wanted
from controller.workflows.parts import Parts

_SIGNS = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-", Action.REPLACE: "-/+"}


async def preview(parts: Parts, name: StageName, to: Release) -> tuple[UnitPreview, ...]:
    """Plan every unit as another release has it, and name those that it does not have.

    What units read of others is what is known now. A unit that cannot be planned is told with why.
    Raises Stalled when the commit cannot be read.
    """
    target = await parts.catalogs.stage_target(name, to.commit, held=True)
    found = [await _planned(parts, wanted) for wanted in target.wanted()]
    names = {each.unit for each in found}
    found += [
        UnitPreview(str(status.name), gone=True, said="it is not part of that release")
        for status in await parts.world.ledger.units(name)
        if str(status.name) not in names
    ]
    return tuple(sorted(found, key=lambda each: each.unit))


async def _planned(parts: Parts, wanted: Wanted) -> UnitPreview:
    unit = str(wanted.unit.name)
    try:
        status = await parts.world.ledger.unit(wanted.unit.name)
        applied = await parts.units.last_applied(status) if status else None
        upstream = await parts.units.upstream(wanted, whatever_it_is=True)
        workspace = render_step.render(wanted.catalog, wanted.unit, upstream)
        if workspace.provisional:
            return UnitPreview(unit, said=f"not known: {'; '.join(workspace.provisional)}")
        dated = workspace.digest
        if applied is not None:
            before = await parts.units.upstream(applied, whatever_it_is=True)
            dated = render_step.render(applied.catalog, applied.unit, before).digest
        changes = await prove_step.prove(
            workspace, applied=dated, engine=await parts.units.engine(wanted),
            workspaces=parts.world.workspaces,
        )  # fmt: skip
    except TrueupError as error:
        return UnitPreview(unit, said=f"not known: {error}")
    moved = moves(status.made_with, workspace.places) if status else ()
    lines = tuple(f"{_SIGNS.get(each.action, '?')} {each.address}" for each in changes)
    said = f"{len(lines)} changes" if lines else "no change"
    if moved:
        said += f"; its provider looks elsewhere there ({'; '.join(moved)}): a person is asked"
    elif status is not None and status.outcome is not None and not status.made_with:
        said += "; not known: whether its provider looks elsewhere there (it was never noted)"
    return UnitPreview(unit, changes=lines, said=said, moved=moved)
