"""One running PostgreSQL: started and stopped, and brought to the settings that are asked for."""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from controller.localcloud.daemon import logs, postgres
from controller.localcloud.daemon import records as notes
from controller.localcloud.daemon.child import Child
from controller.localcloud.daemon.identity import Identity
from controller.localcloud.daemon.ports import Ports
from controller.localcloud.daemon.records import Records
from controller.localcloud.errors import CloudError

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_RELOAD_SECONDS = 5.0
_PAUSE = 0.05
_LEFTOVER_SECONDS = 10.0
_LEFTOVER_PAUSE = 0.5
_LEFTOVER = "is still in use"
_TAIL_LINES = 15
_OVERRIDES = (
    "SELECT DISTINCT lower(name) FROM pg_file_settings "
    "WHERE sourcefile LIKE '%postgresql.auto.conf'"
)
# A setting that is only taken at the start has an error too, though it may be right.
_WRONG = (
    "SELECT f.name, f.error, coalesce(s.context = 'postmaster', false) FROM pg_file_settings f "
    "LEFT JOIN pg_settings s ON lower(s.name) = lower(f.name) WHERE f.error IS NOT NULL"
)
_PENDING = "SELECT name FROM pg_settings WHERE pending_restart"
_SHOWN = "SELECT lower(name), current_setting(name) FROM pg_settings WHERE lower(name) = ANY(%s)"


