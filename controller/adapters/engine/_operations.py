"""What each operation of the port means in commands of Terraform, however they are run."""

from asyncio import gather
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from controller.adapters.engine import (
    _ephemeral,
    _errors,
    _holders,
    _init_stamp,
    _kept_back,
    _lock_error,
    _made,
    _plan_json,
    _readiness,
    _state_file,
)
from controller.adapters.engine._applying import (
    OnEvent,
    end_apply,
    forget,
    listener,
    note_apply,
    teller,
)
from controller.adapters.engine._http_lock import PROBE, HttpLock
from controller.adapters.engine._initialiser import Initialiser
from controller.adapters.engine._runner import Command, Finished, Flag, Runner
from controller.adapters.engine.packages import Packages
from controller.adapters.engine.private_file import write_private
from controller.diagnostics.errors import (
    EngineFailed,
    EngineRefused,
    StateLocked,
    TrueupError,
)
from controller.diagnostics.secret import SecretText
from controller.model.drift import EngineLook
from controller.ports.engine import (
    EngineCapabilities,
    EnginePlan,
    EngineProcess,
    EngineState,
    EngineVersion,
    LockHolder,
    OnProcess,
    OnProgress,
)

PLAN = "trueup.tfplan"
REFRESH = "trueup-refresh.tfplan"
ERRORED = "errored.tfstate"
PUSHED = Path(".trueup") / "pushed.tfstate"

# What locks the state while it runs.
LOCKING = frozenset({"plan", "apply", "import", "state push"})
PLAIN: dict[str, Flag] = {"input": "false", "no-color": True}
EVENTS: dict[str, Flag] = {"input": "false", "json": True}


