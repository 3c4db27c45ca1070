"""When `init` has to run, and how: not at all where its result is known."""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

from controller.adapters.engine import _errors, _init_stamp, _init_twin, _lock_file
from controller.adapters.engine._runner import Command, Finished, Flag, Runner
from controller.adapters.engine.packages import Packages

BEGAN = Path(".trueup") / "init-began"
FLAGS: dict[str, Flag] = {"input": "false", "no-color": True}


class Initialiser:
    """Remembers what was initialised, so that the same is not done twice."""

    def __init__(
        self, runner: Runner, packages: Packages | None, backend_config: Path | None = None
    ) -> None:
        """Use a runner; with `packages`, the content of providers is checked there.

        `backend_config` is a file with what else the backend is to be told.
        """
        self._runner = runner
        self._packages = packages
        self._backend_config = backend_config
        self._guards: dict[str, asyncio.Lock] = {}
        self._twins: dict[str, Path] = {}

    async def init(self, directory: Path) -> None:
        """Install what a workspace needs; a locked provider is not taken with another content."""
        before, now = _init_stamp.read(directory), self._stamp(directory)
        if before == now:
            return
        # One at a time for the same providers: none is fetched twice, or while it is written.
        async with self._installing(), self._guards.setdefault(now.wants, asyncio.Lock()):
            twin = self._twins.get(now.found)
            if twin is not None and self._is_done(twin) and _init_twin.give(twin, directory):
                if self._packages is not None:
                    await self._packages.check(directory)
                _init_stamp.write(directory, self._stamp(directory))
                return
            await self._run(directory, before, now)
            self._twins[now.found] = directory

    def _installing(self) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self._packages is None else self._packages.installing()

    async def _run(
        self, directory: Path, before: _init_stamp.InitStamp | None, now: _init_stamp.InitStamp
    ) -> None:
        _init_stamp.forget(directory)
        _lock_file.put_hashes_back(directory)
        locked, began_ns = (directory / _lock_file.NAME).is_file(), _now_there(directory)
        flags = dict(FLAGS)
        if self._backend_config is not None:
            flags["backend-config"] = str(self._backend_config)
        # A lock of other wishes may grow; that of the same wishes must hold word for word.
        if locked and (before is None or before.wants == now.wants):
            flags["lockfile"] = "readonly"
        finished = await self._runner.run(directory, Command("init", flags))
        wishes_changed = before is not None and before.wants != now.wants
        if wishes_changed and _errors.needs_upgrade(finished):
            finished = await self._runner.run(
                directory, Command("init", {**flags, "upgrade": True})
            )
        self._check(directory, finished)
        if self._packages is not None:
            await self._packages.enter(directory, began_ns)
        _init_stamp.write(directory, self._stamp(directory))

    def _check(self, directory: Path, finished: Finished) -> None:
        if finished.code == 0:
            return
        if _errors.needs_init(finished):
            _init_stamp.forget(directory)
        raise _errors.make_error(self._runner.version, "init", finished)

    def _is_done(self, directory: Path) -> bool:
        return directory.is_dir() and _init_stamp.read(directory) == self._stamp(directory)

    def _stamp(self, directory: Path) -> _init_stamp.InitStamp:
        setting = f"packages={self._packages is not None}"
        return _init_stamp.compute(directory, self._runner.version, setting)


def _now_there(directory: Path) -> int:
    """Tell what time it is for the file system that a workspace is on."""
    mark = directory / BEGAN
    mark.parent.mkdir(mode=0o700, exist_ok=True)
    mark.unlink(missing_ok=True)
    mark.touch(mode=0o600)
    return mark.stat().st_ctime_ns
