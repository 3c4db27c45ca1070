"""A history of states in a folder: `<product>/<environment>/<stack>/<number>-<serial>-<digest>`.

A state holds secrets in clear, as Terraform's own does beside it; folders have mode 0700 and files
0600, and no page, event or artifact ever shows them. Each file appears whole or not at all, begins
with a line that tells what it is, and is compared with its name when it is read.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from controller.diagnostics.errors import Stalled, Transient
from controller.diagnostics.secret import SecretText
from controller.durable import sync_folder
from controller.model.names import Digest, UnitName
from controller.model.provider_places import Places
from controller.model.state import EngineState, KeptState

_NAME = "{number:08}-{serial:010}-{digest}.state"
_PARTIAL = ".partial"


class DiskStateHistory:
    """See the port. Only one controller writes below the folder."""

    def __init__(self, root: Path, *, limit: int, now: Callable[[], datetime]) -> None:
        """Use a folder, which is made when it is first needed; `limit` states a unit are kept."""
        self._root = root
        self._limit = limit
        self._now = now

    async def keep(
        self, unit: UnitName, state: EngineState, *, why: str, made_with: Sequence[Places] = ()
    ) -> None:
        """See the port."""
        try:
            await asyncio.to_thread(self._keep, unit, state, why, made_with)
        except OSError as error:
            raise Transient.because(
                f"the state of `{unit}` cannot be kept: {error.strerror or error}",
                hint=f"look at the free space and the permissions of `{self._root}`",
                code="state/not-kept",
            ) from error

    async def origin(self, unit: UnitName, state: EngineState) -> tuple[Places, ...]:
        """See the port. A damaged one tells nothing, and is told of when it is listed."""
        path = self._find(unit, _digest(_text(state)))
        try:
            return _read_head(path).made_with if path else ()
        except Stalled:
            return ()

    async def kept(self, unit: UnitName) -> Sequence[KeptState]:
        """See the port."""
        return await asyncio.to_thread(self._list, unit)

    async def read(self, unit: UnitName, serial: int) -> SecretText | None:
        """See the port."""
        for path in reversed(self._files(unit)):
            if int(path.name.split("-")[1]) == serial:
                _, _, content = path.read_text(encoding="utf-8").partition("\n")
                if _digest(content) != path.stem.split("-")[2]:
                    raise Stalled.because(
                        f"the kept state `{path}` is damaged", code="state/damaged"
                    )
                return SecretText(content)
        return None

    def _folder(self, unit: UnitName) -> Path:
        return self._root / unit.product / unit.environment / unit.stack

    def _files(self, unit: UnitName) -> list[Path]:
        return sorted(self._folder(unit).glob("*.state"))

    def _find(self, unit: UnitName, digest: str) -> Path | None:
        return next((path for path in self._files(unit) if path.stem.endswith(digest)), None)

    def _keep(
        self, unit: UnitName, state: EngineState, why: str, made_with: Sequence[Places]
    ) -> None:
        content = _text(state)
        digest, files = _digest(content), self._files(unit)
        if (same := self._find(unit, digest)) is not None:
            _note_origin(same, made_with)
            return
        number = int(files[-1].name.split("-")[0]) + 1 if files else 1
        folder = self._folder(unit)
        _make_private(folder, self._root)
        head = {
            "at": self._now().isoformat(), "why": why, "lineage": state.lineage,
            "resources": state.resources, "made_with": [dict(places) for places in made_with],
        }  # fmt: skip
        name = _NAME.format(number=number, serial=state.serial, digest=digest)
        _write(folder / name, f"{json.dumps(head)}\n{content}")
        for old in [*files, folder / name][: -self._limit]:
            old.unlink(missing_ok=True)

    def _list(self, unit: UnitName) -> list[KeptState]:
        return [_read_head(path) for path in reversed(self._files(unit))]


def _read_head(path: Path) -> KeptState:
    with path.open(encoding="utf-8") as file:
        line = file.readline()
    _, serial, digest = path.stem.split("-")
    try:
        head = json.loads(line)
        return KeptState(
            int(serial), head["lineage"], Digest(f"sha256:{digest}"),
            datetime.fromisoformat(head["at"]), head["why"], tuple(head["resources"]),
            tuple(head.get("made_with", ())),  # an earlier version kept none
        )  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise Stalled.because(
            f"the kept state `{path}` is damaged",
            hint=f"remove it: `rm {path}`",
            code="state/damaged",
        ) from error


def _note_origin(path: Path, made_with: Sequence[Places]) -> None:
    """Add where it was made to a state that was kept without."""
    line, _, content = path.read_text(encoding="utf-8").partition("\n")
    try:
        head = json.loads(line)
    except ValueError:  # damaged: told when it is read
        return
    if made_with and not head.get("made_with"):
        head["made_with"] = [dict(places) for places in made_with]
        _write(path, f"{json.dumps(head)}\n{content}")


def _text(state: EngineState) -> str:
    return state.content.reveal()


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _make_private(folder: Path, root: Path) -> None:
    if folder.is_dir():
        return
    if folder != root:
        _make_private(folder.parent, root)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sync_folder(folder.parent)


def _write(path: Path, text: str) -> None:
    partial = path.with_suffix(_PARTIAL)
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
