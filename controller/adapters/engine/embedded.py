"""Terraform inside warm worker processes of our own: needs nothing but `pip install`."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from controller.adapters.engine import _lock_file
from controller.adapters.engine._operations import TerraformEngine
from controller.adapters.engine._runner import Command, Finished, OnLine
from controller.adapters.engine._worker import Worker
from controller.adapters.engine.packages import Packages
from controller.diagnostics.errors import EngineFailed
from controller.ports.engine import EngineCapabilities, EngineVersion, OnProcess

RUNS_PER_WORKER = 500
MADE_READY = 2
"""How many workers load providers before they are asked to: each keeps some 300 MB for it."""


async def connect(
    environment: Mapping[str, str],
    *,
    size: int = 2,
    runs_per_worker: int = RUNS_PER_WORKER,
    packages: Packages | None = None,
    backend_config: Path | None = None,
) -> TerraformEngine:
    """Start the first worker and give the engine. Call it in the main thread's event loop.

    `environment` is all that the workers get (`environment.build_environment`); `size` says how
    many may work at a time; with `packages`, providers are checked there and not by Terraform.
    Raises EngineFailed when a worker does not come up.
    """
    pool = await start_pool(environment, size=size, runs_per_worker=runs_per_worker)
    return TerraformEngine(pool, environment, packages=packages, backend_config=backend_config)


async def start_pool(
    environment: Mapping[str, str], *, size: int = 2, runs_per_worker: int = RUNS_PER_WORKER
) -> "Pool":
    """Start the first worker and give what runs single commands. Raises EngineFailed."""
    pool = Pool(environment, size, runs_per_worker)
    await pool.warm()
    return pool


class Pool:
    """Workers, each with the providers it has seen; a command goes to one that fits."""

    def __init__(self, environment: Mapping[str, str], size: int, runs_per_worker: int) -> None:
        """Use `start_pool`."""
        self._environment = dict(environment)
        self._size = size
        self._runs_per_worker = runs_per_worker
        self._places = asyncio.Semaphore(size)
        self._idle: list[Worker] = []
        self._busy = 0
        self._closed = False
        self._started = 0
        self._version = EngineVersion("embedded", "")

    @property
    def version(self) -> EngineVersion:
        return self._version

    @property
    def capabilities(self) -> EngineCapabilities:
        return EngineCapabilities(ephemeral_values=True, lock_without_hashes=True)

    @property
    def warm_places(self) -> int:
        return min(self._size, MADE_READY)

    async def warm(self) -> None:
        """Start one worker and learn the version."""
        worker = await self._start()
        self._version = EngineVersion("embedded", worker.version)
        self._idle.append(worker)

    async def run(
        self,
        directory: Path,
        command: Command,
        *,
        on_process: OnProcess | None = None,
        on_line: OnLine | None = None,
    ) -> Finished:
        """See `Runner.run`."""
        if self._closed:
            raise EngineFailed.because("the embedded engine is closed")
        directory = directory.resolve()
        providers = _lock_file.fingerprints(directory)
        async with self._places:
            self._busy += 1
            worker: Worker | None = None
            try:
                worker = await self._take(providers)
                worker.providers.update(providers)
                return await worker.run(_argv(directory, command), on_process, on_line)
            finally:
                self._busy -= 1
                if worker is not None:
                    self._idle.append(worker)

    async def close(self) -> None:
        """Wait for what is under way, then end every worker."""
        self._closed = True
        for _ in range(self._size):
            await self._places.acquire()
        workers, self._idle = self._idle, []
        await asyncio.gather(*(worker.close() for worker in workers))

    async def _take(self, providers: Mapping[str, str]) -> Worker:
        """Give the idle worker that knows most of the providers, or start one in a free place."""
        fitting = [worker for worker in self._idle if self._fits(worker, providers)]
        if fitting:
            best = max(
                fitting, key=lambda worker: (len(worker.providers.keys() & providers), worker.runs)
            )
            self._idle.remove(best)
            return best
        if len(self._idle) + self._busy > self._size or any(not w.is_alive for w in self._idle):
            stale = min(self._idle, key=lambda worker: (worker.is_alive, -worker.runs))
            self._idle.remove(stale)
            await stale.close()
        return await self._start()

    def _fits(self, worker: Worker, providers: Mapping[str, str]) -> bool:
        agrees = all(
            worker.providers.get(address, fingerprint) == fingerprint
            for address, fingerprint in providers.items()
        )
        return agrees and worker.is_alive and worker.runs < self._runs_per_worker

    async def _start(self) -> Worker:
        self._started += 1
        log = Path(self._environment["HOME"]) / f"worker-{self._started}.log"
        return await Worker.start(self._environment, log)


def _argv(directory: Path, command: Command) -> list[str]:
    """Give what a worker is told. It comes by a pipe: no list of processes shows any of it.

    Variables cannot come by the environment: Go has read that when the worker started.
    """
    words = command.words.split()
    given = [f"-var={name}={text.reveal()}" for name, text in command.secrets.items()]
    return [f"-chdir={directory}", *words, *given, *command.vector()[len(words) :]]
