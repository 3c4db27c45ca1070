"""The controller that runs: settings in, everything opened, everything closed at the end."""

import asyncio
import hashlib
import json
import os
import secrets
import string
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from controller import shipped
from controller.adapters.artifacts.disk import DiskArtifacts
from controller.adapters.audit_log.cloudtrail import CloudTrailFolder
from controller.adapters.clock.system import SystemClock
from controller.adapters.credential.postgres import PostgresCredentialIssuer
from controller.adapters.dispatcher.in_process import InProcessDispatcher
from controller.adapters.dispatcher.slowing import Slowing
from controller.adapters.dispatcher.sqlite import SqliteWakeups
from controller.adapters.engine.environment import build_environment
from controller.adapters.engine.packages import READY, Packages
from controller.adapters.forecast_models.statistics import StatisticsModels
from controller.adapters.git.gitpython import GitRepository
from controller.adapters.ledger.sqlite import SqliteLedger
from controller.adapters.load_generator.locust import LocustLoadGenerator
from controller.adapters.load_generator.meeting import Meeting
from controller.adapters.metric_source.prometheus import PrometheusMetricSource
from controller.adapters.notify.log import LogNotifier
from controller.adapters.notify.webhook import WebhookNotifier
from controller.adapters.painter.child import ChildPainter
from controller.adapters.policy_engine.rego import RegoPolicyEngine
from controller.adapters.processes.local import LocalProcesses
from controller.adapters.seal.ed25519 import Ed25519Seal
from controller.adapters.secret_copy.in_store import StoreCopy
from controller.adapters.secret_target.file import FileSecretTarget
from controller.adapters.state_history.disk import DiskStateHistory
from controller.adapters.table_query.postgres import PostgresTableQuery
from controller.adapters.workspaces.disk import DiskWorkspaces
from controller.app import App
from controller.diagnostics.secret import SecretText
from controller.localcloud import mirror
from controller.localcloud.client import ROOT_VARIABLE
from controller.model.accounts import Accounts
from controller.model.caller import LOCAL_NAME, Caller, Member, Role
from controller.model.retention import Swept
from controller.ports.audit_log import AuditLog
from controller.ports.engine import Engine
from controller.ports.notify import Notifier
from controller.settings import Settings, search_path
from controller.wiring import git_source
from controller.wiring.disk_usage import disk_usage, room
from controller.wiring.forked_providers import fork_providers
from controller.wiring.makers import Makers, consumer_of
from controller.wiring.secret_stores import SecretStores, github_copy, read_secret
from controller.wiring.state_logins import StateLogin
from controller.workflows.keys import environment_of, environment_used_by
from controller.workflows.loop import Loop
from controller.workflows.parts import Parts
from controller.workflows.world import Disk, Oversight, Tuning, World
from schemas.kinds.notification import Notification

FETCHED = "providers"
"""Where providers lie that were fetched, each once for all workspaces."""
LETTERS = string.ascii_letters + string.digits


def new_secret(length: int) -> SecretText:
    """Give a fresh random text of letters and digits."""
    return SecretText("".join(secrets.choice(LETTERS) for _ in range(length)))


@dataclass
class Engines:
    """Starts each engine when an environment first names it."""

    data: Path
    settings: Settings
    stack: AsyncExitStack
    cloud: Path | None = None
    """Root of the local cloud; `data/cloud` unless told."""
    _started: dict[tuple[str, str], Engine] = field(default_factory=dict)
    _guard: asyncio.Lock = field(default_factory=asyncio.Lock)
    _packages: Packages = field(init=False)
    _forked: Mapping[str, str] | None = None
    """What lets providers of the local cloud be forked; shared by all engines."""

    def __post_init__(self) -> None:
        """Share what is known of providers between the engines."""
        engine = self.data / "engine"
        self._packages = Packages(engine / "packages.json", shared=engine / FETCHED)

    @property
    def root(self) -> Path:
        """Root of the local cloud."""
        return self.cloud or self.data / "cloud"

    async def get(self, name: str, environment: str = "") -> Engine:
        """Give an engine by the word that environments use. Raises Stalled when it is not here.

        An environment with a login of its own to its states has an engine of its own: what a
        process is given when it starts is seen by all that it runs.
        """
        chosen = self._choose(name)
        owner = environment if environment in self.settings.state_credentials else ""
        async with self._guard:
            if (chosen, owner) not in self._started:
                engine = await self._connect(chosen, owner)
                self.stack.push_async_callback(engine.close)
                self._started[chosen, owner] = engine
        return self._started[chosen, owner]

    async def sweep(self, units: Path, before: datetime, *, dry: bool) -> Swept:
        """Take away what was fetched of providers, and no workspace names any more."""
        roots = self.data / "engine" / "home" / READY
        return await self._packages.sweep(units, roots, before=before, dry=dry)

    async def _connect(self, chosen: str, owner: str) -> Engine:
        environment = engine_environment(self.data, self.settings, self.root)
        if self.settings.local_cloud:
            if self._forked is None:
                self._forked = fork_providers(self.stack)
            environment |= self._forked
        login = StateLogin()
        if owner:
            file = self.settings.state_credentials[owner]
            login = StateLogin.read(owner, file, self.data / "engine" / "states")
            environment |= login.extras
        if chosen == "embedded":
            from controller.adapters.engine import embedded

            limits = self.settings.limits
            return await embedded.connect(
                environment,
                # Looks for drift have places of their own, so that applies do not starve them.
                size=limits.engine_workers + limits.drift,
                packages=self._packages,
                backend_config=login.backend_config,
            )
        from controller.adapters.engine import command

        return await command.connect(
            chosen, environment, packages=self._packages, backend_config=login.backend_config
        )

    @staticmethod
    def _choose(name: str) -> str:
        if name != "auto":
            return name
        for binary in ("tofu", "terraform"):
            if any((Path(folder) / binary).is_file() for folder in search_path().split(os.pathsep)):
                return binary
        return "embedded"


