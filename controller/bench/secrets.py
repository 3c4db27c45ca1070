"""`trueup bench secrets`: many secrets on a real OpenBao, beside reading all of them with hvac.

Ours is the controller's own work on each secret: its documents, its ledger on disk, its files, its
store. The plain side reads every secret once, one after the other, with one client of hvac that
stays logged in, and does nothing else. Requests are counted in the server's audit log.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from controller.adapters.secret_store._configuration import MOUNT, PREFIX
from controller.adapters.secret_store.embedded import EmbeddedOpenBao
from controller.adapters.secret_store.openbao import OpenBaoSecretStore
from controller.bench.report import Case, Report, peak_rss_mib
from controller.bench.secrets_world import Secrets
from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretReference

GOAL = 0.3
CHANGED = 100
"""One of so many secrets changes."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Took:
    seconds: float
    requests: int


def bench_secrets(number: int, say: Say) -> Report:
    """Run all cases once. Calls the event loop: not to be called from one."""
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as folder:
        return asyncio.run(_bench(Path(folder), number, say))


async def _bench(folder: Path, number: int, say: Say) -> Report:
    async with _served(folder) as (server, store):
        names = [f"s{index:05}" for index in range(number)]
        say(f"writing {number} secrets")
        for name in names:
            where = SecretReference("main", f"shop/dev/{name}")
            await store.write(where, {"value": SecretText(f"{name}-" + "x" * 140)}, expect=0)
        secrets = await Secrets.open(folder, store, names)
        counted = _Counter(folder / "bao" / "audit")
        try:
            say("full copy: every secret is delivered and copied for the first time")
            first = await counted.took(secrets.turn_all)
            await secrets.turn_all()  # what was found before the first turns is there no more
            say("no-op pass")
            quiet = await counted.took(secrets.turn_all)
            say("1 % changed")
            for name in names[::CHANGED]:
                where = SecretReference("main", f"shop/dev/{name}")
                await store.write(where, {"value": SecretText(f"{name}-" + "y" * 140)}, expect=1)
            changed = await counted.took(secrets.turn_all)
            say("reading everything with hvac")
            plain = await counted.took(lambda: asyncio.to_thread(_read_all, server, names))
        finally:
            await secrets.close()
    return Report(
        "secrets",
        (
            _case("no-op pass", number, quiet, plain, goal=GOAL),
            _case("1 % changed", number, changed, plain, goal=None),
            _case("full copy", number, first, plain, goal=None),
        ),
    )


def _case(name: str, number: int, ours: _Took, plain: _Took, *, goal: float | None) -> Case:
    return Case(
        name=name,
        units=number,
        ours_seconds=ours.seconds,
        plain_seconds=plain.seconds,
        goal="-" if goal is None else f"ratio ≤ {goal:g}",
        is_met=goal is None or ours.seconds <= goal * plain.seconds,
        peak_rss_mib=peak_rss_mib(),
        detail={
            "requests": ours.requests,
            "plain_requests": plain.requests,
            "plain": "every secret read once with hvac, one after the other, one client",
        },
    )


@asynccontextmanager
async def _served(folder: Path) -> AsyncIterator[tuple[EmbeddedOpenBao, OpenBaoSecretStore]]:
    server = await EmbeddedOpenBao.start(folder / "bao")
    try:
        store = await server.connect()
        try:
            yield server, store
        finally:
            await store.close()
    finally:
        await server.stop()


def _read_all(server: EmbeddedOpenBao, names: list[str]) -> None:
    import hvac
    from requests import Session

    with Session() as session:
        session.trust_env = False
        session.verify = str(server.authority)
        client = hvac.Client(url=server.address, token="", session=session)
        login = server.authority.parent.parent / "server" / "login"
        role, secret = (login / "role-id").read_text(), (login / "secret-id").read_text()
        client.auth.approle.login(role, secret)
        for name in names:
            client.secrets.kv.v2.read_secret_version(
                f"{PREFIX}/shop/dev/{name}", mount_point=MOUNT, raise_on_deleted_version=True
            )


@dataclass(frozen=True, slots=True)
class _Counter:
    folder: Path

    async def took(self, work: Callable[[], object]) -> _Took:
        before, began = self._lines(), time.perf_counter()
        result = work()
        if asyncio.iscoroutine(result):
            await result
        seconds = time.perf_counter() - began
        return _Took(seconds, (self._lines() - before) // 2)

    def _lines(self) -> int:
        """Count; the server writes a line for a request and one for its answer."""
        total = 0
        for file in self.folder.iterdir():
            with file.open("rb") as log:
                total += sum(1 for _ in log)
        return total
