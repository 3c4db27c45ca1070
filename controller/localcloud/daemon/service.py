"""One service: a few processes behind a router, brought to what is asked for without a gap."""

from __future__ import annotations

import asyncio
import logging
import shutil
import signal
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

from controller.localcloud.daemon import identity
from controller.localcloud.daemon import records as notes
from controller.localcloud.daemon.ports import HOST, Ports
from controller.localcloud.daemon.records import Records
from controller.localcloud.daemon.replica import DRAINING, SERVING, Replica
from controller.localcloud.daemon.router import Router
from controller.localcloud.daemon.specs import ServiceSpec
from controller.localcloud.errors import CloudError

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_KILL_SECONDS = 10.0
_LOG = logging.getLogger(__name__)


class Service:
    """A service of the cloud. Its operations are done one after the other, and may be repeated."""

    def __init__(self, records: Records, ports: Ports) -> None:
        self._records = records
        self._ports = ports
        self._router = Router()
        self._serving: list[Replica] = []
        self._leaving: list[Replica] = []
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reviving: asyncio.Task[None] | None = None
        self._since = notes.now()
        self._restarts = 0
        self._problem = ""
        self._is_to_resume = False
        self._told: dict[str, str] = {}

    # -- what is asked for

    async def ensure(self, owner: str, previous_owner: str | None, wanted: object) -> None:
        """Bring the service to what is wanted; raises `CloudError` and has then changed nothing."""
        spec = ServiceSpec.from_json(wanted)
        async with self._lock:
            current = self._records.owner()
            notes.check_owner(self._records.key, current, owner, previous_owner)
            await self._bring(owner, spec)

    async def restart(self) -> None:
        """Bring the service to what its configuration file says, with new processes."""
        async with self._lock:
            owner, spec = self._live()
            await self._bring(owner, spec, is_renewed=True)

    async def renew(self, told: Mapping[str, str]) -> None:
        """Restart, unless every process was started after all of this had been told already.

        Asked for once more with the same words, it changes nothing.
        """
        async with self._lock:
            owner, spec = self._live()
            self._told.update(told)
            if any(each.child.is_alive and not self._knows(each) for each in self._serving):
                await self._bring(owner, spec, is_renewed=True)

    def _knows(self, replica: Replica) -> bool:
        return self._told.items() <= replica.told.items()

    async def start_missing(self) -> None:
        """Start the processes that should run and do not."""
        async with self._lock:
            owner, spec = self._live()
            await self._bring(owner, spec)

    async def remove(self) -> None:
        """Stop everything and forget the service."""
        async with self._lock:
            self._records.forget_configuration()
            await self._stop_replicas()
            self._records.forget()
            self._ports.release(self._records.key)
            await asyncio.to_thread(shutil.rmtree, self._records.data, ignore_errors=True)

    async def stop(self) -> bool:
        """Stop the processes, to be started again by `resume`; say whether there were any."""
        async with self._lock:
            was_running = any(each.child.is_alive for each in self._serving)
            self._is_to_resume = self._is_to_resume or was_running
            await self._stop_replicas()
            self._note()
            return was_running

    async def resume(self) -> bool:
        """Start what `stop` has stopped; say whether there was anything to start."""
        if not self._is_to_resume:
            return False
        await self.start_missing()
        return True

    async def kill(self) -> list[int]:
        """Kill the processes as a crash would, and give their ids once they are gone."""
        alive = [each.child for each in self._serving if each.child.is_alive]
        for each in alive:
            each.send(signal.SIGKILL)
        await asyncio.gather(*(each.exits_within(_KILL_SECONDS) for each in alive))
        return [each.identity.pid for each in alive]

    async def status(self) -> dict[str, Any] | None:
        """Tell how it is; `None` if there is no such service."""
        if not self._records.exists():
            return None
        alive = [each for each in self._serving if each.child.is_alive]
        port = self._ports.lease(self._records.key)
        status: dict[str, Any] = {
            "kind": "service",
            "name": self._records.name,
            "owner": self._records.owner(),
            "running": sum(each.is_healthy for each in self._serving if self._router.is_open),
            "pids": [each.child.identity.pid for each in alive],
            "leaving": len(self._leaving),
            "port": port,
            "url": f"http://{HOST}:{port}",
            "since": self._since,
            "restarts": self._restarts,
            "problem": self._problem,
            "replicas": 0,
            "spec": {},
        }
        try:
            _owner, spec = self._live()
        except CloudError as error:
            return {**status, "problem": error.message}
        return {**status, "replicas": spec.replicas, "spec": spec.as_json()}

    # -- how it is done

    def _live(self) -> tuple[str, ServiceSpec]:
        """Read the configuration file: it may have been edited since."""
        configuration = self._records.find_configuration()
        if configuration is None:
            raise CloudError(f"there is no service `{self._records.name}`")
        owner = configuration.pop("owner", "")
        return str(owner), ServiceSpec.from_json(configuration)

    async def _bring(self, owner: str, spec: ServiceSpec, *, is_renewed: bool = False) -> None:
        held = self._router.port
        was_there = self._records.exists()
        port = self._ports.lease(self._records.key, spec.port)
        kept = [] if is_renewed else self._still_good(spec)
        fresh: list[Replica] = []
        try:
            self._start_fresh(spec, kept, fresh)
            await self._all_healthy(spec, fresh)
            await self._router.open(port)
        except BaseException:
            await self._discard(fresh)
            if not was_there:
                self._ports.release(self._records.key)
            elif held is not None and held != port:
                self._ports.lease(self._records.key, held)
            raise
        self._commit(owner, spec, kept, fresh)

    def _still_good(self, spec: ServiceSpec) -> list[Replica]:
        digest = spec.digest()
        good = [each for each in self._serving if each.is_healthy and each.digest == digest]
        return good[: spec.replicas]

    def _start_fresh(self, spec: ServiceSpec, kept: list[Replica], fresh: list[Replica]) -> None:
        used = {each.index for each in kept}
        for index in (each for each in range(spec.replicas) if each not in used):
            port = self._ports.take()
            try:
                replica = Replica.start(self._records, spec, index, port, self._told)
            except BaseException:
                self._ports.give_back(port)
                raise
            fresh.append(replica)
            self._note(fresh)

    async def _all_healthy(self, spec: ServiceSpec, fresh: list[Replica]) -> None:
        waits = (each.becomes_healthy(self._records, spec.health) for each in fresh)
        results = await asyncio.gather(*waits, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _discard(self, fresh: list[Replica]) -> None:
        for each in fresh:
            each.target.is_draining = True
        await asyncio.gather(*(each.drain_and_stop(0) for each in fresh))
        for each in fresh:
            self._ports.give_back(each.port)
        self._note()

    def _commit(
        self, owner: str, spec: ServiceSpec, kept: list[Replica], fresh: list[Replica]
    ) -> None:
        """Let the new replicas serve, and the others leave, from one moment to the next."""
        old = [each for each in self._serving if each not in kept]
        self._records.write_configuration(owner, spec.as_json())
        for each in fresh:
            each.state = SERVING
        self._serving = sorted([*kept, *fresh], key=lambda each: each.index)
        self._router.targets = [each.target for each in self._serving]
        self._is_to_resume = False
        self._problem = ""
        if fresh or old:
            self._since = notes.now()
        for each in self._serving:
            each.health = spec.health
        for each in fresh:
            self._look_after(each)
        self._leave(old, spec.stop_grace_s)
        self._note()

    def _leave(self, old: Iterable[Replica], grace: float) -> None:
        for each in old:
            each.state = DRAINING
            each.target.is_draining = True
            self._leaving.append(each)
            self._do(self._see_off(each, grace))

    async def _see_off(self, replica: Replica, grace: float) -> None:
        await replica.drain_and_stop(grace)
        self._leaving.remove(replica)
        self._ports.give_back(replica.port)
        self._note()

    def _look_after(self, replica: Replica) -> None:
        self._do(replica.watch_health())
        self._do(self._await_exit(replica))

    async def _await_exit(self, replica: Replica) -> None:
        await replica.child.exited.wait()
        if replica.state != SERVING:
            return
        self._ports.give_back(replica.port)
        self._note()
        self._problem = f"replica {replica.index}: {replica.child.ending()}"
        _LOG.warning("`%s`: %s", self._records.name, self._problem)
        self.revive()

    def revive(self) -> None:
        """Start what has ended, if it is to be restarted always; again and again, ever slower."""
        if self._reviving is None or self._reviving.done():
            self._reviving = asyncio.get_running_loop().create_task(self._revive())

    async def _revive(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                _owner, spec = self._live()
            except CloudError:
                return
            healthy = sum(each.child.is_alive for each in self._serving)
            if spec.restart != "always" or healthy >= spec.replicas:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            self._restarts += 1
            try:
                await self.start_missing()
            except CloudError as error:
                self._problem = error.message
                _LOG.warning("`%s` is not back yet: %s", self._records.name, error.message)

    async def _stop_replicas(self) -> None:
        if self._reviving is not None:
            self._reviving.cancel()
        grace = self._grace()
        leaving, self._serving = [*self._serving, *self._leaving], []
        for each in leaving:
            each.state = DRAINING
        self._router.close()
        self._router.targets = ()
        await asyncio.gather(*(each.drain_and_stop(grace) for each in leaving))
        for each in leaving:
            self._ports.give_back(each.port)
        identity.kill_marked(self._records.mark)

    def _grace(self) -> float:
        try:
            return self._live()[1].stop_grace_s
        except CloudError:
            return 1.0

    # -- life after the daemon's death

    async def find_again(self) -> None:
        """Take up what an earlier daemon has left: processes, front port, drains under way."""
        noted = self._records.running()
        self._since = str(noted.get("since") or self._since)
        self._is_to_resume = bool(noted.get("resume"))
        self._told = dict(noted.get("told", {}))
        self._kill_strays({each["mark"] for each in noted.get("replicas", ())})
        found = [Replica.find(each) for each in noted.get("replicas", ())]
        replicas = [each for each in found if each is not None]
        for each in replicas:
            self._ports.keep(each.port)
        if not self._records.exists():
            self._serving = replicas
            await self.remove()
            return
        self._serving = [each for each in replicas if each.state == SERVING]
        if noted.get("replicas") and not replicas:
            self._is_to_resume = (
                True  # all were ended with the daemon, as in a restart of a machine
            )
        self._leave([each for each in replicas if each.state != SERVING], self._grace())
        self._router.targets = [each.target for each in self._serving]
        try:
            _owner, spec = self._live()
        except CloudError as error:
            self._problem = error.message
            return
        for each in self._serving:
            each.health = spec.health
            self._look_after(each)
        if self._serving:
            await self._open_again()
        self._note()
        self.revive()

    def _kill_strays(self, known: set[str]) -> None:
        """Kill what a daemon has started and had no time to note before it was killed."""
        for _pid, mark in tuple(identity.marked(self._records.mark)):
            if mark not in known:
                identity.kill_marked(mark)

    async def _open_again(self) -> None:
        """Listen on the front port; if another has taken it meanwhile, keep on trying."""
        try:
            await self._router.open(self._ports.lease(self._records.key))
        except CloudError as error:
            self._problem = error.message
            _LOG.warning("`%s`: %s", self._records.name, error.message)
            self._do(self._keep_opening())

    async def _keep_opening(self) -> None:
        while self._serving and not self._router.is_open:
            await asyncio.sleep(1.0)
            try:
                await self._router.open(self._ports.lease(self._records.key))
                self._problem = ""
            except CloudError:
                continue

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something go on in the background; the set keeps it from being forgotten."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _note(self, starting: Iterable[Replica] = ()) -> None:
        replicas = [*self._serving, *self._leaving, *starting]
        if not replicas and not self._records.exists():
            self._records.forget_running()
            return
        self._records.write_running(
            {
                "replicas": [each.as_json() for each in replicas if each.child.is_alive],
                "since": self._since,
                "resume": self._is_to_resume,
                "told": self._told,
            }
        )
