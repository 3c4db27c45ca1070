"""Somebody's change of a pointer → what it counts as: by the stage's rule and by signatures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parseaddr

from controller.model.caller import Member, Role
from controller.model.decision import Approval
from controller.model.history import SignersRule
from controller.model.names import Digest, StageName
from controller.model.pointer_change import HandEdit, PointerChange
from controller.model.release import Pointer, Release, TakenBack
from schemas.kinds.pipeline import HandEdits

SHORTEST = 7
"""So many digits of a commit are needed, as git does by itself."""


@dataclass(frozen=True, slots=True)
class Edited:
    """What is known of a change."""

    stage: StageName
    path: str
    changes: Sequence[PointerChange]
    """The commits since the last pointer that Trueup wrote, the newest first; at least one."""
    standing: Pointer | None
    """The last pointer that Trueup wrote, or took over."""
    pointer: Pointer | None
    """What the file says now; None when that is no pointer."""
    releases: Sequence[Release] = ()
    """Every release of the product that was seen."""
    rule: HandEdits = "refuse"
    signers: Sequence[SignersRule] = ()
    members: Sequence[Member] = ()
    now: datetime | None = None
    by_another: bool = False
    """The newest change is as Trueup writes it, sealed with a key that is not known here."""


def judge_edit(edited: Edited) -> HandEdit | Pointer:
    """Give what an edit counts as: the pointer that it says, where it is believed."""
    newest = edited.changes[0]
    release = _release(edited)
    not_trusted = next(filter(None, (_distrusted(edited, each) for each in edited.changes)), "")
    why = not_trusted or _unclear(edited, release)
    if not why and edited.pointer is not None and edited.rule == "accept":
        return _believed(edited, edited.pointer)
    is_proposal = not why and edited.rule == "approve"
    if not why:
        why = (
            "it comes once it is verified before, as a newer release"
            if is_proposal
            else "`handEdits: refuse` of the pipeline"
        )
    another = "another Trueup, whose key is not known here,"
    who = another if edited.by_another else who_edited(newest)
    said = f"`{edited.path}` was edited by {who} in {newest.commit[:12]}: {why}"
    is_other = release is not None and release.digest != _digest(edited.standing)
    edit = HandEdit(
        said, newest.at, release if is_other else None, is_proposal, by_another=edited.by_another
    )
    return _with_word(edit, edited, newest, release) if is_proposal and release else edit


def _believed(edited: Edited, said: Pointer) -> Pointer:
    """Take over what somebody wrote: the release that it leaves does not come back by itself."""
    before = edited.standing
    if before is None:
        return said
    number = max(said.number, before.number)
    order = [each.digest for each in edited.releases]
    if said.digest == before.digest or said.digest in order[: _place(order, before.digest)]:
        return replace(said, number=number)
    left = TakenBack(before.digest, before.commit, who_edited(edited.changes[0]), edited.now)
    return replace(said, number=number, taken_back=said.with_taken_back(left))


def _is_older(releases: Sequence[Release], release: Digest, than: Digest) -> bool:
    order = [each.digest for each in releases]
    return than in order and _place(order, release) > _place(order, than)


def _place(order: Sequence[str], digest: str) -> int:
    """Give how many releases are newer."""
    return order.index(digest) if digest in order else 0


def ways_out(stage: StageName, edit: HandEdit) -> str:
    """Say what an edit is, and how a person ends it."""
    ask = f"`trueup promote {stage} --accept` asks for {edit.release}, " if edit.release else ""
    if edit.by_another:
        ask = (
            "one controller moves a stage: stop one of the two, or, if this one lost its data"
            f" folder, name its old key in `decision_keys` and start it again; {ask}"
        )
    return (
        f"somebody to look: {edit.said}; {ask}`trueup promote {stage} --put-back` writes the"
        " pointer as it was"
    )


def _with_word(edit: HandEdit, edited: Edited, change: PointerChange, release: Release) -> HandEdit:
    """Add whose word the change is: who proposed it asks, who merged it approves."""
    names = _names(edited, change)
    member = next((m for m in edited.members if m.made(names)), None)
    makers = change.proposers or (change.author,)
    if member is None or not member.caller.role.includes(Role.APPROVER):
        return replace(edit, asked_by=makers[0])
    address = next((name for name in names if "@" in name), "")
    by = f"{member.caller.name} <{address}>" if address else member.caller.name
    approval = Approval(
        edited.stage, release.digest, by, change.at,
        f"by the commit {change.commit[:12]} of the promotions branch", member.caller.groups,
    )  # fmt: skip
    others = [maker for maker in makers if not member.made(_addresses(maker))]
    return replace(
        edit, asked_by=others[0] if len(others) == len(makers) else by, approval=approval
    )


def _names(edited: Edited, change: PointerChange) -> tuple[str, ...]:
    """Give who is behind a change: by signature where those are wanted, else as the commit says."""
    if edited.signers:
        return change.signature.identities
    merger = (change.author,) if change.is_merge else ()
    return tuple(name for who in (change.committer, *merger) for name in _addresses(who))


def _addresses(person: str) -> tuple[str, ...]:
    address = parseaddr(person)[1]
    return (address,) if "@" in address else ()


def _distrusted(edited: Edited, change: PointerChange) -> str:
    if not edited.signers:
        return ""
    signature = change.signature
    if not signature.identities:
        return f"{change.commit[:12]} has no signature that counts: {signature.problem}"
    rules = [rule for rule in edited.signers if rule.find((edited.path,))]
    if all(rule.allows(signature) for rule in rules):
        return ""
    return f"{change.commit[:12]} is signed by {signature.signer}, who may not move this stage"


def _unclear(edited: Edited, release: Release | None) -> str:
    """Say why an edit does not say which release should be here; empty when it does."""
    said, standing = edited.pointer, edited.standing
    if said is None:
        is_gone = edited.changes[0].text is None
        return "the file is gone" if is_gone else "the file does not say a commit and a release"
    if edited.rule == "accept":
        known = [(each.commit, each.digest) for each in (release, standing) if each is not None]
        is_known = (said.commit, said.digest) in known
        return "" if is_known else f"{said.commit[:12]} and its digest are no release of here"
    here = replace(
        said, commit=standing.commit, digest=standing.digest, decision=standing.decision,
        number=standing.number,
    ) if standing else said  # fmt: skip
    if standing is not None and here != standing:
        return "it changes more than the release; holds have their own commands"
    if release is None:
        return f"{said.commit[:12]} is no release that was seen here"
    return _no_step_on(edited, release, standing)


def _no_step_on(edited: Edited, release: Release, standing: Pointer | None) -> str:
    if standing is None:
        return ""
    if release.digest == standing.digest:
        return "it names no other release"
    if _is_older(edited.releases, release.digest, standing.digest):
        back = f"`trueup rollback {edited.stage} --to {release.commit[:12]}`"
        return f"{release} is older than what is here, and {back} goes back"
    return ""


def _release(edited: Edited) -> Release | None:
    """Find the release that an edit names: by its digest, unless only the commit was changed."""
    said = edited.pointer
    if said is None or len(said.commit) < SHORTEST:
        return None
    seen = {each.digest: each for each in edited.releases}
    fitting = [each for each in seen.values() if each.commit.startswith(said.commit)]
    if said.digest != _digest(edited.standing):
        fitting = [each for each in fitting if each.digest == said.digest]
    return fitting[0] if len(fitting) == 1 else None


def _digest(pointer: Pointer | None) -> Digest | None:
    return pointer.digest if pointer else None


def who_edited(change: PointerChange) -> str:
    """Name who made a change, as its commit says."""
    return parseaddr(change.committer)[1] or change.committer or "somebody"
