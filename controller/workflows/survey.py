"""Look over all units of a stage at once: most commits change none of them.

What a turn of each unit would find without any process is found here for all of them: as wanted or
not. What is as wanted is written down in one write; the others have a turn of their own.
"""

from controller.diagnostics.errors import ConfigurationWrong, TrueupError
from controller.model.catalog import Reference
from controller.model.condition import ConditionType
from controller.model.names import Commit, Digest, UnitName
from controller.model.status import UnitStatus
from controller.model.workspace import Upstream
from controller.steps import render as render_step
from controller.workflows.backlog import Breaker
from controller.workflows.catalogs import StageTarget, Wanted
from controller.workflows.recording import Recording, status_at
from controller.workflows.units import Units
from controller.workflows.world import World


class Survey:
    """Finds what has nothing to do."""

    def __init__(self, world: World, units: Units, recording: Recording, breaker: Breaker) -> None:
        self._world = world
        self._units = units
        self._recording = recording
        self._breaker = breaker
        self._digests: dict[UnitName, tuple[tuple[object, ...], Digest]] = {}

    async def settle(self, target: StageTarget) -> frozenset[UnitName]:
        """Write down which units of a stage are as wanted; gives the names of the others.

        Cut off anywhere it has changed nothing, or all: another survey finds the same.
        """
        known = {status.name: status for status in await self._world.ledger.units(target.name)}
        wanted = {each.unit.name: each for each in target.wanted()}
        others, unchanged = set(known.keys() - wanted.keys()), []
        for name in others:
            self._digests.pop(name, None)
        for name in _upstream_first(wanted):
            status, each = known.get(name), wanted[name]
            if status is None or not await self._is_as_wanted(each, status, known, wanted):
                others.add(name)
                continue
            if not is_told(status, each.commit):
                unchanged.append((status, each.commit))
                known[name] = status_at(status, each.commit)
        written = {status.name for status in await self._recording.units_unchanged(unchanged)}
        others |= {status.name for status, _ in unchanged} - written
        await self._breaker.saw(
            (name, each.commit) for name, each in wanted.items() if name not in others
        )
        return frozenset(others)

    async def _is_as_wanted(
        self,
        each: Wanted,
        status: UnitStatus,
        known: dict[UnitName, UnitStatus],
        wanted: dict[UnitName, Wanted],
    ) -> bool:
        in_work = status.condition(ConditionType.RECONCILING) is not None
        if in_work or not status.is_true(ConditionType.READY):
            return False
        if len(status.made_with) != 1:  # not known yet, or not for certain: its own turn sees to it
            return False
        for name in each.unit.needs_units:
            first = known.get(name)
            if first is None or name not in wanted or not is_told(first, wanted[name].commit):
                return False
        try:
            if await self._units.is_suspended(each):
                return False
            workspace = self._rendered(each, await self._units.upstream(each, known=known))
            engine = await self._units.engine(each)
        except TrueupError:
            return False  # its own turn says why
        return await self._units.is_as_wanted(each, status, workspace, engine)

    def _rendered(self, each: Wanted, upstream: Upstream) -> Digest:
        """Give the digest of a unit's workspace, from memory where nothing that it holds differs.

        Rendering is a function of these values, and nearly all of them are the same objects as at
        the commit before.
        """
        made_of = _made_of(each, upstream)
        name = each.unit.name
        known = self._digests.get(name)
        if known is None or known[0] != made_of:
            workspace = render_step.render(each.catalog, each.unit, upstream)
            known = self._digests[name] = (made_of, workspace.digest)
        return known[1]


def _made_of(each: Wanted, upstream: Upstream) -> tuple[object, ...]:
    """Give all that a workspace is made of. Raises ConfigurationWrong when a part is missing."""
    unit, catalog = each.unit, each.catalog
    module = catalog.modules.get(unit.stack.spec.module)
    if module is None:
        raise ConfigurationWrong.because(f"`{unit.name}` has no module", code="render/incomplete")
    product, environment = unit.name.product, unit.name.environment
    documents = (
        Reference("Stack", product, unit.name.stack),
        Reference("Product", "", product),
        Reference("Environment", "", environment),
    )
    return (
        *(document.digest for each in documents if (document := catalog.documents.get(each))),
        module.digest,
        each.commit if "commit" in module.variables else "",
        upstream.outputs,
        upstream.secret_addresses,
        upstream.tree_paths,
        upstream.secret_versions,
    )


def is_told(status: UnitStatus, commit: Commit) -> bool:
    """Tell whether the status says already that the unit is as wanted at a commit."""
    return (
        status.outcome is not None
        and status.outcome.commit == status.desired == commit
        and status.is_true(ConditionType.READY)
    )


def _upstream_first(wanted: dict[UnitName, Wanted]) -> list[UnitName]:
    """Order the units so that each comes after those that it needs."""
    ordered: dict[UnitName, None] = {}
    waiting = [(name, False) for name in sorted(wanted, reverse=True)]
    while waiting:
        name, is_ready = waiting.pop()
        if name in ordered or name not in wanted:
            continue
        if is_ready:
            ordered[name] = None
            continue
        waiting.append((name, True))
        needed = wanted[name].unit.needs_units
        waiting.extend((first, False) for first in needed if first not in ordered)
    return list(ordered)
