"""What a person wants to know of a decision beside its evidence: differences, plans, commits.

Nothing of it decides. What cannot be found out is not known, and stops no release.
"""

from collections.abc import Collection, Mapping

from controller.diagnostics.errors import TrueupError
from controller.model.decision import Decision, DecisionKind
from controller.model.names import Commit, StageName
from controller.model.notes import ReleaseNotes
from controller.model.record import Background, UnitPlan
from controller.model.release import Release
from controller.steps import notes as notes_step
from controller.steps import release as release_step
from controller.steps.compare import Side, compare
from controller.steps.notes import clean
from controller.workflows.catalogs import Catalogs, Loaded
from controller.workflows.world import World

COMMITS = 2000
"""So many commits between two releases are looked at, the newest first."""
PLANS = 50
STAY = frozenset({DecisionKind.HOLD, DecisionKind.LIFT})


class Backgrounds:
    """Asks the repository and the ledger."""

    def __init__(self, world: World, catalogs: Catalogs) -> None:
        self._world, self._catalogs = world, catalogs

    async def of(self, decision: Decision) -> Background:
        """Gather what is known of a decision."""
        if decision.kind in STAY:
            return Background(changes=("nothing: the release stays",))
        return Background(
            await self._changes(decision), await self._plans(decision), await self._notes(decision)
        )

    async def _changes(self, decision: Decision) -> tuple[str, ...] | None:
        if not decision.previous:
            return ("everything: it is the first release here",)
        try:
            before = await self._catalogs.at(Commit(decision.previous))
            after = await self._catalogs.at(decision.release.commit)
        except TrueupError:
            return None
        product = decision.release.product
        old, new = self._parts(before, product), self._parts(after, product)
        differ = {name for name in {*old, *new} if old.get(name) != new.get(name)}
        said = compare(Side(old, _fields(before, differ)), Side(new, _fields(after, differ)))
        return tuple(clean(line, 300) for line in said)

    def _parts(self, at: Loaded, product: str) -> Mapping[str, str]:
        return dict(release_step.parts(at.catalog, at.snapshot, self._world.shipped, product))

    async def _plans(self, decision: Decision) -> tuple[UnitPlan, ...] | None:
        """Tell by which plans a release came to the stages before; None when that is not known."""
        entry = self._catalogs.pipeline_stage(decision.stage)
        if not entry.after or decision.kind == DecisionKind.ROLL_BACK:
            return None
        found: list[UnitPlan] = []
        for environment in entry.after:
            name = StageName(decision.stage.product, environment)
            status = await self._world.ledger.stage(name)
            if status is None or status.release != decision.release.digest:
                return None
            if status.risk and not status.plans:  # as an earlier version left it
                return None
            found += status.plans
        return tuple(found[:PLANS])

    async def _notes(self, decision: Decision) -> ReleaseNotes | None:
        since, until = Commit(decision.previous), decision.release.commit
        if not since or since == until:
            return None
        is_back = decision.kind == DecisionKind.ROLL_BACK
        newer, older = (since, until) if is_back else (until, since)
        try:
            paths = await self._owned(decision.release, (newer, older))
            log = await self._world.repository.log(newer, older, paths, at_most=COMMITS)
        except TrueupError:
            return None
        return notes_step.notes(log, since=since, until=until, takes_away=is_back)

    async def _owned(self, release: Release, commits: tuple[Commit, Commit]) -> tuple[str, ...]:
        owned: set[str] = set()
        for commit in commits:
            catalog = (await self._catalogs.at(commit)).catalog
            owned |= set(release_step.owned_paths(catalog, release.product))
        return tuple(sorted(owned))


def _fields(at: Loaded, names: Collection[str]) -> Mapping[str, Mapping[str, object]]:
    """Give what some documents say; to write out all of a large product would take its time."""
    return {
        name: document.model.model_dump(mode="json", by_alias=True, exclude_unset=True)
        for document in at.catalog.documents.values()
        if (name := str(document.reference)) in names
    }
