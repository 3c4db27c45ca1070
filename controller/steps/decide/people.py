"""Whose word counts for a release, and why somebody's does not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr

from controller.model.decision import Approval, EvidenceItem
from controller.model.names import Digest, StageName
from controller.model.release import Release

CHECK = "approved"
CHANGED = "the evidence has changed since it was given"


@dataclass(frozen=True)
class ApprovalRule:
    """What makes a word count: for this release in this stage, by somebody who did not make it."""

    stage: StageName
    release: Release
    required: int = 0
    groups: tuple[str, ...] = ()
    expire: timedelta | None = None
    authors: tuple[str, ...] = ()
    asked_by: str = ""
    evidence: Digest | None = None
    """What is to be seen now; a word that was given to something else does not count."""

    def why_not(self, approval: Approval, now: datetime) -> str:
        """Say why a word does not count; empty when it does."""
        person, release = identities(approval.by), self.release
        authors = set().union(*map(identities, (release.author, *self.authors)))
        is_of_this = approval.release in {release.digest, release.commit}
        age = now - approval.at
        reasons = (
            (approval.stage != self.stage or not is_of_this, "it is for another release or stage"),
            (approval.revoked, "it was taken back"),
            (
                not identities(release.author) or not person,
                "the author of the release is not known, so that anybody could be it",
            ),
            (not person.isdisjoint(authors), "nobody approves their own change"),
            (
                not person.isdisjoint(identities(self.asked_by)),
                "who asks for a release does not approve it",
            ),
            (
                bool(self.groups) and set(self.groups).isdisjoint(approval.groups),
                f"it needs a member of {' or '.join(self.groups)}",
            ),
            (
                self.expire is not None and not timedelta(0) <= age < self.expire,
                "it has expired",
            ),
            (
                None not in {approval.evidence, self.evidence}
                and approval.evidence != self.evidence,
                CHANGED,
            ),
        )
        return next((why for applies, why in reasons if applies), "")

    def counted(self, approvals: Iterable[Approval], now: datetime) -> tuple[Approval, ...]:
        """Give the approvals that count, one a person."""
        seen: set[str] = set()
        counted = []
        for approval in approvals:
            person = identities(approval.by)
            if self.why_not(approval, now) or person & seen:
                continue
            seen |= person
            counted.append(approval)
        return tuple(counted)

    def item(self, approvals: Iterable[Approval], now: datetime) -> EvidenceItem:
        """Give the item of evidence."""
        given = tuple(approvals)
        if self.required <= 0:
            return EvidenceItem(CHECK, ok=True, detail="no approval is needed")
        counted = self.counted(given, now)
        if len(counted) >= self.required:
            names = ", ".join(approval.by for approval in counted)
            return EvidenceItem(CHECK, ok=True, detail=f"approved by {names}")
        if not self.release.author.strip():
            detail = f"the author of {self.release} is not known, so that nobody can approve it"
            return EvidenceItem(CHECK, ok=None, detail=detail)
        return EvidenceItem(CHECK, ok=False, detail=self._missing(given, len(counted), now))

    def _missing(self, given: tuple[Approval, ...], counted: int, now: datetime) -> str:
        missing = self.required - counted
        people = f"the approval of {'one person' if missing == 1 else f'{missing} people'}"
        if self.groups:
            people += f" of {' or '.join(self.groups)}"
        named = [self.release.author]
        for author in self.authors:
            if not any(is_same_person(author, each) for each in named):
                named.append(author)
        apart = f"its author{'s' if len(named) > 1 else ''} {', '.join(named)}"
        if self.asked_by and not any(is_same_person(self.asked_by, each) for each in named):
            apart += f", and {self.asked_by}, who asked for it,"
        said = f"{people} other than {apart} for {self.release} in {self.stage}"
        refused = sorted(
            f"that of {each.by} does not count: {why}"
            for each in given
            if not each.revoked and (why := self.why_not(each, now))
        )
        return "; ".join([said, *refused])


def is_same_person(one: str, other: str) -> bool:
    """Tell whether two ways of writing a person may mean the same one."""
    return bool(identities(one) & identities(other))


def identities(person: str) -> set[str]:
    """Give the ways in which a person may be written: `Ada <ada@example.com>` is each of them.

    The word before the `@` is one, since people sign in with it: better one approval too few.
    """
    name, address = parseaddr(person)
    written = {person, name, address, address.partition("@")[0]}
    return {text.strip().casefold() for text in written if text.strip()}