def engine_environment(data: Path, settings: Settings, cloud: Path) -> dict[str, str]:
    """Build what an engine may see, with the provider of the local cloud in a mirror."""
    home = data / "engine"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    extras, own = {}, None
    if settings.local_cloud:
        own = mirror.install(data / "providers")
        extras = {ROOT_VARIABLE: str(cloud), **mirror.environment()}
    configuration = home / "terraform.rc"
    fetched = home / FETCHED
    fetched.mkdir(mode=0o700, exist_ok=True)
    configuration.write_text(installation(own, settings.provider_mirror, fetched))
    return build_environment(
        home / "home", path=search_path(), cli_config=configuration, extras=extras
    )


def installation(own: Path | None, mirrored: Path | None, fetched: Path | None = None) -> str:
    """Tell the engine where providers come from; what was `fetched` before is not fetched again.

    The local cloud's come from our own mirror; with a mirror of the user's all others come from
    there and from nowhere else, so that no registry is asked.
    """
    ours = f"{mirror.HOST}/*/*"
    blocks = []
    if own is not None:
        blocks.append(_block("filesystem_mirror", path=str(own), include=[ours]))
    if fetched is not None:
        blocks.append(_block("filesystem_mirror", path=str(fetched.absolute()), exclude=[ours]))
    if mirrored is not None:
        path = str(mirrored.absolute())
        blocks.append(_block("filesystem_mirror", path=path, exclude=[ours]))
    else:
        blocks.append(_block("direct", exclude=[ours]))
    return "disable_checkpoint = true\nprovider_installation {\n" + "".join(blocks) + "}\n"


def _block(kind: str, **arguments: object) -> str:
    lines = "".join(f"    {name} = {json.dumps(value)}\n" for name, value in arguments.items())
    return f"  {kind} {{\n{lines}  }}\n"


@dataclass
class Notifiers:
    """Makes each receiver of events when there is something to tell it."""

    stack: AsyncExitStack
    _made: dict[str, Notifier] = field(default_factory=dict)

    async def get(self, document: Notification) -> Notifier:
        """Give the receiver that a document names. Raises Stalled when a file cannot be read."""
        key = hashlib.sha256(document.model_dump_json().encode()).hexdigest()
        if key not in self._made:
            made = self._make(document)
            self.stack.push_async_callback(made.close)
            self._made[key] = made
        return self._made[key]

    @staticmethod
    def _make(document: Notification) -> Notifier:
        webhook = document.spec.to.webhook
        if webhook is None:
            return LogNotifier(document.metadata.name)
        if webhook.address is not None:
            address = SecretText(webhook.address)
        else:
            address = read_secret(Path(str(webhook.address_file)))
        key = read_secret(Path(webhook.key_file)) if webhook.key_file else None
        return WebhookNotifier(address, key)


@dataclass(frozen=True)
class Controller:
    """A controller that is ready to run."""

    app: App
    loop: Loop
    dispatcher: InProcessDispatcher

    def tune(self, settings: Settings) -> None:
        """Let those settings count from now on that may change in between, all at once."""
        fresh, known = tuning(settings), self.loop.parts.world.tuning
        known.people, known.members = fresh.people, fresh.members
        known.retention = fresh.retention
        self.dispatcher.allow(lanes(settings))


def lanes(settings: Settings) -> dict[str, int]:
    """Say how many keys of each lane are worked on at a time."""
    limits = settings.limits
    return {
        "source": 1, "unit": limits.units, "drift": limits.drift,
        "secret": limits.secrets, "issue": limits.secrets, "stage": limits.stages, "notify": 1,
        "forecast": 1,
    }  # fmt: skip


