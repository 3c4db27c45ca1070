"""A config repository that is gone with the process: commits are made by calling it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.adapters.git._addresses import checked_branch, checked_pointer
from controller.adapters.git._branches import author_name, branch_taken, checked_file
from controller.adapters.git._failures import branch_missing, commit_missing, not_accepted
from controller.adapters.git._pointers import (
    TRUEUP,
    compare_pointers,
    refuse_blocked,
    refuse_nothing,
)
from controller.adapters.git._reading import reader_of
from controller.diagnostics.errors import RepositoryUnreachable, Stalled
from controller.model.following import FoundTag, Semver, Tag
from controller.model.history import History, PastBlob, PastCommit, Signature, touches
from controller.model.names import Commit, Revision
from controller.model.notes import CommitLog, LoggedCommit
from controller.model.pointer_change import PointerChange
from controller.model.snapshot import FileKind, Snapshot, SnapshotFile
from controller.ports.clock import Clock
from controller.ports.git import Head


@dataclass(frozen=True)
class Proposal:
    """One commit on a branch of its own."""

    commit: Commit
    base: Commit
    files: Mapping[str, bytes]
    author: str
    message: str


class MemoryRepository:
    """Implements `RepositoryReader` and `PastReader`; a test or a demo makes the commits.

    `unreachable` holds a reason while the repository does not answer.
    """

    def __init__(self, branch: str = "main", *, guarded: bool = False) -> None:
        self.unreachable = ""
        self.tag: FoundTag | None = None
        self.chosen_by: Tag | Semver | None = None
        self.tag_signers: dict[str, str] = {}
        """Who signed a tag, by its name; `tag` is the one that the head is found by."""
        self._is_guarded = guarded
        self._accepted: set[Commit] = set()
        self._signatures: dict[Commit, Signature] = {}
        self._branch = branch
        self._blobs: dict[str, bytes] = {}
        self._fetched: dict[Commit, Snapshot] = {}
        self._snapshots: dict[Commit, Snapshot] = {}
        self._parents: dict[Commit, Commit | None] = {}
        self._contents: dict[Commit, dict[str, bytes]] = {}
        self._head: Commit | None = None
        self._seen: Commit | None = None

    @property
    def branch(self) -> str:
        """The branch that is followed."""
        return self._branch

    def commit(
        self,
        files: Mapping[str, bytes | str | None],
        *,
        subject: str = "change",
        author: str = "Somebody <somebody@localhost>",
        at: datetime | None = None,
        rewrite: bool = False,
        signed_by: str = "",
        co_authors: tuple[str, ...] = (),
    ) -> Commit:
        """Commit on the watched branch; None removes a file. `rewrite` starts a new history."""
        parent = None if rewrite else self._head
        contents = dict(self._contents[parent]) if parent else {}
        for path, content in files.items():
            if content is None:
                contents.pop(path, None)
            else:
                contents[path] = content.encode() if isinstance(content, str) else content
        listed = {path: self._keep(path, content) for path, content in sorted(contents.items())}
        told = repr(
            (parent, subject, author, at, signed_by, [(f.path, f.blob) for f in listed.values()])
        )
        commit = Commit(_identity(told.encode()))
        self._parents[commit], self._contents[commit] = parent, contents
        self._snapshots[commit] = Snapshot(
            Revision(self._branch, commit),
            listed,
            author,
            subject,
            co_authors,
            at,
            read=reader_of(listed, self._blobs.__getitem__),
        )
        if signed_by:
            self._signatures[commit] = Signature((signed_by,))
        self._head = commit
        return commit

    async def fetch(self, since: Revision | None = None) -> Head:
        """Give the head of the watched branch. Raises RepositoryUnreachable, Stalled."""
        refuse_when(self.unreachable)
        if self._head is None:
            raise branch_missing("memory", self._branch)
        before, self._seen = self._seen, self._head
        if since is not None and since.branch == self._branch:
            before = since.commit
        history = self._history(self._head)
        self._fetched.update((commit, self._snapshots[commit]) for commit in history)
        rewritten = before if before is not None and before not in history else None
        name = self.tag.name if self.tag else self._branch
        return Head(Revision(name, self._head), rewritten, self.tag, self.chosen_by)

    async def snapshot(self, commit: Commit) -> Snapshot:
        """Give the files of a commit that was fetched before. Raises Stalled for any other."""
        if commit not in self._fetched:
            raise commit_missing(commit)
        if self._is_guarded and commit not in self._accepted:
            raise not_accepted(commit)
        return self._fetched[commit]

    async def past_blobs(self, at_most: int) -> tuple[PastBlob, ...]:
        """List the files of all commits that were fetched."""
        found = {
            file.blob: PastBlob(file.blob, file.path)
            for snapshot in reversed(self._fetched.values())
            for file in snapshot.files.values()
        }
        return tuple(found.values())[:at_most]

    async def past_blob(self, identity: str) -> bytes | None:
        """Give the content of a file."""
        return self._blobs.get(identity)

    async def history(self, head: Commit, since: Commit | None) -> History:
        """Tell what a head brings that `since` does not hold."""
        if since not in self._contents:
            return History((), descends=False, differing=tuple(self._contents[head]))
        known, past = self._history(since), []
        commit: Commit | None = head
        while commit is not None and commit not in known:
            changes = self._changes(self._parents[commit], commit)
            made = self._snapshots[commit]
            past.append(PastCommit(commit, changes, made.author, made.co_authors))
            commit = self._parents[commit]
        descends = since in self._history(head)
        differing = () if descends else self._changes(since, head)
        return History(tuple(reversed(past)), descends, differing)

    async def log(
        self, head: Commit, since: Commit, paths: Sequence[str], *, at_most: int
    ) -> CommitLog:
        """List the commits that `head` has and `since` has not; none of them is a merge."""
        for given in (head, since):
            if given not in self._contents:
                raise commit_missing(given)
        known, found = self._history(since), []
        commit: Commit | None = head
        while commit is not None and commit not in known:
            parent, told = self._parents[commit], self._snapshots[commit]
            changes = self._changes(parent, commit)
            is_touched = not paths or any(touches(paths, path) for path in changes)
            above = () if parent is None else (parent,)
            found.append(LoggedCommit(commit, above, told.author, told.subject, is_touched))
            commit = parent
        descends = since in self._history(head)
        return CommitLog(tuple(found[:at_most]), len(found) <= at_most, descends)

    async def signature(self, commit: Commit) -> Signature:
        """Give who signed a commit, as `commit` was told."""
        return self._signatures.get(commit, Signature(problem="it is not signed"))

    async def tag_signature(self, tag: FoundTag, commit: Commit) -> Signature:
        """Give who signed a tag, as `tag_signers` says."""
        del commit
        signer = self.tag_signers.get(tag.name)
        return Signature((signer,)) if signer else Signature(problem="it is not signed")

    async def accept(self, commit: Commit) -> None:
        """Let a commit, and what came before it, be read from now on."""
        self._accepted |= self._history(commit)

    def _changes(self, before: Commit | None, commit: Commit) -> tuple[str, ...]:
        old = self._contents[before] if before else {}
        new = self._contents[commit]
        return tuple(path for path in sorted({*old, *new}) if old.get(path) != new.get(path))

    def _keep(self, path: str, content: bytes) -> SnapshotFile:
        blob = _identity(b"blob %d\0" % len(content) + content)
        self._blobs[blob] = content
        return SnapshotFile(path, blob, len(content), FileKind.REGULAR)

    def _history(self, commit: Commit | None) -> set[Commit]:
        history = set()
        while commit is not None:
            history.add(commit)
            commit = self._parents[commit]
        return history


class MemoryBranches:
    """Implements `BranchWriter` beside a repository; `pushed` is what it was given, by branch."""

    def __init__(self, repository: MemoryRepository) -> None:
        self.refused = ""
        """A reason while the server takes no push."""
        self.pushed: dict[str, Proposal] = {}
        self._repository = repository

    async def propose(
        self, branch: str, files: Mapping[str, bytes], *, base: Commit, author: str, message: str
    ) -> Commit:
        """See the port."""
        checked_branch(branch)
        for path in files:
            checked_file(path)
        refuse_when(self._repository.unreachable)
        await self._repository.snapshot(base)
        told = repr((base, sorted(files.items())))
        commit = Commit(_identity(told.encode()))
        made = Proposal(commit, base, dict(files), author_name(author), message)
        known = self.pushed.get(branch)
        if known is not None:
            if (known.base, known.files) != (base, made.files):
                raise branch_taken(branch)
            return known.commit
        if branch == self._repository.branch:
            raise branch_taken(branch)
        if self.refused:
            raise Stalled.because(self.refused, code="adopt/branch-refused")
        self.pushed[branch] = made
        return commit


class MemoryPointers:
    """Implements `PointerWriter`; `push` is what somebody else does to the branch."""

    def __init__(self, clock: Clock, branch: str = "trueup/promotions") -> None:
        self.unreachable = ""
        self.commits: list[tuple[Commit, str, datetime]] = []
        """Every commit with its message and time, the oldest first."""
        self._clock = clock
        self._branch = branch
        self._files: dict[str, str] = {}
        self._changes: dict[str, list[PointerChange]] = {}

    async def changes(self, path: str, at_most: int) -> Sequence[PointerChange]:
        """Give the commits that changed a file, the newest first."""
        refuse_when(self.unreachable)
        return self._changes.get(path, [])[::-1][:at_most]

    async def read(self, *folders: str) -> Mapping[str, str]:
        """Give the files below folders, or all, by path. Raises RepositoryUnreachable."""
        refuse_when(self.unreachable)
        return {p: text for p, text in self._files.items() if p.startswith(folders or "")}

    async def write(
        self, files: Mapping[str, str], *, message: str, expect: Mapping[str, str | None]
    ) -> Commit:
        """Commit `files`, unless a file of `expect` is not as told. Raises PlanStale."""
        for path in files:
            checked_pointer(path)
        refuse_nothing(files)
        refuse_when(self.unreachable)
        if self.commits and files.items() <= self._files.items():
            return self.commits[-1][0]
        compare_pointers(self._files, expect, self._branch)
        refuse_blocked(self._files, files, self._branch)
        return self.push(files, message=message, by=TRUEUP)

    def push(
        self,
        files: Mapping[str, str | None],
        *,
        message: str = "by hand",
        by: str = "Somebody <somebody@localhost>",
        merged: tuple[str, ...] = (),
        signed_by: str = "",
    ) -> Commit:
        """Commit whatever is given; None takes a file away.

        `merged` are the authors of what `by` merges, `signed_by` is whose key signed.
        """
        parent = self.commits[-1][0] if self.commits else ""
        changed = {path for path, text in files.items() if self._files.get(path) != text}
        self._files.update({path: text for path, text in files.items() if text is not None})
        for path in changed - {path for path, text in files.items() if text is not None}:
            del self._files[path]
        now = self._clock.now()
        told = repr((parent, message, now, sorted(self._files.items())))
        commit = Commit(_identity(told.encode()))
        self.commits.append((commit, message, now))
        signature = Signature((signed_by,)) if signed_by else Signature(problem="it is not signed")
        for path in changed:
            change = PointerChange(
                commit, files[path], message, by, by, now,
                bool(merged), merged or (by,), signature,
            )  # fmt: skip
            self._changes.setdefault(path, []).append(change)
        return commit


def refuse_when(reason: str) -> None:
    """Raise RepositoryUnreachable when there is a reason."""
    if reason:
        raise RepositoryUnreachable.because(reason, hint="bring the repository back")


def _identity(told: bytes) -> str:
    return hashlib.sha1(told, usedforsecurity=False).hexdigest()
