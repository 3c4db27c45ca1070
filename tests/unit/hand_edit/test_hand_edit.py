"""What somebody's change of a pointer counts as."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from controller.model.caller import Caller, Member, Role
from controller.model.history import Signature, SignersRule
from controller.model.names import Commit, Digest, StageName
from controller.model.pointer_change import HandEdit, PointerChange
from controller.model.release import Hold, Pointer, Release, TakenBack
from controller.steps.hand_edit import Edited, judge_edit

STAGE, PATH = StageName("shop", "production"), "shop/production.yaml"
NOW = datetime(2030, 1, 1, tzinfo=UTC)
THIRD, SECOND, FIRST = (
    Release("shop", Commit(letter * 40), Digest(f"sha256:{letter * 64}")) for letter in "cba"
)
STANDING = Pointer(STAGE, SECOND.commit, SECOND.digest, Digest("sha256:d"), number=7)
WANTED = replace(STANDING, commit=THIRD.commit)
OLGA, GRACE = "Olga <olga@x>", "Grace <grace@x>"
MEMBER = Member(Caller("gr", Role.APPROVER, ("managers",)), ("Grace@x", "SHA256:grace"))
CHANGE = PointerChange(Commit("9" * 40), "text", "", OLGA, GRACE, NOW, proposers=(OLGA,))
EDITED = Edited(
    STAGE, PATH, (CHANGE,), STANDING, WANTED, (THIRD, SECOND, FIRST), "approve", (), (MEMBER,), NOW
)


def judged(**changes) -> HandEdit:
    found = judge_edit(replace(EDITED, **changes))
    assert isinstance(found, HandEdit)
    return found


def test_a_proposal_is_a_wish_and_the_word_of_who_merged_it() -> None:
    found = judged()
    assert (found.release, found.is_proposal, found.asked_by) == (THIRD, True, OLGA)
    assert found.approval is not None
    assert (found.approval.by, found.approval.release) == ("gr <grace@x>", THIRD.digest)
    assert found.approval.groups == ("managers",)


@pytest.mark.parametrize(
    ("change", "approves", "asks"),
    [
        ({"proposers": (GRACE,)}, True, "gr <grace@x>"),
        ({"proposers": (OLGA, GRACE)}, True, "gr <grace@x>"),
        ({"committer": "Grace <grace@elsewhere>"}, False, OLGA),
        ({"committer": "gr <somebody@x>"}, False, OLGA),  # a name is anybody's
        ({"committer": "GitHub <noreply@github.com>", "author": GRACE}, False, OLGA),
        ({"committer": "GitHub <noreply@github.com>", "author": GRACE, "is_merge": True}, True,
         OLGA),
    ],
)  # fmt: skip
def test_a_word_counts_of_a_user_whose_address_it_is(change, approves: bool, asks: str) -> None:
    found = judged(changes=(replace(CHANGE, **change),))
    assert (found.approval is not None, found.asked_by) == (approves, asks)


def test_who_may_not_approve_approves_nothing_by_a_merge() -> None:
    operator = Member(Caller("gr", Role.OPERATOR), ("grace@x",))
    assert judged(members=(operator,)).approval is None


@pytest.mark.parametrize(
    ("signature", "said"),
    [
        (Signature(problem="it is not signed"), "has no signature that counts: it is not signed"),
        (Signature(("eve@x", "SHA256:eve")), "is signed by eve@x, who may not move this stage"),
        (Signature(("grace@x", "SHA256:grace")), ""),
    ],
)
@pytest.mark.parametrize("rule", ["approve", "accept"])
def test_where_signers_are_named_each_commit_is_signed_by_one_of_them(rule, signature, said):
    signers = (SignersRule(("*/production.yaml",), ("grace@x",)),)
    good = replace(CHANGE, signature=Signature(("grace@x", "SHA256:grace")))
    changes = (good, replace(CHANGE, signature=signature))
    edited = replace(EDITED, rule=rule, signers=signers, changes=changes, pointer=WANTED)
    if said:
        found = judge_edit(edited)
        assert isinstance(found, HandEdit)
        assert said in found.said
        assert (found.is_proposal, found.approval) == (False, None)
    elif rule == "approve":
        forged = replace(good, committer="Ann <ann@x>", author="Ann <ann@x>")
        assert judged(signers=signers, changes=(forged,)).approval is not None
    else:
        assert isinstance(judge_edit(replace(edited, pointer=exact(THIRD))), Pointer)


def test_an_older_release_is_no_proposal_and_the_way_back_is_told() -> None:
    found = judged(pointer=exact(FIRST))
    assert "`trueup rollback shop/production --to " in found.said
    assert (found.is_proposal, found.approval) == (False, None)


def exact(release: Release) -> Pointer:
    return replace(STANDING, commit=release.commit, digest=release.digest)


@pytest.mark.parametrize(
    ("pointer", "text", "said"),
    [
        (None, None, "the file is gone"),
        (None, "{", "does not say a commit and a release"),
        (replace(WANTED, commit=Commit("5" * 40)), "", "is no release that was seen"),
        (replace(WANTED, commit=Commit("ccc")), "", "is no release that was seen"),
        (replace(WANTED, digest=FIRST.digest), "", "is no release that was seen"),
        (replace(STANDING, hold=Hold("eve", NOW, "so")), "", "changes more than the release"),
        (
            replace(WANTED, taken_back=(TakenBack(FIRST.digest),)),
            "",
            "changes more than the release",
        ),
        (replace(STANDING, decision=None), "", "names no other release"),
    ],
)
def test_what_names_no_release_counts_as_nothing(pointer, text, said: str) -> None:
    found = judged(pointer=pointer, changes=(replace(CHANGE, text=text),))
    assert said in found.said
    assert not found.is_proposal


def test_a_rule_that_refuses_still_says_what_may_be_asked_for() -> None:
    found = judged(rule="refuse")
    assert (found.release, found.is_proposal, found.approval) == (THIRD, False, None)
    assert "`shop/production.yaml` was edited by grace@x in 999999999999: `handEdits: refuse`" in (
        found.said
    )


@pytest.mark.parametrize(("release", "left"), [(THIRD, []), (FIRST, [SECOND.digest]), (SECOND, [])])
def test_what_is_believed_counts_on_and_does_not_come_back(release, left) -> None:
    hold = Hold("eve", NOW, "so", NOW + timedelta(1))
    said = replace(exact(release), hold=hold, number=2)
    found = judge_edit(replace(EDITED, rule="accept", pointer=said))
    assert isinstance(found, Pointer)
    assert (found.commit, found.number, found.hold) == (release.commit, 7, hold)
    assert [each.release for each in found.taken_back] == left
    unknown = replace(said, digest=Digest("sha256:5"))
    assert "no release of here" in judged(rule="accept", pointer=unknown).said
