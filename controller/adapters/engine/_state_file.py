"""The state as bytes: reading it, keeping earlier ones, and noticing that it was lost."""

import contextlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from controller.adapters.engine import _lock_error, _made
from controller.diagnostics.errors import EngineFailed
from controller.diagnostics.secret import SecretText
from controller.ports.engine import EngineState

_log = structlog.get_logger(__name__)

STATE = "terraform.tfstate"
KEPT = Path(".trueup") / "states"
APPLYING = Path(".trueup") / "applying"
BEGUN, MADE = "begun", "made"
KEEP = 20
HOW_TO_GET_BACK = "`trueup state history` lists the states that are kept, `restore` brings one back"
BUILT_IN = '["terraform.io/builtin/terraform"]'


def is_remote(directory: Path) -> bool:
    """Tell whether the state is somewhere else than in the directory's own file.

    A backend `local` that names this very file is configured too, and is not remote.
    """
    configured = directory / ".terraform" / STATE
    try:
        backend = json.loads(configured.read_text(encoding="utf-8")).get("backend") or {}
    except FileNotFoundError:
        return False
    except ValueError:  # a cut-off write: ask the engine, which will complain
        return True
    path = (backend.get("config") or {}).get("path")
    return not (backend.get("type") == "local" and path in {None, STATE})


def backend_type(directory: Path) -> str:
    """Name the backend that `init` has set up; empty when there is none."""
    try:
        text = (directory / ".terraform" / STATE).read_text(encoding="utf-8")
        return str((json.loads(text).get("backend") or {}).get("type", ""))
    except (OSError, ValueError):
        return ""


def parse(text: str) -> EngineState:
    """Read a state; sensitive outputs are named, not given.

    Raises EngineFailed for what is not a state, an empty file above all: to Terraform that is "no
    state", and it would propose to create everything once more.
    """
    try:
        return _read(json.loads(text), text)
    except (ValueError, TypeError, KeyError, AttributeError):
        what = "is not a state" if text.strip() else "is empty"
        raise EngineFailed.because(
            f"the state file {what}", hint=HOW_TO_GET_BACK, code="engine/state-unreadable"
        ) from None


def _read(document: Any, text: str) -> EngineState:
    outputs: Mapping[str, Mapping[str, Any]] = document.get("outputs") or {}
    return EngineState(
        lineage=str(document["lineage"]),
        serial=int(document["serial"]),
        outputs={
            name: output.get("value")
            for name, output in outputs.items()
            if not output.get("sensitive", False)
        },
        sensitive_outputs=tuple(
            sorted(name for name, output in outputs.items() if output.get("sensitive", False))
        ),
        resources=tuple(_addresses(document)),
        content=SecretText(text),
    )


def read_local(directory: Path) -> EngineState | None:
    """Read the local state; None when there is none."""
    path = directory / STATE
    if not path.is_file():
        return None
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        text = "no text"
    return parse(text)


def is_closed(directory: Path) -> bool:
    """Tell whether a local state holds nothing that anybody else can change.

    What the engine has built in lives in the state and nowhere else.
    """
    path = directory / STATE
    if is_remote(directory) or not path.is_file():
        return False
    resources = json.loads(path.read_text(encoding="utf-8")).get("resources") or ()
    return all(BUILT_IN in resource.get("provider", "") for resource in resources)


def keep_copy(directory: Path) -> None:
    """Copy the local state aside under its serial, and drop the oldest copies."""
    state = read_local(directory)
    if state is None:
        return
    kept = directory / KEPT
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = kept / f"{state.serial:010}.tfstate"
    partial = copy.with_suffix(".partial")
    shutil.copyfile(directory / STATE, partial)
    partial.chmod(0o600)
    partial.replace(copy)
    for old in sorted(kept.glob("*.tfstate"))[:-KEEP]:
        old.unlink()


