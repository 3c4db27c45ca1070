"""What may be asked for, checked at the daemon's door: values come from sockets and from editors.

`ServiceSpec.from_json` and its like raise `CloudError` with the attribute that is wrong, and fill
in what is not said. `as_json` gives the whole again, as it is written to the configuration file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from controller.localcloud import names
from controller.localcloud.errors import CloudError

RESTARTS = ("never", "always")
Restart = Literal["never", "always"]

_LARGEST_PORT = 65535
_MOST_REPLICAS = 64
_LONGEST_TEXT = 64 << 10
_MOST_ENTRIES = 1000


class Reader:
    """Reads the attributes of one object, and complains about those it does not know."""

    def __init__(self, value: object, path: tuple[str, ...] = ()) -> None:
        if not isinstance(value, dict):
            raise CloudError("expected an object", attribute=path)
        self._value: dict[str, Any] = {key: each for key, each in value.items() if each is not None}
        self._path = path

    def _pop(self, key: str, default: object) -> Any:
        return self._value.pop(key, default)

    def _wrong(self, key: str, expected: str) -> CloudError:
        return CloudError(f"`{key}` is wrong; expected {expected}", attribute=(*self._path, key))

    def text(self, key: str, default: str | None = None) -> str:
        """Read a text without NUL."""
        value = self._pop(key, default)
        if not isinstance(value, str) or "\0" in value or len(value) > _LONGEST_TEXT:
            raise self._wrong(key, "a text")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Read a truth value."""
        value = self._pop(key, default)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def find_whole(self, key: str, low: int, high: int) -> int | None:
        """Read a whole number within limits, if there is one."""
        return self.whole(key, low, low, high) if key in self._value else None

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """Read a whole number within limits."""
        value = self._pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._wrong(key, f"a whole number from {low} to {high}")
        return value

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """Read a number within limits."""
        value = self._pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(key, "a number")
        if not low <= value <= high:
            raise self._wrong(key, f"a number from {low} to {high}")
        return int(value) if float(value).is_integer() else value

    def texts(self, key: str) -> tuple[str, ...]:
        """Read a list of texts with at least one."""
        value = self._pop(key, [])
        if not isinstance(value, list) or not 0 < len(value) <= _MOST_ENTRIES:
            raise self._wrong(key, "a list of texts with at least one")
        if not all(isinstance(each, str) and "\0" not in each for each in value):
            raise self._wrong(key, "a list of texts")
        return tuple(value)

    def text_map(self, key: str, problem: Callable[[str], str | None]) -> dict[str, str]:
        """Read a map from checked names to texts."""
        value = self._pop(key, {})
        if not isinstance(value, dict) or len(value) > _MOST_ENTRIES:
            raise self._wrong(key, "a map of texts")
        for name, text in value.items():
            complaint = problem(name)
            if complaint is not None:
                raise CloudError(complaint, attribute=(*self._path, key))
            if not isinstance(text, str) or "\0" in text or len(text) > _LONGEST_TEXT:
                raise self._wrong(key, f"a text at `{name}`")
        return dict(value)

    def one_of(self, key: str, allowed: tuple[str, ...]) -> str:
        """Read one of a few words; the first is what it is when nothing is said."""
        value = self._pop(key, allowed[0])
        if value not in allowed:
            raise self._wrong(key, " or ".join(f"`{each}`" for each in allowed))
        return str(value)

    def inner(self, key: str) -> Reader:
        """Read an object inside."""
        return Reader(self._pop(key, {}), (*self._path, key))

    def finish(self) -> None:
        """Complain if there is something that nobody has read."""
        for key in self._value:
            raise CloudError(f"unknown key `{key[:80]}`", attribute=self._path)


def _restart(reader: Reader) -> Restart:
    return "always" if reader.one_of("restart", RESTARTS) == "always" else "never"


