"""One database of the cloud: a PostgreSQL server of its own, with its data, port and settings."""

from __future__ import annotations

import asyncio
import logging
import shutil
import signal
from typing import Any

from controller.localcloud.daemon import identity, postgres
from controller.localcloud.daemon import records as notes
from controller.localcloud.daemon.child import Child
from controller.localcloud.daemon.identity import Identity
from controller.localcloud.daemon.ports import HOST, Ports
from controller.localcloud.daemon.postgres_server import PostgresServer
from controller.localcloud.daemon.records import Records
from controller.localcloud.daemon.specs import DatabaseSpec
from controller.localcloud.errors import CloudError

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_KILL_SECONDS = 10.0
_LOG = logging.getLogger(__name__)


class Database:
    """A database of the cloud. Operations are done one by one, and may be repeated."""

    def __init__(self, records: Records, ports: Ports) -> None:
        self._records = records
        self._ports = ports
        self._server = PostgresServer(records, ports)
        self._server.on_start = self._started
        self._lock = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        self._shown: dict[str, str] = {}
        self._restarts = 0
        self._problem = ""
        self._is_to_resume = False
        self._is_stopping = False

    # -- what is asked for

    async def ensure(self, owner: str, previous_owner: str | None, wanted: object) -> None:
        """Bring the server to what is wanted; raises `CloudError`."""
        spec = DatabaseSpec.from_json(wanted)
        async with self._lock:
            current = self._records.owner()
            notes.check_owner(self._records.key, current, owner, previous_owner)
            await self._bring(owner, spec)

    async def restart(self) -> None:
        """Bring the server to what its configuration file says, with a new process."""
        async with self._lock:
            owner, spec = self._live()
            await self._stop_server()
            await self._bring(owner, spec)

    async def start_missing(self) -> None:
        """Start the server if it does not run."""
        async with self._lock:
            owner, spec = self._live()
            await self._bring(owner, spec)

    async def remove(self) -> None:
        """Stop the server and remove its data; raises `CloudError` if it is protected."""
        async with self._lock:
            self._check_protection()
            self._records.forget_configuration()
            await self._stop_server()
            await self._forget_all()

    async def _forget_all(self) -> None:
        await asyncio.to_thread(shutil.rmtree, self._records.data, ignore_errors=True)
        self._records.forget()
        self._ports.release(self._records.key)

    def _check_protection(self) -> None:
        try:
            is_protected = self._live()[1].deletion_protection
        except CloudError:
            return
        if is_protected:
            raise CloudError(
                f"database `{self._records.name}` is protected against deletion",
                hint="set `deletion_protection = false`, apply, and then destroy",
                attribute=("deletion_protection",),
            )

    async def stop(self) -> bool:
        """Stop the server, to be started again by `resume`; say whether it ran."""
        async with self._lock:
            was_running = self._server.is_alive
            self._is_to_resume = self._is_to_resume or was_running
            await self._stop_server()
            self._note()
            return was_running

    async def resume(self) -> bool:
        """Start what `stop` has stopped; say whether there was anything to start."""
        if not self._is_to_resume:
            return False
        await self.start_missing()
        return True

    async def kill(self) -> list[int]:
        """Kill the server as a crash would, and give its id once it is gone."""
        child = self._server.child
        if child is None or not child.is_alive:
            return []
        child.send(signal.SIGKILL)
        await child.exits_within(_KILL_SECONDS)
        return [child.identity.pid]

    async def status(self) -> dict[str, Any] | None:
        """Tell how it is; `None` if there is no such server."""
        if not self._records.exists():
            return None
        child = self._server.child
        is_running = await self._server.answers()
        status: dict[str, Any] = {
            "kind": "database",
            "name": self._records.name,
            "owner": self._records.owner(),
            "replicas": 1,
            "running": int(is_running),
            "pids": [child.identity.pid] if child is not None and child.is_alive else [],
            "host": HOST,
            "port": self._server.port,
            "since": self._server.since,
            "restarts": self._restarts,
            "problem": self._problem,
            "version": self._server.version,
            "url": "",
            "admin_dsn": "",
            "spec": {},
        }
        try:
            _owner, spec = self._live()
        except CloudError as error:
            return {**status, "problem": error.message}
        settings = await self._settings_in_force(spec) if is_running else spec.settings
        return {
            **status,
            "url": f"postgresql://{HOST}:{self._server.port}/{spec.database}",
            "admin_dsn": self._server.dsn(spec.database),
            "spec": {**spec.as_json(), "settings": dict(settings)},
        }

    # -- how it is done

    def _live(self) -> tuple[str, DatabaseSpec]:
        configuration = self._records.find_configuration()
        if configuration is None:
            raise CloudError(f"there is no database `{self._records.name}`")
        owner = configuration.pop("owner", "")
        return str(owner), DatabaseSpec.from_json(configuration)

    async def _bring(self, owner: str, spec: DatabaseSpec) -> None:
        is_new = not self._records.exists()
        held = None if is_new else self._server.port
        port = self._ports.lease(self._records.key, spec.port)
        try:
            if held not in {None, port}:
                await self._stop_server()
            await self._make_cluster()
            await self._server.take_settings(spec.settings)
            await self._server.make_database(spec.database)
        except BaseException:
            if is_new:
                await self._stop_server()
                await self._forget_all()
            raise
        self._records.write_configuration(owner, spec.as_json())
        self._shown = await self._server.shown(spec.settings)
        self._is_to_resume = False
        self._problem = ""
        self._note()

    async def _make_cluster(self) -> None:
        data = self._records.data
        if (data / postgres.CONFIGURATION_FILE).exists():
            return
        await asyncio.to_thread(shutil.rmtree, data, ignore_errors=True)
        await asyncio.to_thread(postgres.mode)
        postgres.prepare_folders(self._records.places, data)
        await postgres.initialise(data)

    async def _settings_in_force(self, spec: DatabaseSpec) -> dict[str, str]:
        """Give the settings as configured, but for what somebody has changed in the server."""
        shown = await self._server.shown(spec.settings)
        return {
            name: value if shown.get(name) == self._shown.get(name) else shown.get(name, value)
            for name, value in spec.settings.items()
        }

    async def _stop_server(self) -> None:
        self._is_stopping = True
        try:
            await self._server.stop()
        finally:
            self._is_stopping = False

    def _started(self) -> None:
        self._note()
        child = self._server.child
        if child is not None:
            self._watching = asyncio.get_running_loop().create_task(self._watch(child))

    async def _watch(self, child: Child) -> None:
        """Note the end of the server, and start it again if it is to be restarted always."""
        await child.exited.wait()
        if self._is_stopping or child is not self._server.child or self._lock.locked():
            return
        self._problem = child.ending()
        self._note()
        _LOG.warning("database `%s`: %s", self._records.name, self._problem)
        await self.revive()

    async def revive(self) -> None:
        """Start the server again and again, ever slower, if it is to be restarted always."""
        pause = _FIRST_PAUSE
        while not self._server.is_alive:
            try:
                _owner, spec = self._live()
            except CloudError:
                return
            if spec.restart != "always":
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            self._restarts += 1
            try:
                await self.start_missing()
            except CloudError as error:
                self._problem = error.message

    # -- life after the daemon's death

    async def find_again(self) -> None:
        """Take up what an earlier daemon has left."""
        noted = self._records.running()
        self._is_to_resume = bool(noted.get("resume"))
        self._shown = dict(noted.get("shown") or {})
        self._server.version = str(noted.get("version") or "")
        process = noted.get("process")
        if process:
            identity_noted = Identity(process["pid"], process["started"], process["boot"])
            await self._server.find_again(identity_noted, process["mark"])
            self._server.since = str(noted.get("since"))
        if not self._records.exists():
            await self.remove()
            return
        child = self._server.child
        if child is not None and child.is_alive:
            self._watching = asyncio.get_running_loop().create_task(self._watch(child))
        else:
            self._is_to_resume = self._is_to_resume or bool(process)
            identity.kill_marked(self._records.mark)
            self._watching = asyncio.get_running_loop().create_task(self.revive())

    def _note(self) -> None:
        child = self._server.child
        process = None
        if child is not None and child.is_alive:
            process = {**child.identity.as_json(), "mark": child.mark}
        if process is None and not self._records.exists():
            self._records.forget_running()
            return
        self._records.write_running(
            {
                "process": process,
                "since": self._server.since,
                "shown": self._shown,
                "version": self._server.version,
                "resume": self._is_to_resume,
            }
        )