def sync(directory: Path) -> None:
    """Bring a local state to the disk itself, which Terraform leaves to the kernel."""
    with contextlib.suppress(FileNotFoundError):
        for path, flags in ((directory / STATE, os.O_RDONLY), (directory, os.O_DIRECTORY)):
            descriptor = os.open(path, flags)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def set_broken_aside(directory: Path) -> None:
    """Take a local state that cannot be read out of the way of one that is put in its place."""
    state = directory / STATE
    if (
        state.is_file()
        and not _is_readable(directory)
        and _lock_error.local_holder(directory) is None
    ):
        kept = directory / KEPT
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        state.replace(kept / "broken")
        forget_apply(directory)
        _made.forget(directory)


def note_apply(directory: Path, *, made_something: bool) -> None:
    """Note that an apply is under way, and whether anything was made by it."""
    path = directory / APPLYING
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(MADE if made_something else BEGUN, encoding="utf-8")


def forget_apply(directory: Path) -> None:
    """Note that the apply has ended: Terraform has written its state."""
    (directory / APPLYING).unlink(missing_ok=True)


def check_not_lost(directory: Path) -> None:
    """Raise EngineFailed when a local state was there and is not any more.

    Terraform writes its state in place. An apply that was killed in the middle of that leaves a
    file that is empty or cut off: the last copy is put back when that apply had made nothing, or
    when it is noted by its id what it had made; an empty file of a first run is taken away.
    """
    state = directory / STATE
    if is_remote(directory) or _is_whole(state):
        return
    copies = sorted((directory / KEPT).glob("*.tfstate"))
    is_idle = _lock_error.local_holder(directory) is None
    made = _made.missing(directory, ())
    is_noted = made is not None and all(each.identity for each in made if each.is_complete)
    is_begun = state.is_file() and _noted(directory) == BEGUN
    if is_idle and (is_begun or is_noted) and copies:
        _put_back(copies[-1], state)
        forget_apply(directory)
        return
    if is_idle and is_noted and not copies:
        state.unlink(missing_ok=True)  # a first apply: what it had made is taken in by its id
        forget_apply(directory)
        return
    if copies or _noted(directory) == MADE:
        raise EngineFailed.because(
            f"the state file is {'empty' if state.is_file() else 'gone'}, and it was not before",
            hint=f"put the last of the copies in `{directory / KEPT}` back as `{STATE}`",
            code="engine/state-lost",
        )
    if state.is_file() and state.stat().st_size == 0 and is_idle:
        state.unlink()
        forget_apply(directory)


def is_usable(errored: Path) -> bool:
    """Tell whether a state that could not be saved is whole; on a full disk it may be cut off.

    One that is not is set aside: the notes of its apply say what was made.
    """
    if _is_whole(errored):
        return True
    _log.warning("a state that could not be saved is cut off", file=str(errored))
    kept = errored.parent / KEPT
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    errored.replace(kept / "errored-cut-off")
    return False


def _is_readable(directory: Path) -> bool:
    try:
        return read_local(directory) is not None
    except EngineFailed:
        return False


def _is_whole(state: Path) -> bool:
    """Tell whether a state ends as Terraform ends it; a cut-off one does not."""
    try:
        with state.open("rb") as file:
            file.seek(max(0, state.stat().st_size - 16))
            return file.read().rstrip().endswith(b"}")
    except FileNotFoundError:
        return False


def _put_back(copy: Path, state: Path) -> None:
    _log.warning("a state was cut off by a kill; its last copy is put back", copy=str(copy))
    partial = state.with_suffix(".partial")
    shutil.copyfile(copy, partial)
    partial.chmod(0o600)
    partial.replace(state)


def _noted(directory: Path) -> str:
    """Tell what an apply that did not end has noted; empty when none was cut off."""
    path = directory / APPLYING
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _addresses(document: Mapping[str, Any]) -> list[str]:
    found = []
    for resource in document.get("resources") or ():
        data = "data." if resource.get("mode") == "data" else ""
        base = f"{data}{resource['type']}.{resource['name']}"
        if module := resource.get("module"):
            base = f"{module}.{base}"
        for instance in resource.get("instances") or ():
            key = instance.get("index_key")
            found.append(base if key is None else f"{base}[{json.dumps(key)}]")
    return sorted(found)
