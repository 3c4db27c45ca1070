"""What each operation of the port means in commands of Terraform, however they are run."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.adapters.engine import (
    _errors,
    _init_stamp,
    _lock_error,
    _plan_json,
    _state_file,
)
from controller.adapters.engine._initialiser import Initialiser
from controller.adapters.engine._runner import Command, Finished, Flag, Runner
from controller.adapters.engine.packages import Packages
from controller.diagnostics.errors import EngineFailed, EngineRefused, StateLocked
from controller.model.plan import ResourceChange
from controller.ports.engine import (
    EngineCapabilities,
    EnginePlan,
    EngineState,
    EngineVersion,
    LockHolder,
    OnProcess,
    OnProgress,
)

PLAN = "trueup.tfplan"
REFRESH = "trueup-refresh.tfplan"
ERRORED = "errored.tfstate"

# Events whose message is for everybody: those of provisioners and outputs may hold values.
TELLING = frozenset(
    {
        "planned_change",
        "resource_drift",
        "refresh_start",
        "refresh_complete",
        "apply_start",
        "apply_progress",
        "apply_complete",
        "apply_errored",
        "change_summary",
    }
)
PLAIN: dict[str, Flag] = {"input": "false", "no-color": True}
EVENTS: dict[str, Flag] = {"input": "false", "json": True}


class TerraformEngine:
    """An engine that is Terraform or OpenTofu, however it is run."""

    def __init__(self, runner: Runner, *, packages: Packages | None = None) -> None:
        """Wrap a runner.

        With `packages`, the content of providers is checked there, once, and lock files have no
        hashes while Terraform reads them: it would hash every provider at every command.
        """
        self._runner = runner
        self._packages = packages if runner.capabilities.lock_without_hashes else None
        self._initialiser = Initialiser(runner, self._packages)

    @property
    def version(self) -> EngineVersion:
        """See the port."""
        return self._runner.version

    @property
    def capabilities(self) -> EngineCapabilities:
        """See the port."""
        return self._runner.capabilities

    async def init(self, directory: Path) -> None:
        """See the port. A provider that was locked is not taken with another content."""
        await self._initialiser.init(directory)

    async def validate(self, directory: Path) -> None:
        """See the port."""
        await self._check_packages(directory)
        await self._run(directory, Command("validate", {"json": True}))

    async def plan(
        self, directory: Path, *, destroy: bool = False, on_progress: OnProgress | None = None
    ) -> EnginePlan:
        """See the port."""
        await self._recover(directory)
        file = directory / PLAN
        file.unlink(missing_ok=True)
        flags = {**EVENTS, "out": PLAN}
        if destroy:
            flags["destroy"] = True
        await self._run(directory, Command("plan", flags), on_event=_teller(on_progress))
        shown = await self._run(directory, Command("show", {"json": True}, (PLAN,)))
        return _plan_json.read_plan(shown.output, file)

    async def apply(
        self,
        directory: Path,
        *,
        on_process: OnProcess | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        """See the port."""
        await self._recover(directory)
        with _noted_apply(directory, _teller(on_progress)) as on_event:
            finished = await self._runner.run(
                directory,
                Command("apply", EVENTS, (PLAN,)),
                on_process=on_process,
                on_line=_listener(on_event),
            )
        if finished.code:
            await self._push_errored(directory)
        self._check(directory, "apply", finished)

    async def refresh(self, directory: Path) -> tuple[ResourceChange, ...]:
        """See the port. Counts what the plan says, because exit codes lie here."""
        await self._recover(directory)
        file = directory / REFRESH
        found = False

        def take(event: str, _message: str) -> None:
            nonlocal found
            found = found or event in {"resource_drift", "planned_change"}

        try:
            flags = {**EVENTS, "out": REFRESH}
            await self._run(directory, Command("plan", flags), on_event=take)
            if not found:
                return ()
            shown = await self._run(directory, Command("show", {"json": True}, (REFRESH,)))
            return _plan_json.read_difference(shown.output)
        finally:
            file.unlink(missing_ok=True)

    async def normalise(self, directory: Path) -> None:
        """See the port. What nobody outside can have changed is not read back."""
        if _state_file.is_closed(directory):
            return
        await self._check_packages(directory)
        file = directory / REFRESH
        found = False

        def take(event: str, _message: str) -> None:
            nonlocal found
            found = found or event in {"resource_drift", "outputs"}

        try:
            flags = {**EVENTS, "refresh-only": True, "out": REFRESH}
            await self._run(directory, Command("plan", flags), on_event=take)
            if found:
                with _noted_apply(directory, None) as on_event:
                    apply = Command("apply", EVENTS, (REFRESH,))
                    await self._run(directory, apply, on_event=on_event)
        finally:
            file.unlink(missing_ok=True)

    async def state(self, directory: Path) -> EngineState | None:
        """See the port."""
        if not _state_file.is_remote(directory):
            return _state_file.read_local(directory)
        pulled = await self._run(directory, Command("state pull"))
        return _state_file.parse(pulled.output) if pulled.output.strip() else None

    async def import_resource(self, directory: Path, address: str, identity: str) -> None:
        """See the port."""
        if address.startswith("-") or identity.startswith("-"):
            raise EngineRefused.because(f"`{address}` and `{identity}` cannot be imported")
        await self._recover(directory)
        await self._run(directory, Command("import", PLAIN, (address, identity)))

    async def lock_holder(self, directory: Path) -> LockHolder | None:
        """See the port. Of a remote state only a refused command tells who holds it."""
        return _lock_error.local_holder(directory)

    async def force_unlock(self, directory: Path, lock: str) -> None:
        """See the port. The kernel frees local locks; only the note of one can be left."""
        if _state_file.is_remote(directory):
            await self._run(directory, Command("force-unlock", {"force": True}, (lock,)))
            return
        if (holder := _lock_error.local_holder(directory)) is not None:
            raise StateLocked.because(
                f"{holder.who} still holds the lock {holder.id}: its process is alive",
                hint="end that process; the lock goes with it",
            )
        left = _lock_error.left_behind(directory)
        if left is None or left.id != lock:
            raise EngineRefused.because(f"there is no lock `{lock}`")
        (directory / _lock_error.INFO).unlink(missing_ok=True)

    async def close(self) -> None:
        """See the port."""
        await self._runner.close()

    async def _check_packages(self, directory: Path) -> None:
        if self._packages is not None:
            await self._packages.check(directory)

    async def _run(
        self, directory: Path, command: Command, *, on_event: "OnEvent | None" = None
    ) -> Finished:
        finished = await self._runner.run(directory, command, on_line=_listener(on_event))
        self._check(directory, command.words, finished)
        return finished

    def _check(self, directory: Path, operation: str, finished: Finished) -> None:
        if finished.code == 0:
            return
        if _errors.needs_init(finished):
            _init_stamp.forget(directory)
        raise _errors.make_error(self.version, operation, finished)

    async def _recover(self, directory: Path) -> None:
        """Bring home what an earlier run could not write, before a state decides anything."""
        await self._check_packages(directory)
        await self._push_errored(directory)
        _state_file.check_not_lost(directory)

    async def _push_errored(self, directory: Path) -> None:
        errored = directory / ERRORED
        if not errored.is_file():
            return
        finished = await self._runner.run(directory, Command("state push", {}, (ERRORED,)))
        if finished.code:
            error = _errors.make_error(self.version, "state push", finished)
            raise EngineFailed.because(
                f"the state of a failed apply could not be saved: {error}",
                hint=f"look at `{errored}`; it holds what was made",
                code="engine/state-not-saved",
            )
        kept = directory / _state_file.KEPT
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        errored.replace(kept / ERRORED)


OnEvent = Callable[[str, str], None]


def _listener(on_event: OnEvent | None) -> Callable[[str], None] | None:
    """Turn a listener to events into one to lines."""
    if on_event is None:
        return None

    def take(line: str) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            return
        if isinstance(event, dict):
            on_event(str(event.get("type", "")), str(event.get("@message", "")))

    return take


def _teller(on_progress: OnProgress | None) -> OnEvent | None:
    if on_progress is None:
        return None

    def take(event: str, message: str) -> None:
        if event in TELLING:
            on_progress(message)

    return take


@contextmanager
def _noted_apply(directory: Path, inner: OnEvent | None) -> Iterator[OnEvent]:
    """Keep a copy of the state and a note of the apply; the note stays when the engine died."""
    if not _state_file.is_remote(directory):
        _state_file.keep_copy(directory)
    _state_file.note_apply(directory, made_something=False)
    noted = False

    def take(event: str, message: str) -> None:
        nonlocal noted
        if event == "apply_complete" and not noted:
            noted = True
            _state_file.note_apply(directory, made_something=True)
        if inner is not None:
            inner(event, message)

    try:
        yield take
    except EngineFailed:  # the process died
        raise
    except BaseException:
        _state_file.forget_apply(directory)
        raise
    if not _state_file.is_remote(directory):
        _state_file.keep_copy(directory)
    _state_file.forget_apply(directory)