class TerraformEngine:
    """An engine that is Terraform or OpenTofu, however it is run."""

    def __init__(
        self,
        runner: Runner,
        environment: Mapping[str, str],
        *,
        packages: Packages | None = None,
        backend_config: Path | None = None,
    ) -> None:
        """Wrap a runner whose commands get `environment`.

        With `packages`, the content of providers is checked there, once, and lock files have no
        hashes while Terraform reads them: it would hash every provider at every command.
        `backend_config` is a file with what else `init` is to tell the backend.
        """
        self._runner = runner
        self._environment = environment
        self._packages = packages if runner.capabilities.lock_without_hashes else None
        self._initialiser = Initialiser(runner, self._packages, backend_config)

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
        _kept_back.mark(directory)
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
        await self._run(directory, Command("plan", flags), on_event=teller(on_progress))
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

        async def note(process: EngineProcess) -> None:
            _made.works(directory, process)
            if on_process is not None:
                await on_process(process)

        on_event = note_apply(directory, teller(on_progress))
        finished = await self._attempt(directory, Command("apply", EVENTS, (PLAN,)), on_event, note)
        if finished.code:
            await self._push_errored(directory)
        await self._check(directory, "apply", finished)
        end_apply(directory)

    async def refresh(self, directory: Path, *, exact: bool = False) -> EngineLook:
        """See the port. Counts what the plan says, because exit codes lie here."""
        await self._recover(directory)
        file = directory / REFRESH
        found = False

        def take(event: Mapping[str, Any]) -> None:
            nonlocal found
            found = found or event.get("type") in {"resource_drift", "planned_change"}

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
        """See the port. What nobody outside can have changed is not read back."""
        if _state_file.is_closed(directory):
            return
        await self._check_packages(directory)
        file = directory / REFRESH
        found = False

        def take(event: Mapping[str, Any]) -> None:
            nonlocal found
            found = found or event.get("type") in {"resource_drift", "outputs"}

        try:
            flags = {**EVENTS, "refresh-only": True, "out": REFRESH}
            await self._run(directory, Command("plan", flags), on_event=take)
            if found:
                on_event = note_apply(directory, None)
                await self._run(directory, Command("apply", EVENTS, (REFRESH,)), on_event=on_event)
                end_apply(directory)
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

    async def push_state(self, directory: Path, content: SecretText) -> None:
        """See the port. The file that is pushed is ours alone, and gone afterwards."""
        pushed = _state_file.parse(content.reveal())
        if not _state_file.is_remote(directory):
            _state_file.set_broken_aside(directory)
        found = await self.state(directory)
        if found is not None and (pushed.lineage != found.lineage or pushed.serial <= found.serial):
            raise EngineRefused.because(
                f"serial {pushed.serial} of `{pushed.lineage}` cannot be written over serial"
                f" {found.serial} of `{found.lineage}`"
            )
        file = directory / PUSHED
        try:
            write_private(file, content.reveal())
            await self._run(directory, Command("state push", {}, (str(PUSHED),)))
        finally:
            file.unlink(missing_ok=True)

    async def lock_holder(self, directory: Path) -> LockHolder | None:
        """See the port. A database frees its locks by itself, and tells nobody whose they are."""
        if not _state_file.is_remote(directory):
            return _lock_error.local_holder(directory)
        if (lock := HttpLock.of(directory, self._environment)) is not None:
            found = await lock.holder()
            return None if found is None else found[0]
        if _state_file.backend_type(directory) != "s3":
            return None
        # With an id that no lock has, this breaks nothing and tells which one there is.
        command = Command("force-unlock", {"force": True}, (PROBE,))
        finished = await self._runner.run(directory, command)
        return _lock_error.read_holder(finished.errors or finished.output)

    async def force_unlock(self, directory: Path, lock: str) -> None:
        """See the port. The kernel frees local locks; only the note of one can be left."""
        if _state_file.is_remote(directory):
            await self._unlock_remote(directory, lock)
            return
        if (holder := _lock_error.local_holder(directory)) is not None:
            raise _alive(holder)
        left = _lock_error.left_behind(directory)
        if left is None or left.id != lock:
            raise EngineRefused.because(f"there is no lock `{lock}`")
        (directory / _lock_error.INFO).unlink(missing_ok=True)

    async def _unlock_remote(self, directory: Path, lock: str) -> None:
        holder = await self.lock_holder(directory)
        if holder is not None and holder.id == lock and _holders.living(directory, holder):
            raise _alive(holder)
        if (over_http := HttpLock.of(directory, self._environment)) is not None:
            await over_http.unlock(lock)
        elif holder is None or holder.id != lock:
            raise EngineRefused.because(f"there is no lock `{lock}`")
        else:
            await self._run(directory, Command("force-unlock", {"force": True}, (lock,)))

    async def break_orphan(self, directory: Path) -> LockHolder | None:
        """See the port. The kernel and databases do it themselves."""
        if not _state_file.is_remote(directory):
            return None
        holder = await self.lock_holder(directory)
        if holder is None or not (holder.id == PROBE or _holders.is_orphan(directory, holder)):
            return None
        await self._unlock_remote(directory, holder.id)
        return holder

    async def get_ready(self, providers: Mapping[str, tuple[str, str]]) -> None:
        """See the port. `validate` loads what a provider says of itself, and asks no world."""
        directory = _readiness.make_root(Path(self._environment["HOME"]), providers)
        await self.init(directory)
        if self._packages is None or not _readiness.takes_long(directory):
            return
        await self._check_packages(directory)
        command, places = Command("validate", {"json": True}), self._runner.warm_places
        await gather(*(self._runner.run(directory, command) for _ in range(places)))

    async def close(self) -> None:
        """See the port."""
        await self._runner.close()

    async def _check_packages(self, directory: Path) -> None:
        if self._packages is not None:
            await self._packages.check(directory)

    async def _run(
        self, directory: Path, command: Command, *, on_event: OnEvent | None = None
    ) -> Finished:
        """Run a command. Outputs that turn out to hold something sensitive are kept back."""
        _kept_back.mark(directory)
        finished = await self._attempt(directory, command, on_event)
        while _kept_back.add(directory, _errors.sensitive_outputs(finished)):
            finished = await self._attempt(directory, command, on_event)
        await self._check(directory, command.words, finished)
        return finished

    async def _attempt(
        self,
        directory: Path,
        command: Command,
        on_event: OnEvent | None = None,
        on_process: OnProcess | None = None,
    ) -> Finished:
        """Run a command, with a note of who runs it where a lock could be left."""
        command = replace(command, secrets=_ephemeral.read(directory, command.words))
        on_line = listener(on_event)
        if command.words not in LOCKING or not _state_file.is_remote(directory):
            return await self._runner.run(
                directory, command, on_process=on_process, on_line=on_line
            )
        with ExitStack() as stack:

            async def note(process: EngineProcess) -> None:
                stack.enter_context(_holders.noted(directory, process, command.words))
                if on_process is not None:
                    await on_process(process)

            return await self._runner.run(directory, command, on_process=note, on_line=on_line)

    async def _check(self, directory: Path, operation: str, finished: Finished) -> None:
        if finished.code == 0:
            return
        if _errors.needs_init(finished):
            _init_stamp.forget(directory)
        raise await self._error_of(directory, operation, finished)

    async def _error_of(self, directory: Path, operation: str, finished: Finished) -> TrueupError:
        error = _errors.make_error(self.version, operation, finished)
        return await self._locked(directory, error) if isinstance(error, StateLocked) else error

    async def _locked(self, directory: Path, error: StateLocked) -> TrueupError:
        """Say who really holds the lock: of an HTTP server Terraform may name itself."""
        if _state_file.is_remote(directory):
            _holders.forget_last(directory)
        if _state_file.backend_type(directory) not in {"http", "s3"}:
            return error
        try:
            found = await self.lock_holder(directory)
        except EngineFailed as failed:
            return failed
        # Nobody has it: the lock could not be got because the server is not well.
        return EngineFailed(error.diagnostics) if found is None else _errors.locked_by(found)

    async def _recover(self, directory: Path) -> None:
        """Bring home what an earlier run could not write, before a state decides anything."""
        await self._check_packages(directory)
        await self._push_errored(directory)
        _state_file.check_not_lost(directory)
        await self._take_in_made(directory)

    async def _take_in_made(self, directory: Path) -> None:
        """Take what a killed engine had made, and no state knows of, into the state by its id.

        Raises EngineFailed once, to tell of it; EngineRefused for what a person has to look for.
        """
        if _made.missing(directory, ()) is None or _made.is_going_on(directory):
            return
        state = await self.state(directory)
        missing = _made.missing(directory, state.resources if state else ()) or ()
        lost = [made for made in missing if made.is_complete]
        try:
            for made in lost:
                await self._run(directory, Command("import", PLAIN, (made.address, made.identity)))
        except (EngineFailed, EngineRefused) as error:
            names = ", ".join(f"`{made.address}` ({made.identity or 'no id'})" for made in lost)
            raise EngineRefused.because(
                f"the engine died before the state was written, and it had made {names}: {error}",
                hint="import or remove what was made, then remove "
                f"`{directory / _made.NOTE}` and ask with `trueup reconcile`",
                code="engine/made-not-saved",
            ) from error
        forget(directory)
        if missing:
            raise EngineFailed.because(_made.tell(missing), code="engine/cut-off")

    async def _push_errored(self, directory: Path) -> None:
        errored = directory / ERRORED
        if not errored.is_file() or not _state_file.is_usable(errored):
            return
        finished = await self._attempt(directory, Command("state push", {}, (ERRORED,)))
        if finished.code:
            error = await self._error_of(directory, "state push", finished)
            if isinstance(error, StateLocked):  # maybe by the very apply that failed
                raise error
            raise EngineFailed.because(
                f"the state of a failed apply could not be saved: {error}",
                hint=f"look at `{errored}`; it holds what was made",
                code="engine/state-not-saved",
            )
        kept = directory / _state_file.KEPT
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        errored.replace(kept / ERRORED)


def _alive(holder: LockHolder) -> StateLocked:
    return StateLocked.because(
        f"{holder.who} still holds the lock {holder.id}: its process is alive",
        hint="end that process; the lock goes with it",
    )
