"""An earlier state → the state: Terraform goes on from what it knew then."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.diagnostics.errors import EngineFailed, Stalled
from controller.diagnostics.secret import SecretText
from controller.model.provider_places import Places
from controller.model.state import EngineState
from controller.model.workspace import Workspace
from controller.ports.engine import Engine
from controller.ports.state_history import StateHistory
from controller.ports.workspaces import Workspaces

UNREADABLE = frozenset({"engine/state-unreadable", "engine/state-lost"})


@dataclass(frozen=True)
class Restored:
    """What was brought back, and as what."""

    serial: int
    written_as: int
    made_with: tuple[Places, ...]
    """Where the providers looked when what it names was made; empty when nobody noted it."""


async def restore(
    workspace: Workspace,
    serial: int,
    *,
    engine: Engine,
    workspaces: Workspaces,
    history: StateHistory,
    made_with: Sequence[Places],
) -> Restored:
    """Write a kept state over the present one, under a serial that is higher than both.

    The present one is kept first; `made_with` is where its things were made. May be repeated: it
    is written once more under the next serial.
    Raises Stalled when there is no such state or it is of another line, EngineFailed, StateLocked.
    """
    content = await history.read(workspace.unit, serial)
    if content is None:
        raise Stalled.because(
            f"no state of `{workspace.unit}` with serial {serial} is kept",
            hint=f"`trueup state history {workspace.unit}` lists those that are",
            code="state/not-there",
        )
    origin = await _origin(history, workspace, serial)
    document = json.loads(content.reveal())
    async with workspaces.hold(workspace.unit):
        directory = await workspaces.write(workspace)
        await engine.init(directory)
        present = await _present(engine, directory)
        if present is not None:
            why = f"before serial {serial} was restored"
            await history.keep(workspace.unit, present, why=why, made_with=made_with)
            if present.lineage != document["lineage"]:
                raise Stalled.because(
                    f"serial {serial} is of the line `{document['lineage']}`, and the state of"
                    f" `{workspace.unit}` of `{present.lineage}`: it is not an earlier one of it",
                    code="state/other-lineage",
                )
        kept = await history.kept(workspace.unit)
        highest = max([state.serial for state in kept] + ([present.serial] if present else []))
        document["serial"] = highest + 1
        await engine.push_state(directory, SecretText(json.dumps(document, indent=2) + "\n"))
        after = await engine.state(directory)
        if after is not None:
            why = f"serial {serial} was restored"
            await history.keep(workspace.unit, after, why=why, made_with=origin)
    return Restored(serial, after.serial if after else highest + 1, origin)


async def _origin(history: StateHistory, workspace: Workspace, serial: int) -> tuple[Places, ...]:
    """Tell where the newest kept state of a serial was made."""
    kept = await history.kept(workspace.unit)
    return next((state.made_with for state in kept if state.serial == serial), ())


async def _present(engine: Engine, directory: Path) -> EngineState | None:
    """Give the present state; None also for one that cannot be read, which is why one restores."""
    try:
        return await engine.state(directory)
    except EngineFailed as error:
        if error.diagnostics[0].code in UNREADABLE:
            return None
        raise
