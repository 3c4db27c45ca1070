"""Everything there is in one root, and what may be asked of it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from controller.localcloud import names
from controller.localcloud.daemon import identity, logs
from controller.localcloud.daemon import records as notes
from controller.localcloud.daemon.bucket import Bucket
from controller.localcloud.daemon.database import Database
from controller.localcloud.daemon.ports import Ports
from controller.localcloud.daemon.records import Records
from controller.localcloud.daemon.service import Service
from controller.localcloud.errors import CloudError
from controller.localcloud.names import KINDS, Kind
from controller.localcloud.places import Places

_MOST_LOG_LINES = 2000
_LOG = logging.getLogger(__name__)

Request = dict[str, Any]


class Thing(Protocol):
    """What services, databases and buckets have in common."""

    async def ensure(self, owner: str, previous_owner: str | None, wanted: object) -> None:
        """Bring it to what is wanted."""

    async def restart(self) -> None:
        """Bring it to what its configuration file says, with new processes."""

    async def remove(self) -> None:
        """Remove it."""

    async def stop(self) -> bool:
        """Stop its processes without forgetting it."""

    async def resume(self) -> bool:
        """Start what `stop` has stopped."""

    async def find_again(self) -> None:
        """Take up what an earlier daemon has left."""

    async def status(self) -> dict[str, Any] | None:
        """Tell how it is."""

    async def kill(self) -> list[int]:
        """Kill its processes as a crash would."""


class Inventory:
    """The things of one root, found again when the daemon starts."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._ports = Ports(places.leases)
        self._things: dict[tuple[Kind, str], Thing] = {}
        self._since = notes.now()
        self.is_closing = asyncio.Event()
        self._operations: dict[str, Callable[[Request], Awaitable[object]]] = {
            "ping": self._ping,
            "list": self._list,
            "get": self._get,
            "ensure": self._ensure,
            "edit": self._edit,
            "restart": self._restart,
            "renew": self._renew,
            "remove": self._remove,
            "kill": self._kill,
            "logs": self._logs,
            "stop-all": self._stop_all,
            "resume": self._resume,
        }

    async def find_again(self) -> None:
        """Take up everything that is written down, all at once."""
        known = set()
        for kind in KINDS:
            for path in self._places.configuration(kind, "*").parent.glob("*.json"):
                known.add((kind, path.stem))
        for path in self._places.running("service", "*").parent.glob("*.json"):
            kind_text, _dash, name = path.stem.partition("-")
            if kind_text in KINDS:
                known.add((names.checked_kind(kind_text), name))
        things = [
            (key, self._thing(*key)) for key in sorted(known) if not names.name_problem(key[1])
        ]
        results = await asyncio.gather(
            *(thing.find_again() for _key, thing in things), return_exceptions=True
        )
        for (key, _thing), result in zip(things, results, strict=True):
            if isinstance(result, BaseException):
                _LOG.error("`%s/%s` was not taken up: %r", *key, result)

    async def answer(self, request: Request) -> object:
        """Do what is asked; raises `CloudError`."""
        operation = self._operations.get(str(request.get("op")))
        if operation is None:
            known = ", ".join(self._operations)
            raise CloudError(
                f"`{str(request.get('op'))[:40]}` is not an operation; there are {known}"
            )
        if self.is_closing.is_set():
            raise ConnectionResetError("the daemon is about to end")
        return await operation(request)

    def has_work(self) -> bool:
        """Say whether there is anything to look after."""
        return any(
            any(self._places.configuration(kind, "x").parent.glob("*.json"))
            for kind in ("service", "database")
        )

    def _thing(self, kind: Kind, name: str) -> Thing:
        thing = self._things.get((kind, name))
        if thing is None:
            thing = self._things[kind, name] = self._make(Records(self._places, kind, name))
        return thing

    def _make(self, records: Records) -> Thing:
        match records.kind:
            case "service":
                return Service(records, self._ports)
            case "database":
                return Database(records, self._ports)
            case "bucket":
                return Bucket(records)

    def _asked(self, request: Request) -> tuple[Kind, str, Thing]:
        kind = names.checked_kind(request.get("kind"))
        name = names.checked_name(request.get("name"))
        return kind, name, self._thing(kind, name)

    async def _existing(self, request: Request) -> tuple[Thing, dict[str, Any]]:
        kind, name, thing = self._asked(request)
        status = await thing.status()
        if status is None:
            raise CloudError(f"there is no {kind} `{name}`", hint="`list` shows what there is")
        return thing, status

    # -- the operations

    async def _ping(self, _request: Request) -> object:
        return {"pid": os.getpid(), "root": str(self._places.root), "since": self._since}

    async def _list(self, _request: Request) -> object:
        for kind in KINDS:
            for path in self._places.configuration(kind, "*").parent.glob("*.json"):
                if not names.name_problem(path.stem):
                    self._thing(kind, path.stem)
        things = [self._things[key] for key in sorted(self._things)]
        statuses = await asyncio.gather(*(thing.status() for thing in things))
        return [status for status in statuses if status is not None]

    async def _get(self, request: Request) -> object:
        _kind, _name, thing = self._asked(request)
        return await thing.status()

    async def _ensure(self, request: Request) -> object:
        _kind, _name, thing = self._asked(request)
        owner = names.checked_owner(request.get("owner"))
        previous = request.get("previous_owner")
        await thing.ensure(owner, previous if isinstance(previous, str) else None, request["spec"])
        return await thing.status()

    async def _edit(self, request: Request) -> object:
        thing, status = await self._existing(request)
        changes = request.get("changes")
        if not isinstance(changes, dict) or not changes:
            raise CloudError("nothing to change was given", hint="for example `replicas=1`")
        spec = dict(status["spec"])
        owner = changes.pop("owner", status["owner"])
        for path, value in changes.items():
            _put(spec, str(path).split("."), value)
        await thing.ensure(names.checked_owner(owner), status["owner"], spec)
        return await thing.status()

    async def _restart(self, request: Request) -> object:
        thing, _status = await self._existing(request)
        await thing.restart()
        return await thing.status()

    async def _renew(self, request: Request) -> object:
        thing, _status = await self._existing(request)
        told = request.get("told")
        if not isinstance(thing, Service) or not isinstance(told, dict):
            raise CloudError("only a service is started anew, for something by name")
        await thing.renew({str(key): str(value) for key, value in told.items()})
        return await thing.status()

    async def _remove(self, request: Request) -> object:
        kind, name, thing = self._asked(request)
        owner = request.get("owner")
        if isinstance(owner, str):
            current = Records(self._places, kind, name).owner()
            notes.check_owner(f"{kind}/{name}", current, owner, None)
        await thing.remove()
        return None

    async def _kill(self, request: Request) -> object:
        thing, _status = await self._existing(request)
        return await thing.kill()

    async def _logs(self, request: Request) -> object:
        kind, name, _thing = self._asked(request)
        lines = request.get("lines", 100)
        count = lines if isinstance(lines, int) and not isinstance(lines, bool) else 100
        return logs.tail(self._places.log(kind, name), max(0, min(count, _MOST_LOG_LINES)))

    async def _stop_all(self, _request: Request) -> object:
        self.is_closing.set()
        return await self.stop_everything()

    async def stop_everything(self) -> list[str]:
        """Stop every process; services before the databases that they may use."""
        stopped: list[str] = []
        for kind in KINDS:
            keys = [key for key in sorted(self._things) if key[0] == kind]
            results = await asyncio.gather(*(self._things[key].stop() for key in keys))
            stopped += [
                f"{each}/{name}" for (each, name), ran in zip(keys, results, strict=True) if ran
            ]
        identity.kill_marked(f"{self._places.mark}:")
        return stopped

    async def _resume(self, _request: Request) -> object:
        """Start again what was stopped; databases before the services that may use them."""
        resumed: list[str] = []
        problems: list[str] = []
        for kind in ("database", "service"):
            keys = [key for key in sorted(self._things) if key[0] == kind]
            results = await asyncio.gather(
                *(self._things[key].resume() for key in keys), return_exceptions=True
            )
            for (each, name), result in zip(keys, results, strict=True):
                if isinstance(result, BaseException):
                    problems.append(f"{each}/{name}: {result}")
                elif result:
                    resumed.append(f"{each}/{name}")
        if problems:
            raise CloudError("not everything could be started again:\n" + "\n".join(problems))
        return resumed


def _put(spec: dict[str, Any], path: list[str], value: object) -> None:
    """Put a value into nested objects; a map's own key may hold dots."""
    first, *rest = path
    if not rest:
        spec[first] = value
        return
    inner = spec.get(first)
    spec[first] = inner = dict(inner) if isinstance(inner, dict) else {}
    key = ".".join(rest)
    if value is None:
        inner.pop(key, None)
    else:
        inner[key] = value
