"""All that workflows need from the world, in one value; `wiring/` makes it, or a test."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from controller.diagnostics.errors import Stalled
from controller.diagnostics.secret import SecretText
from controller.model.accounts import Accounts
from controller.model.caller import Member
from controller.model.delivery import SecretReference, ServerHealth
from controller.model.history import Trust
from controller.model.names import SecretName, StageName
from controller.model.retention import Retention, Swept
from controller.model.room import Room
from controller.ports.artifacts import Artifacts
from controller.ports.audit_log import AuditLog
from controller.ports.clock import Clock
from controller.ports.consumer import Consumer
from controller.ports.credential import CredentialIssuer, Maker
from controller.ports.dispatcher import Dispatcher
from controller.ports.engine import Engine
from controller.ports.forecast_models import ForecastModels
from controller.ports.git import BranchWriter, PastReader, PointerWriter, RepositoryReader
from controller.ports.issuer import Issuer
from controller.ports.ledger import Ledger
from controller.ports.load_generator import LoadGenerator
from controller.ports.metric_source import MetricSource
from controller.ports.notify import Notifier
from controller.ports.painter import Painter
from controller.ports.policy_engine import PolicyEngine
from controller.ports.processes import Processes
from controller.ports.seal import Seal
from controller.ports.secret_copy import SecretCopy
from controller.ports.secret_store import SecretStore
from controller.ports.secret_target import SecretTarget
from controller.ports.state_history import StateHistory
from controller.ports.table_query import TableQuery
from controller.ports.workspaces import Workspaces
from schemas.generate import Generate
from schemas.kinds.notification import Notification
from schemas.kinds.secret_store import SecretStore as SecretStoreDocument
from schemas.rotation import Consumer as ConsumerDocument


def _no_server() -> None:
    return None


@dataclass(frozen=True, slots=True)
class MakerOrder:
    """Which credential is wanted, with all names filled in."""

    secret: SecretName
    generate: Generate
    store: SecretStoreDocument | None = None
    """The store whose server makes it, where one does."""


def no_consumer(document: ConsumerDocument, stage: StageName, place: str) -> Consumer:
    """Refuse, where nobody is told."""
    raise Stalled.because(f"nothing here tells `{document.name}` of `{place}` in `{stage}`")


async def no_maker(order: MakerOrder) -> Maker:
    """Refuse, where nothing but texts and logins is made."""
    raise Stalled.because(f"nothing here makes a `{order.generate.way()}`")


@dataclass(frozen=True, slots=True)
class Oversight:
    """What is looked at of secrets beside their delivery."""

    health: Callable[[], ServerHealth | None] = _no_server
    """How the secret server is doing that the controller runs itself; None: it runs none."""
    past: PastReader | None = None
    """What ever lay in the repository; None: nobody looks for secrets there."""
    max_age: timedelta = timedelta(days=365)
    """How old a secret may become whose document does not say when it changes."""


class SweepProviders(Protocol):
    """Takes away providers that were fetched, and that no workspace named since an instant."""

    async def __call__(self, before: datetime, *, dry: bool) -> Swept:
        """Tell what went, or would go."""


@dataclass(frozen=True, slots=True)
class Disk:
    """What there is to tell of the data folder's disk."""

    usage: Callable[[], Mapping[str, int]] = dict
    """Bytes by the name of what lies in the data folder; it takes its time."""
    room: Callable[[], Room | None] = lambda: None
    """What is left now, if anybody can tell. Raises OSError."""


@dataclass(slots=True)
class Tuning:
    """What the settings say and may say anew while the controller runs."""

    people: frozenset[str] = frozenset()
    members: tuple[Member, ...] = ()
    retention: Retention = field(default_factory=Retention)
    """How long what is kept."""


@dataclass(frozen=True)
class World:
    """The ports in use."""

    clock: Clock
    repository: RepositoryReader
    pointers: PointerWriter
    branches: BranchWriter
    ledger: Ledger
    dispatcher: Dispatcher
    artifacts: Artifacts
    workspaces: Workspaces
    states: StateHistory
    processes: Processes
    engine: Callable[[str, str], Awaitable[Engine]]
    """The engine of a name for an environment, with the login to where its states are.

    Raises Stalled when it is not on this machine."""
    secret_store: Callable[[SecretStoreDocument], Awaitable[SecretStore]]
    """The store that a document describes, ready for use."""
    issuer: Callable[[SecretStoreDocument], Awaitable[Issuer]]
    """What makes credentials for people in a store. Raises Stalled for one that cannot."""
    secret_target: SecretTarget
    store_copy: Callable[[SecretStore, SecretReference], SecretCopy]
    """A path of a store as a place to copy to."""
    github_copy: Callable[[str, str], SecretCopy]
    """A secret of a GitHub repository by name; raises Stalled when no token is set."""
    credentials: CredentialIssuer
    load_generator: LoadGenerator
    new_secret: Callable[[int], SecretText]
    """A fresh random text of so many characters."""
    notifier: Callable[[Notification], Awaitable[Notifier]]
    """The receiver that a document names. Raises Stalled when its files cannot be read."""
    notifications: list[Notification]
    """The documents that say who is told; follows the head of the branch."""
    environment_limits: dict[str, int]
    """How many units of an environment are applied at a time; follows the head of the branch."""
    shipped: Mapping[str, bytes]
    """Modules, load tests and policies that come with Trueup, by path."""
    policies: PolicyEngine
    seal: Seal
    """What decision records are sealed with."""
    accounts: Accounts = field(default_factory=Accounts)
    """Which environments share an account, and its limits; follows the head of the branch."""
    maker: Callable[[MakerOrder], Awaitable[Maker]] = no_maker
    """What makes the credential of a document. Raises Stalled, StoreUnreachable."""
    consumer: Callable[[ConsumerDocument, StageName, str], Consumer] = no_consumer
    """What tells or asks a consumer of a stage's secret that is delivered to a place.

    Raises Stalled."""
    audit_logs: Mapping[str, AuditLog] = field(default_factory=dict)
    """By environment: what tells who changed something there."""
    oversight: Oversight = field(default_factory=Oversight)
    """What is looked at of secrets beside their delivery."""
    disk: Disk = field(default_factory=Disk)
    sweep_providers: SweepProviders | None = None
    painter: Painter | None = None
    """Who draws the charts of reports; None: they have none."""
    metric_source: MetricSource | None = None
    forecast_models: ForecastModels | None = None
    """Models beside the light ones; without them, those alone."""
    table_query: TableQuery | None = None
    """Who answers the queries of objectives; None: nobody does."""
    tuning: Tuning = field(default_factory=Tuning)
    """What may be changed while the controller runs."""
    trust: Trust | None = None
    """Whose signatures are wanted; None when none are."""

    @property
    def people(self) -> frozenset[str]:
        """The users of the settings; empty when nobody knows them."""
        return self.tuning.people

    @property
    def members(self) -> tuple[Member, ...]:
        """Users whose commits to the promotions branch are their word."""
        return self.tuning.members
