"""What people ask of promotions: approve, promote, hold, go back, and why a stage is as it is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from controller.decisions import Decisions
from controller.diagnostics.errors import Stalled
from controller.lookup import stage_named
from controller.model import move_view
from controller.model.caller import Caller, Role
from controller.model.decision import Approval
from controller.model.names import Commit, Digest, StageName
from controller.model.release import Pointer, Release
from controller.model.status import StageStatus
from controller.permission import NotAllowed, NotFound, require
from controller.steps.decide.decide import approval_rule
from controller.steps.decide.people import CHANGED
from controller.steps.decide.question import Question
from controller.workflows import holding, keys
from controller.workflows.hand_edits import ALL
from controller.workflows.holding import SHORTEST, Order
from controller.workflows.parts import Parts
from controller.workflows.preview import preview
from controller.workflows.stages import Stages
from controller.workflows.wishes import Wish
from schemas.kinds.pipeline import PipelineStage

COMMIT_LENGTHS = (40, 64)


class Promotions:
    """Answers and acts for callers. Every action is an event with the caller's name."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._ledger = parts.world.ledger
        self._decisions = Decisions(parts)

    # Looking.

    async def history(self, stage: str) -> Sequence[move_view.MoveView]:
        """Give every decision about a stage that stands on the promotions branch, the newest first.

        Raises NotFound, RepositoryUnreachable.
        """
        return await self._decisions.of_stage((await stage_named(self._ledger, stage)).name)

    async def trace(self, commit: str) -> move_view.TraceView:
        """Tell where a commit has got to, stage by stage. Raises NotFound."""
        found = await self._full_commit(commit)
        stages = [await self._traced(found, name) for name in self._parts.catalogs.stages()]
        return move_view.TraceView(found, tuple(stages))

    async def preview(self, stage: str, release: str = "") -> move_view.PreviewView:
        """Plan what going back to a release would change; nothing is changed, nothing is kept."""
        name = (await stage_named(self._ledger, stage)).name
        pointer = (await Stages(self._parts).pointer(name)).pointer
        if pointer is None:
            raise Stalled.because(
                f"no release is at `{name}` yet",
                hint=f"`trueup describe {name}` tells what it waits for",
                code="promote/nothing-there",
            )
        to = await holding.earlier_release(self._parts, pointer, release)
        return move_view.PreviewView(
            str(name), to.commit, to.digest, await preview(self._parts, name, to)
        )

    # Acting.

    async def approve(
        self, caller: Caller, subject: str, reason: str = "", *, expect: str = ""
    ) -> str:
        """Approve the release that waits to be let into a stage. Gives the approved release.

        `expect` is the commit, or the digest of the evidence, that the caller was shown; another
        one is not approved unseen. Raises NotAllowed for whoever's word would not count.
        """
        require(caller, Role.APPROVER)
        status = await stage_named(self._ledger, subject)
        if status.candidate is None or not status.waiting_for:
            raise Stalled.because(
                f"nothing waits for an approval in `{subject}`",
                hint="`trueup get stages` shows what each stage waits for",
            )
        if expect and expect not in {status.candidate_commit, status.evidence}:
            raise _changed(subject)
        now = self._parts.world.clock.now()
        approval = Approval(
            status.name, status.candidate, caller.name, now, reason,
            groups=caller.groups, evidence=status.evidence,
        )  # fmt: skip
        question = await self._question(status, status.candidate)
        why_not = approval_rule(question).why_not(approval, now)
        if why_not == CHANGED:  # since the stage was looked at last
            raise _changed(subject)
        if why_not:
            raise NotAllowed.because(
                f"an approval by `{caller.name}` does not count: {why_not}",
                hint="ask somebody else with the role `approver`",
            )
        await self._ledger.put_approval(approval)
        await self._tell(caller, status.name, "Approved", f"approved {status.candidate_commit}")
        return str(status.candidate)

    async def revoke(self, caller: Caller, subject: str, reason: str = "") -> str:
        """Take the caller's own approval of the release that waits back."""
        require(caller, Role.APPROVER)
        status = await stage_named(self._ledger, subject)
        given = await self._ledger.approvals(status.name, Digest(status.candidate or ""))
        mine = next((a for a in given if a.by == caller.name and not a.revoked), None)
        if mine is None:
            raise Stalled.because(
                f"`{caller.name}` has approved nothing that waits in `{subject}`",
                hint="a word is given, and taken back, by the same user",
            )
        await self._ledger.put_approval(replace(mine, revoked=True, reason=reason))
        await self._tell(caller, status.name, "Revoked", f"took the approval back: {reason}")
        return mine.release

    async def promote(self, caller: Caller, stage: str, release: str = "") -> str:
        """Ask for a release to be let into a stage: the one that waits, or one that is named.

        One that is named stays asked for when a newer one is verified.
        """
        require(caller, Role.OPERATOR)
        status = await stage_named(self._ledger, stage)
        if release:
            found = await self._named(status, release)
            wanted, commit = found.digest, found.commit
        else:
            if status.candidate is None:
                raise Stalled.because(
                    f"no release waits to be let into `{stage}`",
                    hint="`--release COMMIT` asks for one; `trueup get releases` lists them",
                )
            wanted, commit = status.candidate, status.candidate_commit or Commit("")
        now = self._parts.world.clock.now()
        wish = Wish(wanted, caller.name, now, pinned=bool(release))
        await self._parts.wishes.promote(status.name, wish)
        await self._tell(caller, status.name, "PromotionRequested", f"asked for {commit}")
        return str(wanted)

    async def accept_edit(self, caller: Caller, stage: str) -> str:
        """Ask for the release that somebody wrote into the pointer by hand, by all the rules."""
        require(caller, Role.OPERATOR)
        name = (await stage_named(self._ledger, stage)).name
        edit = (await Stages(self._parts).pointer(name)).edit
        if edit is None:
            raise holding.not_edited(name)
        if edit.release is None:
            raise Stalled.because(
                f"{edit.said}; that names no release to ask for",
                hint=f"`trueup promote {name} --put-back` writes the pointer as it was",
                code="promote/hand-edited",
            )
        return await self.promote(caller, stage, edit.release.commit)

    async def put_back(self, caller: Caller, stage: str, reason: str = "") -> str:
        """Write the pointer as it was before somebody edited it by hand."""
        require(caller, Role.OPERATOR)
        name = (await stage_named(self._ledger, stage)).name
        order = Order(caller.name, reason)
        return str((await holding.put_back(self._parts, name, order)).decision)

    async def hold(
        self, caller: Caller, stage: str, reason: str, until: datetime | None = None
    ) -> str:
        """Keep a stage at its release until somebody lifts that, or until an instant."""
        require(caller, Role.OPERATOR)
        name = (await stage_named(self._ledger, stage)).name
        order = Order(caller.name, _reason(reason), until)
        return str((await holding.hold(self._parts, name, order)).decision)

    async def lift(self, caller: Caller, stage: str, reason: str = "") -> str:
        """End a hold."""
        require(caller, Role.OPERATOR)
        name = (await stage_named(self._ledger, stage)).name
        return str((await holding.lift(self._parts, name, Order(caller.name, reason))).decision)

    async def roll_back(self, caller: Caller, stage: str, reason: str, release: str = "") -> str:
        """Go back to a release that was here before, and hold the stage there."""
        require(caller, Role.OPERATOR)
        name = (await stage_named(self._ledger, stage)).name
        order = Order(caller.name, _reason(reason))
        return (await holding.roll_back(self._parts, name, order, release)).commit

    async def abort(self, caller: Caller, stage: str, reason: str) -> str:
        """Break a promotion off: withdraw what was asked for, and go back if it is under way.

        Raises Stalled when nothing is asked for or under way.
        """
        require(caller, Role.OPERATOR)
        status = await stage_named(self._ledger, stage)
        order = Order(caller.name, _reason(reason))
        wish = await self._parts.wishes.asked_for(status.name)
        await self._parts.wishes.withdraw(status.name)
        if status.release is not None and status.verified != status.release:
            return (await holding.roll_back(self._parts, status.name, order)).commit
        edit = (await Stages(self._parts).pointer(status.name)).edit
        if edit is not None and edit.is_proposal:
            return str((await holding.put_back(self._parts, status.name, order)).decision)
        if wish is None:
            raise Stalled.because(
                f"no promotion to `{stage}` is under way or asked for",
                hint=f"`trueup rollback {stage}` goes back; `trueup hold {stage}` keeps others out",
                code="promote/nothing-under-way",
            )
        await self._tell(caller, status.name, "Aborted", f"asks for no release more: {reason}")
        return str(wish.release)

    async def _named(self, status: StageStatus, text: str) -> Release:
        """Find a release that may be asked for, by its commit or digest. Raises Stalled."""
        name, stages = status.name, Stages(self._parts)
        found = await self._find_release(name.product, text)
        is_first = not self._entry(name).after
        head = self._parts.catalogs.release_at_head(name.product)
        if is_first and (head is None or head.digest != found.digest):
            raise Stalled.because(
                f"`{name}` is a first stage: it follows the branch",
                hint="revert the commits that are not wanted, or go back with `trueup rollback`",
                code="promote/first-stage",
            )
        here = status.release
        is_other = here is not None and found.digest != here and not is_first
        if is_other and not await stages.is_newer(name.product, found.digest, Digest(str(here))):
            raise Stalled.because(
                f"{found} is older than what is at `{name}`",
                hint=f"`trueup rollback {name} --to {found.commit[:12]}` goes back",
                code="promote/older",
            )
        pointer = (await stages.pointer(name)).pointer
        back = pointer.back_from(found.digest) if pointer else None
        if back is not None and not back.by:
            raise Stalled.because(
                f"a gate took {found} back from `{name}`: it does not come there again",
                hint="commit a change: that makes a new release",
                code="promote/taken-back",
            )
        return found

    async def _find_release(self, product: str, text: str) -> Release:
        releases = await self._ledger.releases(product, limit=ALL)
        fitting = [
            each
            for each in releases
            if each.digest == text or (len(text) >= SHORTEST and each.commit.startswith(text))
        ]
        if len(fitting) != 1:
            raise NotFound.because(
                f"`{text}` names {'several releases' if fitting else 'no release'} of `{product}`",
                hint=f"`trueup get releases --product {product}` lists them",
            )
        return fitting[0]

    async def _full_commit(self, text: str) -> Commit:
        for product in self._parts.catalogs.products():
            for each in await self._ledger.releases(product, limit=ALL):
                if len(text) >= SHORTEST and each.commit.startswith(text):
                    return each.commit
        if len(text) in COMMIT_LENGTHS:
            await self._parts.catalogs.at(Commit(text))
            return Commit(text)
        raise NotFound.because(
            f"`{text}` is no commit that is known here",
            hint="give the whole commit, or the first digits of one in `trueup get releases`",
        )

    async def _traced(self, commit: Commit, name: StageName) -> move_view.TracedView:
        """Tell whether a stage's release holds a commit, and if not, what it waits for."""
        status = await self._ledger.stage(name) or StageStatus(name)
        here = status.commit
        holds = here is not None and (
            here == commit or (await self._parts.world.repository.history(here, commit)).descends
        )
        candidate = status.candidate_commit
        if holds:
            at = "it" if here == commit else f"it, with {str(here)[:12]}"
            said = f"here is {at}" + ("" if status.ready else "; not all units are there yet")
        elif candidate is not None and (
            candidate == commit
            or (await self._parts.world.repository.history(candidate, commit)).descends
        ):
            said = f"waits for {status.waiting_for}"
        else:
            after = ", ".join(self._entry(name).after)
            said = f"has to be verified in {after} first" if after else "not yet"
            said = f"{status.waiting_for}" if status.hold else said
        return move_view.TracedView(str(name), holds=holds, commit=here or "", said=said)

    def _entry(self, name: StageName) -> PipelineStage:
        return self._parts.catalogs.pipeline_stage(name)

    async def _question(self, status: StageStatus, release: Digest) -> Question:
        found = await self._ledger.release(status.name.product, release)
        if found is None:
            raise NotFound.because(f"the release `{release}` is not known")
        pointer = None
        if status.commit is not None and status.release is not None:
            pointer = Pointer(status.name, status.commit, status.release)
        return await Stages(self._parts).evidence.question(status, pointer, found)

    async def _tell(self, caller: Caller, name: StageName, reason: str, message: str) -> None:
        key = keys.stage_key(name)
        await self._parts.recording.event(key, reason, f"{caller.name}: {message}")
        await self._parts.world.dispatcher.wake(key, priority=5)


def _changed(subject: str) -> Stalled:
    return Stalled.because(
        f"the release for `{subject}` has changed since it was shown",
        hint="look at what waits now, and decide again",
        code="app/changed-meanwhile",
    )


def _reason(text: str) -> str:
    if not text.strip():
        raise Stalled.because(
            "it needs a reason: it is kept in Git, and shown to everybody who waits",
            hint='add `--reason "…"`',
            code="promote/no-reason",
        )
    return text.strip()
