"""A controller's workflow of secrets over a real store, a real ledger and real files."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import NoReturn, Self

from controller.adapters.artifacts.memory import MemoryArtifacts
from controller.adapters.clock.memory import MemoryClock
from controller.adapters.credential.memory import MemoryCredentialIssuer
from controller.adapters.dispatcher.in_process import InProcessDispatcher
from controller.adapters.dispatcher.sqlite import SqliteWakeups
from controller.adapters.engine.memory import MemoryEngine
from controller.adapters.git.memory import MemoryBranches, MemoryPointers, MemoryRepository
from controller.adapters.issuer.memory import MemoryIssuer
from controller.adapters.ledger.sqlite import SqliteLedger
from controller.adapters.load_generator.memory import MemoryLoadGenerator
from controller.adapters.notify.memory import MemoryNotifier
from controller.adapters.policy_engine.memory import MemoryPolicyEngine
from controller.adapters.processes.memory import MemoryProcesses
from controller.adapters.seal.memory import MemorySeal
from controller.adapters.secret_copy.in_store import StoreCopy
from controller.adapters.secret_target.file import FileSecretTarget
from controller.adapters.state_history.memory import MemoryStateHistory
from controller.adapters.workspaces.memory import MemoryWorkspaces
from controller.diagnostics.errors import Stalled
from controller.diagnostics.secret import SecretText
from controller.model.names import SecretName, StageName
from controller.ports.secret_store import SecretStore
from controller.workflows import keys
from controller.workflows.loop import Loop
from controller.workflows.parts import Parts
from controller.workflows.world import World

AT_A_TIME = 4
OF_A_FILE = 100
PLATFORM = """\
apiVersion: platform/v1
kind: Environment
metadata: {name: dev}
spec: {engine: terraform, state: {backend: local}}
---
apiVersion: platform/v1
kind: SecretStore
metadata: {name: main}
spec: {provider: {embedded: {}}}
---
apiVersion: platform/v1
kind: Product
metadata: {name: shop}
spec: {owner: team-shop, environments: [dev]}
---
apiVersion: platform/v1
kind: Pipeline
metadata: {name: shop, product: shop}
spec: {stages: [{environment: dev}]}
"""
DOCUMENT = """\
apiVersion: platform/v1
kind: Secret
metadata: {{name: {name}, product: shop}}
spec:
  store: main
  deliver: {{copies: [{{store: {{store: main, path: "apps/shop/{{environment}}/{name}"}}}}]}}
"""


@dataclass(frozen=True)
class Secrets:
    """Documents of secrets, and the workflow that has a turn of each."""

    loop: Loop
    ledger: SqliteLedger
    clock: MemoryClock
    names: Sequence[SecretName]

    @classmethod
    async def open(cls, folder: Path, store: SecretStore, names: Sequence[str]) -> Self:
        """Make the repository and let the controller read it."""
        ledger, clock = SqliteLedger.open(folder / "ledger.db"), MemoryClock()
        world = _world(folder, store, ledger, names, clock)
        loop = Loop(Parts.of(world), timedelta(seconds=30))
        stage = StageName("shop", "dev")
        await loop.work(keys.SOURCE)
        await loop.work(keys.stage_key(stage))
        return cls(loop, ledger, clock, [SecretName("shop", "dev", name) for name in names])

    async def turn_all(self) -> None:
        """Give every secret its turn, some at a time as a controller does; ten minutes later."""
        self.clock.advance(600)
        left = iter(self.names)

        async def work() -> None:
            for name in left:
                await self.loop.work(keys.secret_key(name))

        await asyncio.gather(*(work() for _ in range(AT_A_TIME)))

    async def close(self) -> None:
        """Close the ledger."""
        await self.ledger.close()


def _world(
    folder: Path,
    store: SecretStore,
    ledger: SqliteLedger,
    names: Sequence[str],
    clock: MemoryClock,
) -> World:
    repository = MemoryRepository()
    files = {"platform.yaml": PLATFORM}
    for begin in range(0, len(names), OF_A_FILE):
        texts = [DOCUMENT.format(name=name) for name in names[begin : begin + OF_A_FILE]]
        files[f"secrets/{begin:06}.yaml"] = "---\n".join(texts)
    repository.commit(files)

    async def the_store(_document: object) -> SecretStore:
        return store

    async def engine(_name: str, _environment: str) -> MemoryEngine:
        return MemoryEngine()

    async def issuer(_document: object) -> MemoryIssuer:
        return MemoryIssuer(clock)

    async def notifier(_document: object) -> MemoryNotifier:
        return MemoryNotifier()

    return World(
        clock=clock, repository=repository, pointers=MemoryPointers(clock),
        branches=MemoryBranches(repository), ledger=ledger,
        dispatcher=InProcessDispatcher(SqliteWakeups(ledger.connection), clock),
        artifacts=MemoryArtifacts(clock.now), workspaces=MemoryWorkspaces(),
        states=MemoryStateHistory(),
        processes=MemoryProcesses(), engine=engine, secret_store=the_store, issuer=issuer,
        secret_target=FileSecretTarget.open(folder / "secrets"), store_copy=StoreCopy,
        github_copy=_no_github, credentials=MemoryCredentialIssuer(),
        load_generator=MemoryLoadGenerator(), new_secret=_new_secret, notifier=notifier,
        notifications=[], environment_limits={}, shipped={}, policies=MemoryPolicyEngine(),
        seal=MemorySeal(),
    )  # fmt: skip


def _new_secret(length: int) -> SecretText:
    return SecretText("k" * length)


def _no_github(repository: str, name: str) -> NoReturn:
    raise Stalled.because(f"no GitHub: {repository}/{name}")
