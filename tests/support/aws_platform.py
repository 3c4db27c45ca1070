"""A config repository whose one environment is a moto server, driven as a reconcile would."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from controller import shipped
from controller.adapters.workspaces.disk import DiskWorkspaces
from controller.model.catalog import Catalog
from controller.model.graph import Unit
from controller.model.names import Commit, Revision, UnitName
from controller.model.outcome import Outcome
from controller.model.plan import Plan, ResourceChange
from controller.model.provider_places import Places
from controller.model.workspace import Upstream, Workspace
from controller.past import Past
from controller.ports.engine import Engine
from controller.steps import apply as apply_step
from controller.steps import plan as plan_step
from controller.steps import render as render_step
from controller.steps.graph import graph
from controller.steps.load.load import load
from controller.steps.policy import judge as policy_step
from tests.unit.load.load_repositories import snapshot

PRODUCT = "shop"
ENVIRONMENT = "cloud"
COMMIT = "a" * 40


def document(kind: str, name: str, spec: Mapping[str, object], product: str | None = None) -> str:
    """Write a document; JSON is YAML."""
    metadata = {"name": name, **({"product": product} if product else {})}
    return json.dumps(
        {"apiVersion": "platform/v1", "kind": kind, "metadata": metadata, "spec": spec}
    )


@dataclass
class Platform:
    """What a team would have in Git, and what was applied of it."""

    root: Path
    engine: Engine
    provider: Mapping[str, object]
    modules: Mapping[str, bytes] = field(default_factory=dict)
    """Files of modules of the repository's own, by their path in it."""
    stacks: dict[str, Mapping[str, object]] = field(default_factory=dict)
    """The `spec` of each stack; a test changes it as a developer would."""
    aliases: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Further configurations of the provider, as `aws.there`."""
    commit: str = COMMIT
    outputs: dict[UnitName, Mapping[str, object]] = field(default_factory=dict)
    _guard: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.workspaces = DiskWorkspaces(self.root)

    def catalog(self) -> Catalog:
        """Load the repository as it is now; it must be without a fault."""
        providers = {"aws": self.provider, **self.aliases}
        environment = {"engine": "embedded", "providers": providers}
        product = {"title": "The shop", "owner": "team-shop", "environments": [ENVIRONMENT]}
        files: dict[str, str | bytes] = {
            "platform.yaml": document("Environment", ENVIRONMENT, environment),
            "product.yaml": document("Product", PRODUCT, product),
            **{
                f"stacks/{name}.yaml": document("Stack", name, spec, PRODUCT)
                for name, spec in self.stacks.items()
            },
            **self.modules,
        }
        revision = Revision("main", Commit(self.commit))
        catalog = load(replace(snapshot(files), revision=revision), shipped.files())
        assert not catalog.diagnostics, [d.message for d in catalog.diagnostics]
        return catalog

    def unit(self, stack: str, catalog: Catalog | None = None) -> Unit:
        """Give a stack's unit."""
        name = UnitName(PRODUCT, ENVIRONMENT, stack)
        return graph(catalog or self.catalog()).units[name]

    def render(self, stack: str) -> Workspace:
        """Render with what is known of other units."""
        catalog = self.catalog()
        upstream = Upstream(self.outputs, frozenset(), {}, {})
        return render_step.render(catalog, self.unit(stack, catalog), upstream)

    def directory(self, stack: str) -> Path:
        """Tell where the workspace of a stack lies."""
        return self.workspaces.directory(UnitName(PRODUCT, ENVIRONMENT, stack))

    async def plan(
        self, stack: str, *, destroy: bool = False, made_with: Sequence[Places] = ()
    ) -> tuple[Workspace, Plan]:
        """Plan a stack."""
        workspace = self.render(stack)
        plan = await plan_step.plan(
            workspace, engine=self.engine, workspaces=self.workspaces, destroy=destroy,
            past=Past(made_with=tuple(made_with)),
        )  # fmt: skip
        return workspace, plan

    async def apply(self, stack: str, *, destroy: bool = False) -> tuple[Plan, Outcome]:
        """Plan, judge and apply a stack; its outputs are there for the others then."""
        workspace, plan = await self.plan(stack, destroy=destroy)
        verdict = policy_step.judge(plan, policy_step.StackTraits(name=stack, protect=False))
        outcome = await apply_step.apply(
            plan, verdict, workspace, engine=self.engine, workspaces=self.workspaces
        )
        self.outputs[workspace.unit] = outcome.outputs
        return plan, outcome

    async def drift(self, stack: str) -> tuple[ResourceChange, ...]:
        """Look for what is not as it was applied."""
        return (await self.engine.refresh(self.directory(stack))).drift
