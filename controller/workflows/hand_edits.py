"""Which pointer of a stage counts: what Trueup wrote, or somebody else whom the rule believes.

Trueup knows its own commits by its ledger, which has the text it wrote last. When it was killed
before that was noted, or the ledger is lost or an old one, a commit proves itself: by the key that
Trueup signs with, where there is one; by the line in its message that binds it to the text; by the
sealed record of the decision beside it, with a number that is higher than any before.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from controller.diagnostics.errors import Stalled, Transient, TrueupError
from controller.model.decision import DecisionKind
from controller.model.names import StageName
from controller.model.pointer_change import HandEdit, PointerChange
from controller.model.record import Standing as Seal
from controller.model.release import Pointer, Release
from controller.steps.decide.verify import verify
from controller.steps.hand_edit import Edited, judge_edit
from controller.workflows import keys
from controller.workflows.by_hand import record_edit
from controller.workflows.parts import Parts
from controller.workflows.pointers import (
    decision_path,
    decisions_path,
    is_bound,
    pointer_path,
    read_decision,
    read_pointer,
    write_pointer,
)

MOST_CHANGES = 50
"""Of a file, at which is looked for the last pointer of our own."""
ALL = 1_000_000
"""More releases than a product will ever have."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The pointer that counts."""

    pointer: Pointer | None
    text: str | None
    """What the file says now, whoever wrote it: a write is made in its place and no other."""
    edit: HandEdit | None = None
    """What somebody wrote there that does not count."""


@dataclass(frozen=True, slots=True)
class Written:
    """The pointer that Trueup wrote last, or took over."""

    text: str
    counts: str = ""
    """The pointer as it counts, where that is more than the file says."""

    def pointer(self, name: StageName) -> Pointer | None:
        """Read the pointer."""
        return _read(name, self.counts or self.text)


_WRITTEN = TypeAdapter(Written)


