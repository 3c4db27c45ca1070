"""The main job's steps on a folder: without a controller, and without touching what it manages."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from controller import shipped
from controller.adapters.clock.system import SystemClock
from controller.adapters.engine.private_file import write_private
from controller.adapters.git.folder import snapshot as folder_snapshot
from controller.adapters.policy_engine.rego import RegoPolicyEngine
from controller.adapters.secret_target.file import FileSecretTarget
from controller.adapters.state_history.disk import DiskStateHistory
from controller.adapters.workspaces.disk import DATED, DiskWorkspaces, tree_path, unit_path
from controller.diagnostics.errors import ConfigurationWrong, Stalled, TrueupError
from controller.model.catalog import Catalog
from controller.model.graph import Graph, Unit
from controller.model.names import SecretName, UnitName
from controller.model.plan import Plan
from controller.model.snapshot import Snapshot
from controller.model.verdict import Verdict
from controller.model.workspace import Upstream, Workspace
from controller.past import Past
from controller.ports.policy_engine import PolicyEngine
from controller.settings import Repository, Settings
from controller.steps import graph as graph_step
from controller.steps import plan as plan_step
from controller.steps import render as render_step
from controller.steps.load import load as load_step
from controller.steps.load.files import sort_files
from controller.steps.load.migrate import migrated
from controller.steps.load.tree import Tree
from controller.steps.policy import judge as policy_step
from controller.steps.policy.allowed import allowances, rego_for, rules_for
from controller.steps.policy.ask import ask
from controller.steps.risk.assess import assess
from controller.steps.risk.findings import RiskFacts
from controller.wiring.controller import Engines
from schemas.kinds.environment import Environment

Planned = tuple[UnitName, Plan | None, Verdict | None, TrueupError | None]
STATE = "terraform.tfstate"


def validate(path: Path) -> Catalog:
    """Load a folder; what is wrong is in the catalog's diagnostics. Raises Stalled."""
    return _load(folder_snapshot(path))


def _load(snapshot: Snapshot) -> Catalog:
    today, policies = SystemClock().now().date(), RegoPolicyEngine()
    return load_step.load(snapshot, shipped.files(), today=today, policies=policies)


def migrate(path: Path) -> Mapping[str, bytes]:
    """Give the files of a folder that have to be written anew for the version of today, by path."""
    snapshot = folder_snapshot(path)
    ours, _ = sort_files(Tree(snapshot))
    contents = {file.path: migrated(file.path, snapshot.read(file.path)) for file in ours}
    return {name: content for name, content in contents.items() if content is not None}


def render(path: Path, environment: str, stack: str | None, out: Path) -> Sequence[str]:
    """Write the workspaces of an environment below `out`; gives the folders.

    Raises ConfigurationWrong for what is wrong in the folder, Stalled when there is no such unit.
    """
    folder = _Folder.read(path)
    written = []
    for unit in folder.units(environment, stack):
        workspace = folder.render(unit, {}, Path("not-delivered"), {})
        target = out / unit.name.product / unit.name.environment / unit.name.stack
        for name, content in {**workspace.files, **workspace.dated}.items():
            file = target / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        written.append(str(target))
    return written


def plan(
    path: Path, environment: str | None, stack: str | None, data: Path | None = None
) -> Sequence[Planned]:
    """Plan and judge units against copies of the states in `data`, without applying anything.

    Without `data`, or for a unit that was never applied, everything is to be created. Units of
    suspended environments are left out. Raises ConfigurationWrong, Stalled.
    """
    return asyncio.run(_plan(_Folder.read(path), environment, stack, data or Path(".trueup")))


async def _plan(
    folder: "_Folder", environment: str | None, stack: str | None, data: Path
) -> Sequence[Planned]:
    units = list(folder.active(environment, stack))
    settings = Settings(data=data, repository=Repository(url="."))
    found: list[Planned] = []
    async with AsyncExitStack() as stack_:
        scratch = Path(stack_.enter_context(tempfile.TemporaryDirectory(prefix="trueup-plan-")))
        engines = Engines(scratch, settings, stack_, cloud=data.absolute() / "cloud")
        policies = RegoPolicyEngine()
        stack_.push_async_callback(policies.close)
        workspaces = DiskWorkspaces(scratch / "workspaces")
        history = DiskStateHistory(data / "states", limit=1, now=SystemClock().now)
        states = data / "workspaces"
        outputs = await _copy_states(folder, states, history, workspaces, engines)
        for unit in units:
            try:
                planned = await _plan_one(folder, unit, outputs, workspaces, engines, data, history)
                is_there = (workspaces.directory(unit.name) / STATE).is_file()
                verdict = await folder.judge(unit, planned, policies, is_there=is_there)
                found.append((unit.name, planned, verdict, None))
            except TrueupError as error:
                found.append((unit.name, None, None, error))
    return found


