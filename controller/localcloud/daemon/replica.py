"""One process of a service: started, found again, asked whether it is healthy, and stopped."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.localcloud.daemon import logs, probe
from controller.localcloud.daemon.child import Child
from controller.localcloud.daemon.identity import Identity
from controller.localcloud.daemon.ports import HOST
from controller.localcloud.daemon.records import Records, base_environment
from controller.localcloud.daemon.router import Target
from controller.localcloud.daemon.specs import Health, ServiceSpec
from controller.localcloud.errors import CloudError

STARTING = "starting"
SERVING = "serving"
DRAINING = "draining"

_FIRST_PAUSE = 0.03
_LONGEST_PAUSE = 0.5
_FAILURES_ALLOWED = 3
_TAIL_LINES = 20


ANY_HEALTH = Health("", 1000, 30)


@dataclass(eq=False)
class Replica:
    """One process of a service, and its place in the router."""

    index: int
    port: int
    digest: str
    child: Child
    state: str
    log_start: int = 0
    health: Health = ANY_HEALTH
    told: Mapping[str, str] = field(default_factory=dict)
    """What its service had been told to start anew for, when this process was started."""
    target: Target = field(init=False)

    def __post_init__(self) -> None:
        self.target = Target(self.port)

    @classmethod
    def start(
        cls,
        records: Records,
        spec: ServiceSpec,
        index: int,
        port: int,
        told: Mapping[str, str],
    ) -> Replica:
        """Start the process; raises `CloudError` if that is not possible."""
        command = list(spec.command)
        if command[0] == "python":
            command[0] = sys.executable
        folder = records.data
        if spec.directory:
            folder = folder.__class__(spec.directory)
        else:
            folder.mkdir(exist_ok=True)
        log_start = logs.size_of(records.log)
        child = Child.start(
            command,
            folder=folder,
            environment={
                **base_environment(),
                **spec.environment,
                "PORT": str(port),
                "HOST": HOST,
                "REPLICA": str(index),
            },
            log=records.log,
            mark=f"{records.mark}{secrets.token_hex(8)}",
        )
        return cls(index, port, spec.digest(), child, STARTING, log_start, told=dict(told))

    @classmethod
    def find(cls, noted: dict[str, Any]) -> Replica | None:
        """Find a process that an earlier daemon has started; `None` if it is gone."""
        identity = Identity(noted["pid"], noted["started"], noted["boot"])
        child = Child.find(identity, noted["mark"])
        if child is None:
            return None
        replica = cls(noted["index"], noted["port"], noted["digest"], child, noted["state"])
        replica.told = noted.get("told", {})
        replica.target.is_healthy = replica.state == SERVING
        return replica

    def as_json(self) -> dict[str, Any]:
        """Give what `find` needs."""
        return {
            **self.child.identity.as_json(),
            "mark": self.child.mark,
            "index": self.index,
            "port": self.port,
            "digest": self.digest,
            "state": self.state,
            "told": dict(self.told),
        }

    @property
    def is_healthy(self) -> bool:
        """Say whether it runs and answers."""
        return self.child.is_alive and self.target.is_healthy

    async def becomes_healthy(self, records: Records, health: Health) -> None:
        """Wait until it answers; raises `CloudError` with the end of its log if it does not."""
        pause = _FIRST_PAUSE
        clock = asyncio.get_running_loop().time
        deadline = clock() + health.timeout_s
        while not await probe.is_healthy(self.port, health.path, health.timeout_s):
            if await self.child.exits_within(min(pause, health.interval_ms / 1000)):
                raise self._unfit(records, self.child.ending())
            if clock() > deadline:
                reason = f"`{health.path}` on its port was not answered well"
                raise self._unfit(records, f"{reason} within {health.timeout_s} s")
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        if not self.child.is_alive:
            raise self._unfit(records, self.child.ending())
        self.target.is_healthy = True

    def _unfit(self, records: Records, reason: str) -> CloudError:
        tail = logs.tail(records.log, _TAIL_LINES, since=self.log_start) or "(it wrote nothing)"
        return CloudError(
            f"replica {self.index} of `{records.name}` did not get healthy: {reason}\n"
            f"the end of its log:\n{tail}",
            hint=f"the whole log is `{records.log}`",
        )

    async def watch_health(self) -> None:
        """Keep on asking as long as it runs: a replica that hangs is passed over."""
        failures = 0
        while not await self.child.exits_within(self.health.interval_ms / 1000):
            if await self._answers():
                failures = 0
                self.target.is_healthy = True
            else:
                failures += 1
                if failures >= _FAILURES_ALLOWED:
                    self.target.is_healthy = False
        self.target.is_healthy = False

    async def _answers(self) -> bool:
        return await probe.is_healthy(self.port, self.health.path, self.health.timeout_s)

    async def drain_and_stop(self, grace: float) -> None:
        """Let connections end, at most `grace` seconds; then stop the process."""
        self.state = DRAINING
        self.target.is_draining = True
        if self.child.is_alive:
            try:
                async with asyncio.timeout(grace):
                    await self.target.is_idle.wait()
            except TimeoutError:
                pass
        await self.child.stop(signal.SIGTERM, max(grace, 1.0))