def _dispatcher(
    ledger: SqliteLedger,
    clock: SystemClock,
    settings: Settings,
    environment_limits: dict[str, int],
    accounts: Accounts,
) -> InProcessDispatcher:
    return InProcessDispatcher(
        SqliteWakeups(ledger.connection),
        clock,
        lanes=lanes(settings),
        group_of=environment_of,
        group_limits=environment_limits,
        slowing=Slowing(accounts, environment_used_by),
    )


def _load_generator(settings: Settings, data: Path) -> LocustLoadGenerator:
    workers, meeting = settings.load_workers, None
    if workers.token_file is not None:
        token = workers.token_file.read_text(encoding="utf-8").strip()
        patience = workers.patience.total_seconds()
        meeting = Meeting(workers.host, workers.port, token, patience)
    return LocustLoadGenerator(
        remote_targets=settings.remote_load_targets, folder=data / "load-runs", meeting=meeting
    )


def _audit_logs(settings: Settings) -> dict[str, AuditLog]:
    return {name: CloudTrailFolder(folder) for name, folder in settings.audit_logs.items()}


def _repository(settings: Settings, data: Path, stack: AsyncExitStack) -> GitRepository:
    repository = git_source.repository(settings.repository, data / "mirror.git")
    stack.callback(repository.close)
    return repository


def _data_folder(settings: Settings) -> Path:
    data = settings.data.absolute()
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return data


def _workspaces(data: Path, cloud: Path) -> DiskWorkspaces:
    return DiskWorkspaces(data / "workspaces", records=(cloud / "services", cloud / "running"))


def _policies(stack: AsyncExitStack) -> RegoPolicyEngine:
    engine = RegoPolicyEngine()
    stack.push_async_callback(engine.close)
    return engine


def _ledger(data: Path, stack: AsyncExitStack) -> SqliteLedger:
    ledger = SqliteLedger.open(data / "ledger.db")
    stack.push_async_callback(ledger.close)
    return ledger


@asynccontextmanager
async def controller(settings: Settings) -> AsyncIterator[Controller]:
    """Open all that a controller needs, close it at the end. Raises Stalled when that is held."""
    data = _data_folder(settings)
    async with AsyncExitStack() as stack:
        clock, ledger = SystemClock(), _ledger(data, stack)
        engines, stores = Engines(data, settings, stack), SecretStores(data, stack)
        repository = _repository(settings, data, stack)
        environment_limits, accounts = dict[str, int](), Accounts()
        dispatcher = _dispatcher(ledger, clock, settings, environment_limits, accounts)
        world = World(
            clock=clock,
            repository=repository,
            pointers=repository.pointers(clock, branch=settings.repository.promotions_branch),
            branches=repository.branches(clock),
            ledger=ledger,
            dispatcher=dispatcher,
            accounts=accounts,
            environment_limits=environment_limits,
            notifier=Notifiers(stack).get,
            notifications=[],
            artifacts=DiskArtifacts(data / "artifacts", clock.now),
            workspaces=_workspaces(data, engines.root),
            states=DiskStateHistory(data / "states", limit=settings.state_history, now=clock.now),
            processes=LocalProcesses(),
            engine=engines.get,
            secret_store=stores.get,
            oversight=Oversight(stores.health, repository, settings.secret_max_age),
            store_copy=StoreCopy,
            github_copy=lambda repository, name: github_copy(settings, repository, name),
            issuer=stores.issuer,
            secret_target=FileSecretTarget.open(settings.secret_files or data / "secrets"),
            credentials=PostgresCredentialIssuer(),
            consumer=partial(consumer_of, settings, engines.root),
            maker=Makers(settings, stores.get, new_secret, clock.now).get,
            load_generator=_load_generator(settings, data),
            forecast_models=StatisticsModels(),
            table_query=PostgresTableQuery(),
            metric_source=PrometheusMetricSource(remote=settings.remote_load_targets),
            painter=ChildPainter(data / "charts"),
            new_secret=new_secret,
            shipped=shipped.files(),
            policies=_policies(stack),
            seal=Ed25519Seal.open(data, settings.decision_keys),
            trust=git_source.trust(settings.repository),
            audit_logs=_audit_logs(settings),
            tuning=tuning(settings),
            disk=Disk(partial(disk_usage, data), partial(room, data)),
            sweep_providers=partial(engines.sweep, data / "workspaces" / "units"),
        )
        yield _made_of(world, settings, dispatcher)


def tuning(settings: Settings) -> Tuning:
    """Give what may be changed while the controller runs."""
    members = tuple(
        Member(Caller(user.name, Role(user.role), user.groups), user.commits_as)
        for user in settings.users
    )
    people = frozenset({LOCAL_NAME, *(user.name for user in settings.users)})
    return Tuning(people, members, settings.retention.limits())


def _made_of(world: World, settings: Settings, dispatcher: InProcessDispatcher) -> Controller:
    parts = Parts.of(world)
    return Controller(App(parts), Loop(parts, settings.repository.poll_every), dispatcher)