async def _copy_states(
    folder: "_Folder",
    states: Path,
    history: DiskStateHistory,
    workspaces: DiskWorkspaces,
    engines: Engines,
) -> dict[UnitName, dict[str, object]]:
    """Copy the state of every unit that was applied, and read its outputs."""
    outputs: dict[UnitName, dict[str, object]] = {}
    for unit in folder.graph.units.values():
        source = unit_path(states, unit.name) / STATE
        target = workspaces.directory(unit.name)
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        if source.is_file():
            shutil.copy2(source, target / STATE)
        elif kept := await history.kept(unit.name):  # of a state that lies elsewhere
            content = await history.read(unit.name, kept[0].serial)
            if content is not None:
                write_private(target / STATE, content.reveal())
        else:
            continue
        if (dated := source.parent / DATED).is_file():
            (target / DATED).parent.mkdir(mode=0o700, exist_ok=True)
            shutil.copy2(dated, target / DATED)
        engine = await engines.get(folder.environment(unit).spec.engine)
        state = await engine.state(target)
        if state is not None:
            outputs[unit.name] = dict(state.outputs)
    return outputs


async def _plan_one(
    folder: "_Folder",
    unit: Unit,
    outputs: dict[UnitName, dict[str, object]],
    workspaces: DiskWorkspaces,
    engines: Engines,
    data: Path,
    history: DiskStateHistory,
) -> Plan:
    root = data.absolute() / "workspaces"
    trees = {path: str(tree_path(root, folder.catalog.trees[path])) for path in unit.stack.paths()}
    secrets = data.absolute() / "secrets"
    versions = await _versions(unit, FileSecretTarget(secrets))
    workspace = folder.render(unit, outputs, secrets, trees, planned=True, versions=versions)
    engine = await engines.get(folder.environment(unit).spec.engine)
    return await plan_step.plan(workspace, engine=engine, workspaces=workspaces, past=Past(history))


async def _versions(unit: Unit, target: FileSecretTarget) -> dict[SecretName, int]:
    """Give the generations of the secrets that a controller has delivered here."""
    found = {name: await target.generation(name) for name in unit.needs_secrets}
    return {name: generation for name, generation in found.items() if generation is not None}


@dataclass(frozen=True)
class _Folder:
    """A folder that was read without an error."""

    snapshot: Snapshot
    catalog: Catalog
    graph: Graph

    @classmethod
    def read(cls, path: Path) -> "_Folder":
        snapshot = folder_snapshot(path)
        catalog = _load(snapshot)
        errors = tuple(d for d in catalog.diagnostics if d.severity == "error")
        if errors:
            raise ConfigurationWrong(errors)
        return cls(snapshot, catalog, graph_step.graph(catalog))

    def units(self, environment: str | None, stack: str | None) -> Iterator[Unit]:
        """Give the units that were asked for, those that others need first. Raises Stalled."""
        stages = sorted({name.stage for name in self.graph.units})
        found = [
            self.graph.units[name]
            for stage in stages
            if environment in {None, stage.environment}
            for wave in self.graph.waves(stage)
            for name in wave
            if stack in {None, name.stack}
        ]
        if not found and (environment or stack):
            raise Stalled.because(
                f"there is no unit of environment `{environment}` and stack `{stack}` here",
                hint="leave out `-e` and `-s` to see all",
            )
        yield from found

    def active(self, environment: str | None, stack: str | None) -> Iterator[Unit]:
        """Give those that are not suspended. Raises Stalled when just those were asked for."""
        found = list(self.units(environment, stack))
        active = [unit for unit in found if not self.environment(unit).spec.suspended]
        if found and not active and (environment or stack):
            name = found[0].name.environment
            raise Stalled.because(
                f"the environment `{name}` is suspended: nothing is planned there",
                hint="`trueup render` shows what would be planned; set `suspended: false` when it "
                "is to live",
            )
        yield from active

    def environment(self, unit: Unit) -> Environment:
        """Give the unit's environment. Raises Stalled."""
        found = self.catalog.find(Environment, unit.name.environment)
        if found is None:
            raise Stalled.because(f"there is no environment `{unit.name.environment}`")
        return found

    def render(
        self,
        unit: Unit,
        outputs: dict[UnitName, dict[str, object]],
        secrets: Path,
        trees: dict[str, str],
        *,
        planned: bool = False,
        versions: Mapping[SecretName, int] | None = None,
    ) -> Workspace:
        """Render one unit; addresses of secrets are where they would be delivered.

        One that is to be planned works on a copy of its state beside it.
        """
        addresses = {
            name: str(secrets / name.product / name.environment / name.secret)
            for name in unit.needs_secrets
        }
        return render_step.render(
            self.catalog,
            unit,
            Upstream(outputs, frozenset(), addresses, trees, versions or {}),
            local_state=planned,
        )

    async def judge(
        self, unit: Unit, plan: Plan, policies: PolicyEngine, *, is_there: bool
    ) -> Verdict:
        """Ask risk and the policies of the unit's environment, as far as a folder knows them."""
        allowed = allowances(self.catalog, unit.name, SystemClock().now().date())
        dependents = tuple(str(each) for each in self.graph.all_dependents(unit.name))
        risk = assess(plan, RiskFacts(dependents, applied_before=is_there, allowed=allowed))
        traits = policy_step.StackTraits(
            name=unit.stack.metadata.name, protect=unit.stack.spec.protect, risk=risk
        )
        rego = rego_for(self.catalog, unit.name, self.snapshot, shipped.files())
        answers = await ask(rego, plan, unit, traits, engine=policies)
        rules = rules_for(self.catalog, unit.name)
        return policy_step.judge(plan, traits, rules, answers, allowed=allowed)
