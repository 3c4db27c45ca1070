"""What the repository says, commit by commit, and which of it holds in a stage."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from controller.diagnostics.errors import Stalled, Waiting
from controller.model.accounts import AccountShare
from controller.model.catalog import UNREADABLE, Catalog
from controller.model.graph import Graph, Unit
from controller.model.names import Commit, Digest, StageName, UnitName
from controller.model.release import Release
from controller.model.snapshot import Snapshot
from controller.steps import compose as compose_step
from controller.steps import graph as graph_step
from controller.steps import release as release_step
from controller.steps.load import load as load_step
from controller.workflows.world import World
from schemas.kinds.environment import Environment
from schemas.kinds.notification import Notification
from schemas.kinds.pipeline import Pipeline, PipelineStage
from schemas.kinds.product import Product

KEPT_COMMITS = 24
"""How many commits stay in memory; a stage at an older one is read again when it is needed."""

KEPT_GRAPHS = 8
"""How many releases of a product stay linked to the head; it has one in each of its stages."""


@dataclass(frozen=True)
class Loaded:
    """A commit with its documents."""

    snapshot: Snapshot
    catalog: Catalog

    @property
    def commit(self) -> Commit:
        """The commit's name."""
        if self.snapshot.revision is None:
            raise ValueError("a folder is no commit")
        return self.snapshot.revision.commit


@dataclass(frozen=True)
class Wanted:
    """What one unit should be: its documents come from `commit`."""

    unit: Unit
    catalog: Catalog
    commit: Commit
    snapshot: Snapshot


@dataclass(frozen=True)
class StageTarget:
    """What a stage should be.

    `ahead` is there in a first stage only, while the head of the branch holds broken documents of
    the product: units that do not depend on them follow the head, the others stay at the release.
    """

    name: StageName
    base: Loaded | None
    base_graph: Graph
    ahead: Loaded | None = None
    ahead_graph: Graph | None = None

    def wanted(self) -> Iterator[Wanted]:
        """Give every unit that should be there, with where its documents come from."""
        names = {unit.name for unit in self.base_graph.of_stage(self.name)}
        if self.ahead_graph is not None:
            names |= {unit.name for unit in self.ahead_graph.of_stage(self.name)}
        for name in sorted(names):
            found = self.find(name)
            if found is not None:
                yield found

    def find(self, name: UnitName) -> Wanted | None:
        """Give one unit, or None when it should not be there."""
        for loaded, graph in ((self.ahead, self.ahead_graph), (self.base, self.base_graph)):
            if loaded is not None and graph is not None and name in graph.units:
                return Wanted(graph.units[name], loaded.catalog, loaded.commit, loaded.snapshot)
        return None

    @property
    def graph(self) -> Graph:
        """The graph that holds: the head's where it is ahead, else the release's."""
        if self.ahead_graph is None:
            return self.base_graph
        units = {**self.base_graph.units, **self.ahead_graph.units}
        reads = {**self.base_graph.secret_reads, **self.ahead_graph.secret_reads}
        return Graph(units=units, secret_reads=reads)


