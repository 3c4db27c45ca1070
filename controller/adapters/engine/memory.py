"""An engine without Terraform: one resource a unit, in a dictionary that stands for the cloud.

What it says and refuses is what Terraform would. It reads `main.tf.json` and
`terraform.tfvars.json` and keeps its state in `terraform.tfstate`, in Terraform's own form. `cloud`
may be edited by hand to make drift; `fail` and `pause` make things go wrong on purpose.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from controller.adapters.engine import _state_file
from controller.adapters.engine._memory_compare import (
    ADDRESS,
    Attributes,
    compare,
    computed,
    exactly,
    show,
    text_of,
)
from controller.adapters.engine._memory_root import (
    MemoryRoot,
    compute_outputs,
    identify,
    name_in_cloud,
    read_root,
)
from controller.adapters.engine._process import identify as identify_process
from controller.adapters.engine.private_file import write_private
from controller.diagnostics.errors import (
    EngineRefused,
    PlanStale,
    StateLocked,
    TrueupError,
)
from controller.diagnostics.secret import SecretText
from controller.model.drift import EngineLook
from controller.model.plan import Action, ResourceChange
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


@dataclass(frozen=True)
class _SavedPlan:
    """What lies in the plan file."""

    lineage: str
    serial: int
    destroy: bool
    attributes: Attributes
    outputs: dict[str, dict[str, object]]
    taken: str | None = None
    """The name in the cloud of what is taken over."""


class MemoryEngine:
    """See the port."""

    def __init__(
        self,
        cloud: dict[str, Attributes] | None = None,
        *,
        replaced_by: frozenset[str] = frozenset({"name"}),
        version: str = "1.0.0",
    ) -> None:
        """Use a cloud, `product/environment/stack` → attributes; an own empty one if none is given.

        With the region `north` of its provider a unit is called `product/environment/stack@north`.

        A change of an attribute in `replaced_by` replaces the resource.
        """
        self.cloud: dict[str, Attributes] = {} if cloud is None else cloud
        self.calls: list[tuple[str, str]] = []
        """Every operation and the unit it was asked for, but looking at state and locks."""
        self.identities: tuple[str, ...] = ()
        """What the world calls the things that drift."""
        self.readied: list[dict[str, tuple[str, str]]] = []
        """The providers that it was told to load."""
        self._replaced_by = replaced_by
        self._version = EngineVersion("memory", version)
        self._locks: dict[str, LockHolder] = {}
        self.orphans: set[str] = set()
        """Units whose lock is left from a process that is proven to be dead."""
        self.strangers: set[str] = set()
        """Units whose lock is held by nobody knows whom."""
        self._failures: dict[str, list[TrueupError]] = {}
        self._pause: asyncio.Event | None = None
        self._paused = asyncio.Event()

    @property
    def version(self) -> EngineVersion:
        """See the port."""
        return self._version

    @property
    def capabilities(self) -> EngineCapabilities:
        """See the port."""
        return EngineCapabilities(ephemeral_values=True)

    def fail(self, operation: str, error: TrueupError) -> None:
        """Make the next call of an operation fail; `applied` is an apply after its effect."""
        self._failures.setdefault(operation, []).append(error)

    def pause(self) -> asyncio.Event:
        """Make applies wait in the middle until the event that this gives is set."""
        self._pause = asyncio.Event()
        self._paused = asyncio.Event()
        return self._pause

    async def wait_until_paused(self) -> None:
        """Wait until an apply is in its middle and holds the lock."""
        await self._paused.wait()

    async def init(self, directory: Path) -> None:
        """See the port."""
        self._begin("init", directory)

    async def validate(self, directory: Path) -> None:
        """See the port."""
        self._begin("validate", directory)
        read_root(directory)

    async def plan(
        self, directory: Path, *, destroy: bool = False, on_progress: OnProgress | None = None
    ) -> EnginePlan:
        """See the port."""
        self._begin("plan", directory)
        with self._lock(directory, "plan"):
            root, document = read_root(directory), _read(directory)
            known, real = _known(document), self._look(directory, document)
            taken = None if known is not None or destroy else self._taken(root)
            real = real if taken is None else self.cloud[taken]
            wanted = None if destroy else {**computed(real), **root.attributes}
            outputs = {} if destroy else compute_outputs(root)
            saved = _SavedPlan(
                *_identity(document), destroy=destroy, attributes=wanted or {}, outputs=outputs,
                taken=taken,
            )  # fmt: skip
            file = directory / PLAN
            file.write_text(json.dumps(asdict(saved), sort_keys=True), encoding="utf-8")
            changes = compare(real, wanted, root, self._replaced_by)
            if taken is not None:
                same = ResourceChange(ADDRESS, "unit", Action.IMPORT)
                changes = tuple(replace(each, imported=True) for each in changes or (same,))
            shown = show(changes, real, wanted, root)
        if on_progress is not None:
            for change in changes:
                on_progress(f"{change.address}: Plan to {change.action}")
        return EnginePlan(
            file=file,
            changes=changes,
            drift=() if known is None else compare(known, real, root, self._replaced_by),
            outputs_change=outputs != (document or {}).get("outputs", {}),
            document=shown,
        )

    async def apply(
        self,
        directory: Path,
        *,
        on_process: OnProcess | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        """See the port. Cancelled in the middle it has done nothing and holds no lock."""
        self._begin("apply", directory)
        with self._lock(directory, "apply"):
            saved = _read_plan(directory)
            document = _read(directory)
            if (saved.lineage, saved.serial) != _identity(document):
                raise PlanStale.because("memory refuses the saved plan: the state has changed")
            _state_file.keep_copy(directory)
            if on_process is not None:
                await on_process(identify_process(os.getpid()))
            if self._pause is not None:
                self._paused.set()
                await self._pause.wait()
            name = name_in_cloud(directory)
            if saved.destroy:
                self.cloud.pop(name, None)
            else:
                if saved.taken is not None:
                    self.cloud.pop(saved.taken, None)
                self.cloud[name] = dict(saved.attributes)
            _write(directory, document, self.cloud.get(name), saved.outputs)
        if on_progress is not None:
            on_progress(f"{ADDRESS}: Complete")
        self._raise_planned("applied")

    async def refresh(self, directory: Path, *, exact: bool = False) -> EngineLook:
        """See the port."""
        self._begin("refresh", directory)
        with self._lock(directory, "refresh"):
            document = _read(directory)
            known = _known(document)
            if known is None:
                return EngineLook()
            root, real = read_root(directory), self._look(directory, document)
            write = exactly if exact else text_of
            wanted = {**computed(real), **root.attributes}
            drift = compare(known, real, root, self._replaced_by, write)
            return EngineLook(
                tuple(replace(each, identities=self.identities) for each in drift),
                compare(real, wanted, root, self._replaced_by, write),
            )

    async def normalise(self, directory: Path) -> None:
        """See the port."""
        self._begin("normalise", directory)
        with self._lock(directory, "refresh"):
            document = _read(directory)
            real = self._look(directory, document)
            if document is not None and real != _known(document):
                _write(directory, document, real, document.get("outputs", {}))

    async def state(self, directory: Path) -> EngineState | None:
        """See the port."""
        return _state_file.read_local(directory)

    async def import_resource(self, directory: Path, address: str, identity: str) -> None:
        """See the port. The identity is a name in the cloud."""
        self._begin("import", directory)
        with self._lock(directory, "import"):
            document = _read(directory)
            if address != ADDRESS or identity not in self.cloud:
                raise self._missing(identity)
            if _known(document) is not None:
                raise EngineRefused.because(f"memory refused: `{address}` is managed already")
            self.cloud[name_in_cloud(directory)] = self.cloud[identity]
            _write(directory, document, self.cloud[identity], {})

    async def lock_holder(self, directory: Path) -> LockHolder | None:
        """See the port."""
        return self._locks.get(identify(directory))

    async def push_state(self, directory: Path, content: SecretText) -> None:
        """See the port."""
        self._begin("push", directory)
        with self._lock(directory, "state push"):
            _state_file.set_broken_aside(directory)
            pushed, found = _state_file.parse(content.reveal()), _state_file.read_local(directory)
            is_next = found is None or pushed.serial > found.serial
            if not is_next or (found is not None and found.lineage != pushed.lineage):
                raise EngineRefused.because("memory refuses a state of another line")
            write_private(directory / _state_file.STATE, content.reveal())

    async def force_unlock(self, directory: Path, lock: str) -> None:
        """See the port. Only an apply that still runs can hold a lock here, and it lives."""
        holder = self._locks.get(identify(directory))
        if holder is None or holder.id != lock:
            raise EngineRefused.because(f"there is no lock `{lock}`")
        if identify(directory) in self.strangers | self.orphans:
            self._free(directory)
            return
        raise StateLocked.because(f"{holder.who} still holds the lock {holder.id}")

    async def break_orphan(self, directory: Path) -> LockHolder | None:
        """See the port."""
        holder = self._locks.get(identify(directory))
        if holder is None or identify(directory) not in self.orphans:
            return None
        self._free(directory)
        return holder

    def leave_lock(self, name: str, *, proven: bool) -> str:
        """Leave a lock behind as a killed process does; give its id."""
        (self.orphans if proven else self.strangers).add(name)
        self._locks[name] = LockHolder(f"left-{name}", "somebody@elsewhere", "apply", "")
        return f"left-{name}"

    def _free(self, directory: Path) -> None:
        name = identify(directory)
        del self._locks[name]
        self.orphans.discard(name)
        self.strangers.discard(name)

    async def get_ready(self, providers: Mapping[str, tuple[str, str]]) -> None:
        """See the port."""
        self._raise_planned("get_ready")
        self.readied.append(dict(providers))

    async def close(self) -> None:
        """See the port."""

    def _begin(self, operation: str, directory: Path) -> None:
        self.calls.append((operation, identify(directory)))
        self._raise_planned(operation)

    def _raise_planned(self, operation: str) -> None:
        if planned := self._failures.get(operation):
            raise planned.pop(0)

    @contextmanager
    def _lock(self, directory: Path, operation: str) -> Iterator[None]:
        name = identify(directory)
        if (holder := self._locks.get(name)) is not None:
            raise StateLocked.because(
                f"the state is locked by {holder.who} for {holder.operation} (lock {holder.id})"
            )
        identity = hashlib.sha256(f"{name} {len(self.calls)}".encode()).hexdigest()[:12]
        self._locks[name] = LockHolder(identity, f"memory@{os.getpid()}", operation, "")
        try:
            yield
        finally:
            del self._locks[name]

    def _look(self, directory: Path, document: Mapping[str, object] | None) -> Attributes | None:
        """Give what is in the cloud, as far as the state knows of it."""
        return None if _known(document) is None else self.cloud.get(name_in_cloud(directory))

    @staticmethod
    def _missing(name: str) -> EngineRefused:
        return EngineRefused.because(f"memory refused: there is no `{name}` to import")

    def _taken(self, root: MemoryRoot) -> str | None:
        """Give the name of what an `import` block takes over; raises EngineRefused."""
        for name in root.imports:
            if name not in self.cloud:
                raise self._missing(name)
            return name
        return None


def _read_plan(directory: Path) -> _SavedPlan:
    try:
        text = (directory / PLAN).read_text(encoding="utf-8")
        return _SavedPlan(**json.loads(text))
    except (OSError, ValueError, TypeError):
        raise PlanStale.because("memory refuses the saved plan: it cannot be read") from None


def _read(directory: Path) -> dict[str, object] | None:
    """Give the state's document; None when there is none. Raises EngineFailed for an empty file."""
    _state_file.check_not_lost(directory)
    if _state_file.read_local(directory) is None:
        return None
    text = (directory / _state_file.STATE).read_text(encoding="utf-8")
    document: dict[str, object] = json.loads(text)
    return document


def _identity(document: Mapping[str, object] | None) -> tuple[str, int]:
    if document is None:
        return "", 0
    return str(document["lineage"]), int(str(document["serial"]))


def _known(document: Mapping[str, object] | None) -> Attributes | None:
    resources = (document or {}).get("resources")
    if not isinstance(resources, list) or not resources:
        return None
    attributes: Attributes = resources[0]["instances"][0]["attributes"]
    return attributes


def _write(
    directory: Path,
    before: Mapping[str, object] | None,
    attributes: Attributes | None,
    outputs: object,
) -> None:
    """Write the next state, whole or not at all."""
    lineage, serial = _identity(before)
    resource = {
        "mode": "managed",
        "type": "unit",
        "name": "this",
        "instances": [{"attributes": attributes}],
    }
    document = {
        "version": 4,
        "lineage": lineage or f"memory-{identify(directory)}",
        "serial": serial + 1,
        "outputs": outputs,
        "resources": [] if attributes is None else [resource],
    }
    path = directory / _state_file.STATE
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(document, sort_keys=True), encoding="utf-8")
    partial.replace(path)
