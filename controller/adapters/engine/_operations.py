"""What each operation of the port means in commands of Terraform, however they are run."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.adapters.engine import (
    _errors,
    _init_stamp,
    _lock_error,
    _lock_file,
    _plan_json,
    _state_file,
)
from controller.adapters.engine._runner import Command, Finished, Flag, Runner
from controller.diagnostics.errors import EngineFailed, EngineRefused, StateLocked
from controller.model.drift import EngineLook
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

    def __init__(self, runner: Runner, *, trust_mirror: bool = False) -> None:
        """Wrap a runner.

        `trust_mirror` drops the hashes from lock files, which saves hashing every provider at every
        command; only for mirrors that were checked when they were filled.
        """
        self._runner = runner
        self._trust_mirror = trust_mirror

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
        before = _init_stamp.read(directory)
        now = self._stamp(directory)
        if before == now:
            return
        _init_stamp.forget(directory)
        locked = (directory / _lock_file.NAME).is_file()
        flags = dict(PLAIN)
        # A lock of other wishes may grow; that of the same wishes must hold word for word.
        if locked and (before is None or before.wants == now.wants):
            flags["lockfile"] = "readonly"
        finished = await self._runner.run(directory, Command("init", flags))
        wishes_changed = before is not None and before.wants != now.wants
        if wishes_changed and _errors.needs_upgrade(finished):
            finished = await self._runner.run(
                directory, Command("init", {**PLAIN, "upgrade": True})
            )
        self._check(directory, "init", finished)
        if self._trust_mirror:
            _lock_file.drop_hashes(directory)
        _init_stamp.write(directory, self._stamp(directory))

    async def validate(self, directory: Path) -> None:
        """See the port."""
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

    async def refresh(self, directory: Path, *, exact: bool = False) -> EngineLook:
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
                return EngineLook()
            shown = await self._run(directory, Command("show", {"json": True}, (REFRESH,)))
            return _plan_json.read_look(shown.output, exact=exact)
        finally:
            file.unlink(missing_ok=True)

    async def normalise(self, directory: Path) -> None:
        """See the port."""
        flags = {**EVENTS, "refresh-only": True, "auto-approve": True}
        with _noted_apply(directory, None) as on_event:
            await self._run(directory, Command("apply", flags), on_event=on_event)

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

    def _stamp(self, directory: Path) -> _init_stamp.InitStamp:
        return _init_stamp.compute(directory, self.version, f"trust_mirror={self._trust_mirror}")

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
