"""The config repository through GitPython: fetched into a bare mirror, read without a checkout."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import structlog

from controller.adapters.git._addresses import checked_branch, is_commit
from controller.adapters.git._failures import branch_missing, commit_missing
from controller.adapters.git._mirror import Mirror
from controller.adapters.git._pointers import GitPointers
from controller.adapters.git._reading import reader_of
from controller.diagnostics.errors import RepositoryUnreachable
from controller.model.names import Commit, Revision
from controller.model.snapshot import Snapshot
from controller.ports.clock import Clock
from controller.ports.git import Head

_WATCHED = "refs/trueup/watched"
_SNAPSHOTS_KEPT = 4

_log = structlog.get_logger(__name__)


class GitRepository:
    """Implements `RepositoryReader` over a bare mirror; `pointers` gives the `PointerWriter`.

    Paths that are not UTF-8 are left out of snapshots; they are logged as a warning
    (`paths that are not UTF-8 are left out`) when a commit is first read, and told by `skipped`.
    """

    def __init__(
        self,
        url: str,
        branch: str,
        mirror: Path,
        *,
        timeout: float = 120.0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Look at the settings; nothing is fetched or written yet.

        `timeout` is in seconds and for each network command. `environment` is added to git's, which
        is otherwise made from nothing: for an SSH agent, a proxy, or a token as
        `GIT_CONFIG_COUNT`, `GIT_CONFIG_KEY_0=http.extraHeader`, `GIT_CONFIG_VALUE_0`. Raises
        Stalled when git is not installed, or the address or the branch cannot be given to it.
        """
        self._branch = checked_branch(branch)
        self._mirror = Mirror(url, mirror, environment or {}, timeout)
        self._snapshots: OrderedDict[Commit, Snapshot] = OrderedDict()
        self._skipped: dict[Commit, tuple[str, ...]] = {}

    def pointers(self, clock: Clock, *, branch: str = "trueup/promotions") -> GitPointers:
        """Give the writer of a branch of the same repository, over the same mirror."""
        return GitPointers(self._mirror, branch, clock)

    def close(self) -> None:
        """End the process that reads, and let the next controller use the mirror."""
        self._mirror.close()

    async def fetch(self) -> Head:
        """Bring the mirror up to date and give the head of the watched branch.

        May be repeated. Raises RepositoryUnreachable; Stalled when the branch does not exist, when
        the server or git's own check refuses, or when another process holds the mirror.
        """
        async with self._mirror.guard:
            await self._mirror.prepare()
            before = await self._mirror.resolve(_WATCHED)
            head = await self._mirror.fetch(self._branch, _WATCHED)
            if head is None:
                raise branch_missing(self._mirror.url, self._branch)
            rewritten = None
            if before is not None and before != head:
                rewritten = before if await self._was_rewritten(before, head) else None
                await self._mirror.git("-c", "gc.auto=2000", "gc", "--auto", "--quiet")
        return Head(Revision(self._branch, head), rewritten)

    async def snapshot(self, commit: Commit) -> Snapshot:
        """Give the files of a commit that was fetched before.

        `read` raises KeyError for a path that is not there, Stalled for what is no regular file or
        is too large, RepositoryUnreachable when the mirror is damaged; threads may share it. Raises
        Stalled when the commit is not there, RepositoryUnreachable when the mirror is damaged.
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
        tree = await self._mirror.tree(commit)
        self._note_skipped(commit, tree.skipped)
        author, subject, committed_at = _parse_commit(raw)
        snapshot = Snapshot(
            Revision(self._branch, commit),
            tree.files,
            author,
            subject,
            committed_at,
            reader_of(tree.files, self._read_blob),
        )
        self._snapshots[commit] = snapshot
        while len(self._snapshots) > _SNAPSHOTS_KEPT:
            self._skipped.pop(self._snapshots.popitem(last=False)[0], None)
        return snapshot

    def skipped(self, commit: Commit) -> tuple[str, ...]:
        r"""Tell the paths that a snapshot leaves out, with `\x..` for bytes that are no text."""
        return self._skipped.get(commit, ())

    async def _was_rewritten(self, before: Commit, head: Commit) -> bool:
        """Whether the new head leaves the old one behind; then keep it: pointers may name it."""
        answer = await self._mirror.git("merge-base", "--is-ancestor", before, head)
        if answer.code == 0:
            return False
        await self._mirror.git("update-ref", f"refs/trueup/kept/{before}", before)
        return True

    def _read_blob(self, identity: str) -> bytes:
        try:
            content = self._mirror.objects.read(identity, "blob")
        except RepositoryUnreachable:
            self._mirror.suspect = True
            raise
        if content is None:
            raise self._mirror.damaged(f"the object `{identity}`")
        return content

    def _note_skipped(self, commit: Commit, paths: tuple[bytes, ...]) -> None:
        if paths:
            told = tuple(path.decode("utf-8", "backslashreplace") for path in paths)
            self._skipped[commit] = told
            _log.warning("paths that are not UTF-8 are left out", commit=commit, paths=told[:20])


def _parse_commit(raw: bytes) -> tuple[str, str, datetime | None]:
    """Give author, subject and time of a commit; whatever cannot be read is empty."""
    head, _, message = raw.partition(b"\n\n")
    fields = dict(line.partition(b" ")[::2] for line in reversed(head.split(b"\n")))
    told: Callable[[bytes], str] = lambda text: text.decode("utf-8", "replace").strip()  # noqa: E731
    author = told(fields.get(b"author", b"").rpartition(b">")[0] + b">")
    subject = told(message.lstrip().partition(b"\n")[0])
    try:
        seconds = int(fields.get(b"committer", b"").split()[-2])
        committed_at = datetime.fromtimestamp(seconds, UTC)
    except (IndexError, ValueError, OverflowError, OSError):
        committed_at = None
    return ("" if author == ">" else author), subject, committed_at
