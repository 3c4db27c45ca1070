"""Kills a controller at a chosen call of what it uses: before the call, or after it was done."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

LOOKS = ("get", "list", "describe", "read", "address", "survey", "generation", "capabilities")


class ControllerKilledError(BaseException):
    """Passes every `except Exception`, as a killed process would."""


@dataclass
class Fuse:
    """Counts the calls that change something, and blows at one of them."""

    stop_at: int | None = None
    before: bool = True
    calls: list[str] = field(default_factory=list)

    def enter(self, name: str) -> bool:
        """Count a call; tells whether to blow after it."""
        self.calls.append(name)
        here = len(self.calls) - 1 == self.stop_at
        if here and self.before:
            raise ControllerKilledError(name)
        return here


class Fused:
    """Something whose calls go through a fuse."""

    def __init__(self, inner: Any, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found) or name.startswith(LOOKS):
            return found
        if inspect.iscoroutinefunction(found):
            return _asynchronous(found, name, self._fuse)
        return _plain(found, name, self._fuse)


def _asynchronous(call: Callable[..., Any], name: str, fuse: Fuse) -> Callable[..., Any]:
    async def fused(*args: Any, **named: Any) -> Any:
        if name == "request" and args[0] == "get":
            return await call(*args, **named)
        blows = fuse.enter(name)
        answer = await call(*args, **named)
        if blows:
            raise ControllerKilledError(name)
        return answer

    return fused


def _plain(call: Callable[..., Any], name: str, fuse: Fuse) -> Callable[..., Any]:
    def fused(*args: Any, **named: Any) -> Any:
        blows = fuse.enter(name)
        answer = call(*args, **named)
        if blows:
            raise ControllerKilledError(name)
        return answer

    return fused