class PostgresServer:
    """The process of a database, and what can be asked of it."""

    def __init__(self, records: Records, ports: Ports) -> None:
        self._records = records
        self._ports = ports
        self.child: Child | None = None
        self.version = ""
        self.since = notes.now()
        self.on_start: Callable[[], None] = lambda: None

    @property
    def port(self) -> int:
        """Give the port that belongs to this server."""
        return self._ports.lease(self._records.key)

    @property
    def _sockets(self) -> Path:
        return postgres.socket_folder(self._records.places)

    @property
    def is_alive(self) -> bool:
        """Say whether there is a process."""
        return self.child is not None and self.child.is_alive

    async def answers(self) -> bool:
        """Say whether the server answers a question."""
        return self.is_alive and await postgres.answers(self.dsn("postgres"))

    def dsn(self, database: str) -> str:
        """Give libpq's words for a connection of the administrator."""
        return postgres.dsn(self._sockets, self.port, database)

    def query(self, text: str, *values: object) -> Awaitable[list[tuple[Any, ...]]]:
        """Ask the server as administrator."""
        return postgres.query(self.dsn("postgres"), text, values)

    async def find_again(self, identity: Identity, mark: str) -> None:
        """Take up a server that an earlier daemon has started, if it still runs."""
        self.child = Child.find(identity, mark)
        if self.is_alive:
            await self._note_version()

    async def start(self) -> None:
        """Start the server and wait until it answers; raises `CloudError` with its log.

        After a crash the old server's children may need a moment to go; PostgreSQL refuses to
        start until they are gone, so it is tried again.
        """
        clock = asyncio.get_running_loop().time
        deadline = clock() + _LEFTOVER_SECONDS
        while True:
            try:
                await self._start_once()
            except CloudError as error:
                if _LEFTOVER not in error.message or clock() > deadline:
                    raise
                await asyncio.sleep(_LEFTOVER_PAUSE)
            else:
                return

    async def _start_once(self) -> None:
        await asyncio.to_thread(postgres.mode)
        postgres.prepare_folders(self._records.places, self._records.data)
        socket = self._sockets / f".s.PGSQL.{self.port}"
        postgres.clear_stale_lock(self._records.data, socket)
        log_start = logs.size_of(self._records.log)
        self.child = Child.start(
            postgres.command("postgres", "-D", str(self._records.data)),
            folder=self._records.places.root,
            environment=notes.base_environment(),
            log=self._records.log,
            mark=f"{self._records.mark}{secrets.token_hex(8)}",
        )
        self.since = notes.now()
        self.on_start()
        await self._becomes_ready(self.child, log_start)
        await self._note_version()

    async def _note_version(self) -> None:
        if await self.answers():
            rows = await self.query("SHOW server_version")
            self.version = str(rows[0][0]).split()[0]

    async def _becomes_ready(self, child: Child, log_start: int) -> None:
        clock = asyncio.get_running_loop().time
        deadline = clock() + _START_SECONDS
        while not await postgres.answers(self.dsn("postgres")):
            is_late = clock() > deadline
            if is_late or await child.exits_within(_PAUSE):
                reason = f"not ready within {_START_SECONDS:.0f} s" if is_late else child.ending()
                await child.stop(signal.SIGQUIT, _STOP_SECONDS)
                tail = logs.tail(self._records.log, _TAIL_LINES, since=log_start)
                raise CloudError(
                    f"PostgreSQL `{self._records.name}` did not start: {reason}\n{tail}",
                    hint=f"the whole log is `{self._records.log}`",
                    attribute=("settings",),
                )

    async def stop(self) -> None:
        """Stop the server cleanly, cutting connections (PostgreSQL's `fast`)."""
        if self.child is not None:
            self.child.send_alone(signal.SIGINT)
            if not await self.child.exits_within(_STOP_SECONDS):
                await self.child.stop(signal.SIGQUIT, _STOP_SECONDS)

    async def take_settings(self, settings: Mapping[str, str]) -> None:
        """Make the settings true, with a restart only where one is needed.

        Raises `CloudError` if PostgreSQL does not take them; then those from before are back.
        """
        file = self._records.data / postgres.CONFIGURATION_FILE
        before = file.read_text() if file.exists() else None
        postgres.write_settings(self._records.data, self.port, self._sockets, settings)
        try:
            await self._take(settings, is_changed=before != file.read_text())
        except CloudError:
            if before is not None:
                postgres.write_text(file, before)
                if self.is_alive:
                    await self._reload()
                else:
                    await self.start()
            raise

    async def _take(self, settings: Mapping[str, str], *, is_changed: bool) -> None:
        if not self.is_alive:
            await self.start()
        elif is_changed and await self._needs_restart():
            await self.stop()
            await self.start()
        overridden = await self._take_back_overrides(settings)
        if is_changed or overridden:
            await self._reload()
        if await self.query(_PENDING):
            await self.stop()
            await self.start()

    async def _needs_restart(self) -> bool:
        """Say whether a setting is only taken at the start; raises `CloudError` if one is wrong."""
        rows = await self.query(_WRONG)
        for name, error, is_for_start in rows:
            if not is_for_start:
                raise CloudError(
                    f"PostgreSQL does not take the setting `{name}`: {error}",
                    attribute=("settings",),
                )
        return bool(rows)

    async def _take_back_overrides(self, settings: Mapping[str, str]) -> bool:
        """Undo each `ALTER SYSTEM` that would win over what is asked for."""
        rows = await self.query(_OVERRIDES)
        names = [str(name) for (name,) in rows if name in settings]
        for name in names:
            await self.query(f'ALTER SYSTEM RESET "{name}"')
        return bool(names)

    async def _reload(self) -> None:
        """Let the server read its settings again, and wait until it has."""
        clock = asyncio.get_running_loop().time
        before = await self.query("SELECT pg_conf_load_time()")
        await self.query("SELECT pg_reload_conf()")
        deadline = clock() + _RELOAD_SECONDS
        while clock() < deadline:
            if await self.query("SELECT pg_conf_load_time()") != before:
                return
            await asyncio.sleep(_PAUSE)

    async def shown(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Give these settings as the server tells them, in its own spelling."""
        rows = await self.query(_SHOWN, list(settings))
        return {str(name): str(value) for name, value in rows}

    async def make_database(self, database: str) -> None:
        """Make a database in the server, unless it is there."""
        if not await self.query("SELECT 1 FROM pg_database WHERE datname = %s", database):
            await self.query(f'CREATE DATABASE "{database}"')