def _label_problem(name: str) -> str | None:
    return None if name and len(name) <= 128 else "a label needs a name"  # noqa: PLR2004


@dataclass(frozen=True)
class Health:
    """How it is found out whether a replica is ready; an empty path asks only for the port."""

    path: str
    interval_ms: int
    timeout_s: float

    @classmethod
    def read(cls, reader: Reader) -> Health:
        """Read the part of a service's configuration."""
        path = reader.text("path", "/")
        if path and (not path.startswith("/") or not path.isascii() or set(path) & set(" \r\n")):
            raise CloudError(
                f"`{path[:80]}` is not a path; expected `/…`", attribute=("health", "path")
            )
        health = cls(
            path,
            reader.whole("interval_ms", 1000, 50, 60_000),
            reader.number("timeout_s", 30, 1, 600),
        )
        reader.finish()
        return health


@dataclass(frozen=True)
class ServiceSpec:
    """The live configuration of a service."""

    command: tuple[str, ...]
    directory: str
    environment: Mapping[str, str]
    replicas: int
    port: int | None
    health: Health
    restart: Restart
    stop_grace_s: float

    @classmethod
    def from_json(cls, value: object) -> ServiceSpec:
        """Check a configuration; raises `CloudError`."""
        reader = Reader(value)
        directory = reader.text("directory", "")
        if directory and not Path(directory).is_absolute():
            raise CloudError(
                f"`{directory[:200]}` is not an absolute path", attribute=("directory",)
            )
        spec = cls(
            command=reader.texts("command"),
            directory=directory,
            environment=reader.text_map("environment", names.variable_problem),
            replicas=reader.whole("replicas", 1, 0, _MOST_REPLICAS),
            port=reader.find_whole("port", 1024, _LARGEST_PORT),
            health=Health.read(reader.inner("health")),
            restart=_restart(reader),
            stop_grace_s=reader.number("stop_grace_s", 5, 0, 600),
        )
        reader.finish()
        return spec

    def as_json(self) -> dict[str, Any]:
        """Give the whole configuration."""
        return {**asdict(self), "command": list(self.command)}

    def digest(self) -> str:
        """Name what a process was started with: another digest needs another process."""
        parts = [self.command, self.directory, sorted(self.environment.items()), self.health.path]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class DatabaseSpec:
    """The live configuration of a database server."""

    database: str
    settings: Mapping[str, str]
    port: int | None
    deletion_protection: bool
    restart: Restart

    @classmethod
    def from_json(cls, value: object) -> DatabaseSpec:
        """Check a configuration; raises `CloudError`."""
        reader = Reader(value)
        database = reader.text("database", "app")
        complaint = names.database_problem(database)
        if complaint is not None:
            raise CloudError(complaint, attribute=("database",))
        spec = cls(
            database=database,
            settings=reader.text_map("settings", names.setting_problem),
            port=reader.find_whole("port", 1024, _LARGEST_PORT),
            deletion_protection=reader.flag("deletion_protection", default=False),
            restart=_restart(reader),
        )
        reader.finish()
        return spec

    def as_json(self) -> dict[str, Any]:
        """Give the whole configuration."""
        return asdict(self)


@dataclass(frozen=True)
class BucketSpec:
    """The live configuration of a bucket."""

    versioning: bool
    quota_mb: int | None
    labels: Mapping[str, str]
    force_destroy: bool

    @classmethod
    def from_json(cls, value: object) -> BucketSpec:
        """Check a configuration; raises `CloudError`."""
        reader = Reader(value)
        spec = cls(
            versioning=reader.flag("versioning", default=False),
            quota_mb=reader.find_whole("quota_mb", 1, 1 << 40),
            labels=reader.text_map("labels", _label_problem),
            force_destroy=reader.flag("force_destroy", default=False),
        )
        reader.finish()
        return spec

    def as_json(self) -> dict[str, Any]:
        """Give the whole configuration."""
        return asdict(self)