class Catalogs:
    """Loads commits once and answers what holds where."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._loaded: OrderedDict[Commit, Loaded] = OrderedDict()
        self._graphs: OrderedDict[tuple[str, Commit, Commit], tuple[Catalog, Graph]] = OrderedDict()
        self._releases: dict[str, Release | None] = {}
        self._alone: tuple[Commit, Graph] | None = None
        self._cache = load_step.ParsedFiles()
        self._pipelines: dict[str, Pipeline] = {}
        self.head: Loaded | None = None
        self._day: date | None = None

    async def set_head(self, snapshot: Snapshot) -> Loaded:
        """Load the head of the branch; from now on its platform documents hold."""
        loaded = self._load(snapshot, today=self._world.clock.now().date())
        if self.head is None or self.head.commit != loaded.commit:
            self._graphs.clear()  # of the platform as it was
        self._releases.clear()
        self.head = loaded
        self._world.notifications[:] = loaded.catalog.all(Notification)
        self._world.environment_limits.update(
            {
                environment.metadata.name: environment.spec.limits.concurrent_applies
                for environment in loaded.catalog.all(Environment)
            }
        )
        self._world.accounts.follow(
            AccountShare(
                environment.metadata.name,
                environment.spec.account or environment.metadata.name,
                environment.spec.limits.per_account,
                environment.spec.limits.starts_per_minute,
            )
            for environment in loaded.catalog.all(Environment)
        )
        self._pipelines.update({p.metadata.product: p for p in loaded.catalog.all(Pipeline)})
        return loaded

    def begins_day(self) -> bool:
        """Tell whether the head was not looked at today: what expires, expires at midnight."""
        return self._day != self._world.clock.now().date()

    def began_day(self) -> None:
        """Note that it was."""
        self._day = self._world.clock.now().date()

    async def at(self, commit: Commit) -> Loaded:
        """Give a commit that was fetched before, loaded. Raises Stalled when it is not there."""
        found = self._loaded.get(commit)
        if found is not None:
            self._loaded.move_to_end(commit)
            return found
        return self._load(await self._world.repository.snapshot(commit))

    def _load(self, snapshot: Snapshot, today: date | None = None) -> Loaded:
        world = self._world
        policies = world.policies if today is not None else None  # only those at the head are asked
        catalog = load_step.load(
            snapshot, world.shipped, self._cache, today=today, policies=policies
        )
        loaded = Loaded(snapshot, catalog)
        self._loaded[loaded.commit] = loaded
        while len(self._loaded) > KEPT_COMMITS:
            self._loaded.popitem(last=False)
        return loaded

    def known_head(self) -> Loaded:
        """Give the head; raises Waiting before the first fetch."""
        if self.head is None:
            raise Waiting.because(
                "the repository was not read yet",
                hint="come again; `trueup get findings` tells why, if it cannot be read",
            )
        return self.head

    def composed(self, product: str, release: Loaded) -> tuple[Catalog, Graph]:
        """Give what holds of a product: its documents at a release, the platform's at the head."""
        head = self.known_head()
        key = (product, release.commit, head.commit)
        if key not in self._graphs:
            catalog = compose_step.compose(product, head=head.catalog, release=release.catalog)
            self._graphs[key] = (catalog, graph_step.graph(catalog))
            self._forget_graphs(product)
        self._graphs.move_to_end(key)
        return self._graphs[key]

    def edited(self, product: str, files: Mapping[str, bytes]) -> tuple[Loaded, Catalog, Graph]:
        """Load the head with some files changed, which nobody has committed."""
        head = self.known_head()
        listed = dict(head.snapshot.files)
        for path, content in files.items():
            blob = "edited-" + hashlib.sha256(content).hexdigest()
            listed[path] = replace(listed[path], blob=blob, size=len(content))

        def read(path: str) -> bytes:
            return files[path] if path in files else head.snapshot.read(path)

        snapshot = replace(head.snapshot, files=listed, read=read)
        today = self._world.clock.now().date()
        catalog = load_step.load(snapshot, self._world.shipped, self._cache, today=today)
        composed = compose_step.compose(product, head=catalog, release=catalog)
        return Loaded(snapshot, catalog), composed, graph_step.graph(composed)

    def alone(self, release: Loaded) -> tuple[Catalog, Graph]:
        """Give what a commit says by itself, its platform included."""
        if self._alone is None or self._alone[0] != release.commit:
            self._alone = (release.commit, graph_step.graph(release.catalog))
        return release.catalog, self._alone[1]

    def _forget_graphs(self, product: str) -> None:
        """Keep a few of each product: however many products there are, each turn needs one."""
        of_product = [key for key in self._graphs if key[0] == product]
        for key in of_product[:-KEPT_GRAPHS]:
            del self._graphs[key]

    def pipeline(self, product: str) -> Pipeline | None:
        """Give a product's pipeline as it is at the head; while it is broken, as it last was."""
        head = self.known_head().catalog
        found = next((p for p in head.all(Pipeline) if p.metadata.product == product), None)
        if found is None and any(r.kind in {"Pipeline", UNREADABLE} for r in head.broken):
            return self._pipelines.get(product)
        return found

    def pipeline_stage(self, name: StageName) -> PipelineStage:
        """Give a stage's entry in its pipeline. Raises Stalled when there is none."""
        pipeline = self.pipeline(name.product)
        for stage in pipeline.spec.stages if pipeline else ():
            if stage.environment == name.environment:
                return stage
        raise Stalled.because(
            f"no pipeline of `{name.product}` has a stage for `{name.environment}`",
            hint="add the environment to the product's Pipeline document",
        )

    def products(self) -> tuple[str, ...]:
        """Give the names of all products at the head."""
        return tuple(product.metadata.name for product in self.known_head().catalog.all(Product))

    def stages(self) -> Iterator[StageName]:
        """Give every stage of every product at the head."""
        for product in self.products():
            pipeline = self.pipeline(product)
            for stage in pipeline.spec.stages if pipeline else ():
                yield StageName(product, stage.environment)

    def release_at_head(self, product: str) -> Release | None:
        """Give the release that the head holds; None while something of the product is broken."""
        head = self.known_head()
        if product not in self._releases:
            self._releases[product] = release_step.release(
                head.catalog, head.snapshot, self._world.shipped, product
            )
        return self._releases[product]

    async def release_of(self, product: str, commit: Commit) -> Release | None:
        """Give the release that a commit holds; None for none. Raises Stalled as `at` does."""
        loaded = await self.at(commit)
        return release_step.release(loaded.catalog, loaded.snapshot, self._world.shipped, product)

    async def stage_target(
        self, name: StageName, commit: Commit | None, *, held: bool = False
    ) -> StageTarget:
        """Tell what a stage should be, when its release is `commit`.

        Where somebody holds the stage, nothing of the head runs ahead of that release.
        """
        if self.pipeline(name.product) is None:  # nothing of the product should be there
            return StageTarget(name, None, Graph({}, {}))
        base = base_graph = None
        if commit is not None:
            loaded = await self.at(commit)
            catalog, base_graph = self.composed(name.product, loaded)
            base = replace(loaded, catalog=catalog)
        target = StageTarget(name, base, base_graph or Graph({}, {}))
        head = self.known_head()
        stage = self.pipeline_stage(name)
        complete = release_step.is_complete(head.catalog, name.product)
        if held or stage.after or complete or head.commit == commit:
            return target
        catalog, graph = self.composed(name.product, head)
        return replace(target, ahead=replace(head, catalog=catalog), ahead_graph=graph)

    def tree(self, snapshot: Snapshot, path: str) -> Mapping[str, bytes]:
        """Read the files of a folder of a commit, by their paths below it."""
        prefix = path.rstrip("/") + "/"
        return {
            name.removeprefix(prefix): snapshot.read(name)
            for name in sorted(snapshot.files)
            if name.startswith(prefix)
        }

    def load_test_file(self, snapshot: Snapshot, path: str) -> bytes:
        """Read a file of a load test: from the commit, else from what is shipped."""
        if path in snapshot.files:
            return snapshot.read(path)
        return self._world.shipped[path]

    def tree_digest(self, wanted: Wanted, path: str) -> Digest:
        """Give the digest of a folder that a unit refers to."""
        return wanted.catalog.trees[path]
