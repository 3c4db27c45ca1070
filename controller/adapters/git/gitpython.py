"""The config repository through GitPython: fetched into a bare mirror, read without a checkout."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from controller.adapters.git._addresses import is_commit
from controller.adapters.git._branches import GitBranches
from controller.adapters.git._failures import commit_missing, not_accepted
from controller.adapters.git._following import WATCHED, checked_following, fetch_followed, keep
from controller.adapters.git._history import is_ancestor, read_history
from controller.adapters.git._log import read_log
from controller.adapters.git._mirror import Mirror
from controller.adapters.git._past import Past
from controller.adapters.git._pointers import GitPointers
from controller.adapters.git._reading import reader_of
from controller.adapters.git.login import Login
from controller.adapters.git.own_key import OwnKey, OwnKeyFile
from controller.adapters.git.signing import Signatures, SigningKeys
from controller.diagnostics.errors import RepositoryUnreachable
from controller.model.following import Branch, Fixed, Following, FoundTag
from controller.model.history import History, PastBlob, Signature, co_authors
from controller.model.names import Commit, Revision
from controller.model.notes import CommitLog
from controller.model.snapshot import Snapshot
from controller.ports.clock import Clock
from controller.ports.git import Head

_ACCEPTED = "refs/trueup/accepted"
_SNAPSHOTS_KEPT = 4
_LABELS_KEPT = 1000


class GitRepository:
    """Implements `RepositoryReader` and `PastReader` over a bare mirror.

    `pointers` gives the `PointerWriter`.

    Paths that are not UTF-8 are left out of a snapshot's files and told in its `skipped`.
    """

    def __init__(
        self,
        url: str,
        following: Following | str,
        mirror: Path,
        *,
        timeout: float = 120.0,
        login: Login | None = None,
        keys: SigningKeys | None = None,
        own_key: OwnKeyFile | None = None,
    ) -> None:
        """Look at the settings; nothing is fetched or written yet.

        A text as `following` is the name of a branch. `timeout` is in seconds and for each network
        command. With `keys`, only what was accepted can be read; with `own_key`, pointers are
        signed. Raises Stalled when git is not installed, or the address, the login or what is
        followed cannot be given to it.
        """
        named = Branch(following) if isinstance(following, str) else following
        self._following = checked_following(named)
        self._mirror = Mirror(url, mirror, timeout, login)
        self._past = Past(self._mirror)
        self._signatures = Signatures(self._mirror, keys or SigningKeys())
        self._own_key = OwnKey(self._mirror, own_key) if own_key else None
        self._is_guarded = keys is not None
        self._snapshots: OrderedDict[Commit, Snapshot] = OrderedDict()
        self._labels: dict[Commit, str] = {}

    def pointers(self, clock: Clock, *, branch: str = "trueup/promotions") -> GitPointers:
        """Give the writer of a branch of the same repository, over the same mirror."""
        return GitPointers(
            self._mirror, branch, clock, signatures=self._signatures, own_key=self._own_key
        )

    def branches(self, clock: Clock) -> GitBranches:
        """Give the writer of branches that are proposed, over the same mirror."""
        return GitBranches(self._mirror, clock)

    def close(self) -> None:
        """End the processes that read and sign, and let the next controller use the mirror."""
        if self._own_key is not None:
            self._own_key.close()
        self._mirror.close()

    async def fetch(self, since: Revision | None = None) -> Head:
        """Bring the mirror up to date and give the head of what is followed.

        A rewritten history is told against `since`, else against what the mirror held before.
        May be repeated. Raises RepositoryUnreachable; Stalled when the branch or tag does not
        exist, when the server or git's own check refuses, or another process holds the mirror.
        """
        async with self._mirror.guard:
            await self._mirror.prepare()
            before = await self._mirror.resolve(WATCHED)
            found = await fetch_followed(self._mirror, self._following)
            revision = found.revision
            self._labels[revision.commit] = revision.branch
            while len(self._labels) > _LABELS_KEPT:
                del self._labels[next(iter(self._labels))]
            if before is not None and before != revision.commit:
                if not await is_ancestor(self._mirror, before, revision.commit):
                    await keep(self._mirror, before)
                await self._mirror.git("-c", "gc.auto=2000", "gc", "--auto", "--quiet")
            rewritten = await self._rewritten_from(revision, since, before)
        return replace(found, rewritten_from=rewritten)

    async def past_blobs(self, at_most: int) -> tuple[PastBlob, ...]:
        """List files of all commits that were fetched, the newest first."""
        return await self._past.blobs(at_most)

    async def past_blob(self, identity: str) -> bytes | None:
        """Give the content of a file; None when it is none."""
        return await asyncio.to_thread(self._mirror.objects.read, identity, "blob")

    async def snapshot(self, commit: Commit) -> Snapshot:
        """Give the files of a commit that was fetched before.

        `read` raises KeyError for a path that is not there, Stalled for what is no regular file or
        is too large, RepositoryUnreachable when the mirror is damaged; threads may share it. Raises
        Stalled when the commit is not there or not accepted, RepositoryUnreachable when the mirror
        is damaged.
        """
        if not is_commit(commit):
            raise commit_missing(commit)
        if commit in self._snapshots:
            self._snapshots.move_to_end(commit)
            return self._snapshots[commit]
        await self._mirror.prepare()
        raw = self._mirror.objects.read(commit, "commit")
        if raw is None:
            raise commit_missing(commit)
        if self._is_guarded and not await self._was_accepted(commit):
            raise not_accepted(commit)
        tree = await self._mirror.tree(commit)
        author, message, committed_at = _parse_commit(raw)
        snapshot = Snapshot(
            Revision(self._label(commit), commit),
            tree.files,
            author,
            message.partition("\n")[0].strip(),
            co_authors(message),
            committed_at,
            tuple(path.decode("utf-8", "backslashreplace") for path in tree.skipped),
            reader_of(tree.files, self._read_blob),
        )
        self._snapshots[commit] = snapshot
        while len(self._snapshots) > _SNAPSHOTS_KEPT:
            self._snapshots.popitem(last=False)
        return snapshot

    async def history(self, head: Commit, since: Commit | None) -> History:
        """Tell what a fetched head brings that `since` does not hold.

        Raises RepositoryUnreachable when the mirror is damaged.
        """
        return await read_history(self._mirror, head, since)

    async def log(
        self, head: Commit, since: Commit, paths: Sequence[str], *, at_most: int
    ) -> CommitLog:
        """List the commits that `head` has and `since` has not.

        Raises Stalled when one of them is not there, RepositoryUnreachable when the mirror is
        damaged.
        """
        return await read_log(self._mirror, head, since, paths, at_most)

    async def signature(self, commit: Commit) -> Signature:
        """Check the signature of a fetched commit with the keys of the settings, and no others.

        Raises Stalled when the keys cannot be read, or what checks them is not installed.
        """
        return await self._signatures.look(commit)

    async def tag_signature(self, tag: FoundTag, commit: Commit) -> Signature:
        """Check the signature of a fetched tag as `signature` does that of a commit.

        It counts when the tag was made for this name and this commit. Raises Stalled.
        """
        return await self._signatures.look_at_tag(tag, commit)

    async def accept(self, commit: Commit) -> None:
        """Let a fetched commit, and what came before it, be read from now on. May be repeated."""
        if not is_commit(commit) or not self._is_guarded or await self._was_accepted(commit):
            return
        async with self._mirror.guard:
            answer = await self._mirror.git("update-ref", f"{_ACCEPTED}/{commit}", commit)
            if answer.code != 0:
                raise self._mirror.damaged(f"the commit `{commit}`")
            await self._forget_accepted_before(commit)

    async def _forget_accepted_before(self, commit: Commit) -> None:
        """Take away references that the newer one makes needless."""
        merged = await self._mirror.git(
            "for-each-ref", "--format=%(refname)", f"--merged={commit}", f"{_ACCEPTED}/"
        )
        for name in merged.text.split():
            if not name.endswith(commit):
                await self._mirror.git("update-ref", "-d", name)

    async def _was_accepted(self, commit: Commit) -> bool:
        held = await self._mirror.git(
            "for-each-ref", "--count=1", "--format=%(refname)", f"--contains={commit}",
            f"{_ACCEPTED}/",
        )  # fmt: skip
        return held.code == 0 and bool(held.text)

    async def _rewritten_from(
        self, revision: Revision, since: Revision | None, before: Commit | None
    ) -> Commit | None:
        """Give the commit that was left behind: by a branch, or by a tag that was moved."""
        match self._following:
            case Branch(name):
                known = since.commit if since is not None and since.branch == name else before
                if known is None or await is_ancestor(self._mirror, known, revision.commit):
                    return None
                await keep(self._mirror, known)
                return known
            case Fixed():
                return None
            case _:
                is_moved = since is not None and since.branch == revision.branch
                return since.commit if since and is_moved and since != revision else None

    def _label(self, commit: Commit) -> str:
        """Name what a commit was followed by, as far as it is known."""
        if isinstance(self._following, Fixed):
            return ""
        return self._labels.get(commit, str(self._following))

    def _read_blob(self, identity: str) -> bytes:
        try:
            content = self._mirror.objects.read(identity, "blob")
        except RepositoryUnreachable:
            self._mirror.suspect = True
            raise
        if content is None:
            raise self._mirror.damaged(f"the object `{identity}`")
        return content


def _parse_commit(raw: bytes) -> tuple[str, str, datetime | None]:
    """Give author, message and time of a commit; whatever cannot be read is empty."""
    head, _, message = raw.partition(b"\n\n")
    fields = dict(line.partition(b" ")[::2] for line in reversed(head.split(b"\n")))
    told: Callable[[bytes], str] = lambda text: text.decode("utf-8", "replace").strip()  # noqa: E731
    author = told(fields.get(b"author", b"").rpartition(b">")[0] + b">")
    try:
        seconds = int(fields.get(b"committer", b"").split()[-2])
        committed_at = datetime.fromtimestamp(seconds, UTC)
    except (IndexError, ValueError, OverflowError, OSError):
        committed_at = None
    return ("" if author == ">" else author), told(message), committed_at