class Pointers:
    """Reads pointers, and tells whose they are."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._world = parts.world

    async def standing(self, name: StageName) -> Standing:
        """Tell which pointer of a stage counts. Raises RepositoryUnreachable, Stalled."""
        known, path = await self._known(name), pointer_path(name)
        before = known.text if known else None
        files = await self._world.pointers.read(f"{name.product}/")
        if files.get(path) != before:  # whose it is, its record tells
            files = await self._world.pointers.read(f"{name.product}/", decisions_path(name))
        text = files.get(path)
        if text == before:
            return Standing(known.pointer(name) if known else None, text)
        changes = await self._world.pointers.changes(path, MOST_CHANGES)
        own = [at for at, each in enumerate(changes) if self._is_own(name, each, files, known)]
        if own[:1] == [0] or (known is None and await self._was_adopted(name, text)):
            await self.note(name, text or "")
            return Standing(_read(name, text), text)
        if own:
            known = await self.note(name, changes[own[0]].text or "")
        since = _since(changes, known)
        if not since and text is None:
            said = f"`{path}` is gone: the branch was taken away or begun anew"
            edit = HandEdit(said, self._world.clock.now())
            return Standing(known.pointer(name) if known else None, None, edit)
        if not since:
            raise Transient.because(
                f"`{path}` has another content than its history tells",
                hint="nothing to do: it is looked at again",
            )
        return await self._judged(name, text, since, known, files)

    async def wake_moved(self) -> None:
        """Wake each stage whose file says what neither Trueup wrote nor the last call found.

        What it is, the stage finds out by itself, and tells it when it cannot be read.
        """
        catalogs = self._parts.catalogs
        stages = tuple(catalogs.stages()) if catalogs.head else ()
        if not stages:
            return
        with contextlib.suppress(TrueupError):
            files = await self._world.pointers.read(*sorted({f"{s.product}/" for s in stages}))
            seen = self._parts.pointers_seen
            for name in stages:
                text = files.get(pointer_path(name))
                known = await self._known(name)
                if text not in {known.text if known else None, seen.get(name)}:
                    await self._world.dispatcher.wake(keys.stage_key(name))
                seen[name] = text

    async def is_held(self, name: StageName) -> bool:
        """Tell whether somebody holds a stage, as was written last; asks no server."""
        known = await self._known(name)
        pointer = known.pointer(name) if known else None
        return pointer is not None and pointer.held(self._world.clock.now()) is not None

    async def note(self, name: StageName, text: str, counts: str = "") -> Written:
        """Remember what a stage's file says, and that this counts."""
        written = Written(text, counts)
        await self._world.ledger.set_fact(_fact(name), _WRITTEN.dump_json(written).decode())
        return written

    async def _judged(
        self,
        name: StageName,
        text: str | None,
        since: Sequence[PointerChange],
        known: Written | None,
        files: Mapping[str, str],
    ) -> Standing:
        standing, said = known.pointer(name) if known else None, _read(name, text)
        trust, rule = self._world.trust, self._parts.catalogs.pipeline_stage(name).hand_edits
        seen = await self._world.ledger.releases(name.product, limit=ALL)
        edited = Edited(
            name, pointer_path(name), since, standing, said,
            [*seen, *(await self._unseen(said) if said and rule == "accept" else ())], rule,
            trust.promotions if trust else (), self._world.members, self._world.clock.now(),
            by_another=self._is_of_another(name, since[0], files),
        )  # fmt: skip
        found = judge_edit(edited)
        if isinstance(found, HandEdit):
            return Standing(standing, text, found)
        found = await record_edit(self._parts, edited, found, files)
        await self._parts.recording.event(
            keys.stage_key(name), "HandEditAccepted",
            f"`{edited.path}` was edited by {since[0].committer} in {since[0].commit[:12]}, and is"
            " followed: `handEdits: accept`",
            revision=f"sha1:{found.commit}", warning=True,
        )  # fmt: skip
        await self.note(name, text or "", write_pointer(found))
        await self._parts.wishes.withdraw(name)
        return Standing(found, text)

    async def _unseen(self, said: Pointer) -> tuple[Release, ...]:
        """Give the release of a commit that no ledger tells of any more, the oldest there is."""
        with contextlib.suppress(Stalled):  # it is not there, or was not accepted
            found = await self._parts.catalogs.release_of(said.stage.product, said.commit)
            return (found,) if found else ()
        return ()

    async def _known(self, name: StageName) -> Written | None:
        found = await self._world.ledger.fact(_fact(name))
        return _WRITTEN.validate_json(found) if found else None

    async def _was_adopted(self, name: StageName, text: str | None) -> bool:
        """Tell whether an earlier version, which noted no texts, had this pointer."""
        status, pointer = await self._world.ledger.stage(name), _read(name, text)
        if status is None or pointer is None or status.release is None:
            return False
        here = (status.commit, status.release, status.decision, status.number)
        return here == (pointer.commit, pointer.digest, pointer.decision, pointer.number)

    def _is_own(
        self,
        name: StageName,
        change: PointerChange,
        files: Mapping[str, str],
        known: Written | None,
    ) -> bool:
        """Tell whether a commit proves that Trueup made it, after the pointer that is known."""
        pointer, before = _read(name, change.text), known.pointer(name) if known else None
        if pointer is None or pointer.decision is None:
            return False
        if change.by_us is False or not is_bound(change):
            return False
        record = files.get(decision_path(name, pointer.decision), "")
        sealed = verify(record, self._world.seal, pointer.decision).standing
        decision = read_decision(record)
        if decision is None or sealed not in {Seal.VALID, Seal.OTHER_RULES}:
            return False
        said = (decision.stage, decision.release.digest, decision.number)
        if said != (name, pointer.digest, pointer.number):
            return False
        least = before.number + 1 if before else _highest_number(name, files)
        return pointer.number >= least

    def _is_of_another(
        self, name: StageName, change: PointerChange, files: Mapping[str, str]
    ) -> bool:
        """Tell whether a Trueup made a commit whose key is not known here."""
        pointer, seal = _read(name, change.text), self._world.seal
        if pointer is None or pointer.decision is None or not is_bound(change):
            return False
        record = files.get(decision_path(name, pointer.decision), "")
        key = verify(record, seal, pointer.decision).key
        return bool(key) and not seal.is_known(key)


def _highest_number(name: StageName, files: Mapping[str, str]) -> int:
    """Give the number of the last decision about a stage that wrote its pointer.

    The record of an edit by hand lies beside a pointer that Trueup did not write.
    """
    folder = decisions_path(name)
    records = [read_decision(text) for path, text in files.items() if path.startswith(folder)]
    numbers = (r.number for r in records if r and r.kind != DecisionKind.BY_HAND)
    return max(numbers, default=0)


def _since(changes: Sequence[PointerChange], known: Written | None) -> Sequence[PointerChange]:
    """Give the changes after the pointer that is known; all when its commit is gone."""
    texts = [each.text for each in changes]
    return changes[: texts.index(known.text)] if known and known.text in texts else changes


def _read(name: StageName, text: str | None) -> Pointer | None:
    """Read a pointer; None for what is none."""
    try:
        return read_pointer(name, {pointer_path(name): text} if text else {})
    except Stalled:
        return None


def _fact(name: StageName) -> str:
    return f"pointer/{name}"
