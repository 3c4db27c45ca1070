"""The promotions branch: read and written by plumbing, without any checkout."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from controller.adapters.git._addresses import checked_branch, checked_pointer
from controller.adapters.git._command import Answer
from controller.adapters.git._failures import in_words
from controller.adapters.git._mirror import Mirror
from controller.adapters.git._pointer_changes import read_changes
from controller.adapters.git.own_key import OwnKey
from controller.adapters.git.signing import Signatures
from controller.diagnostics.errors import Bug, PlanStale, RepositoryUnreachable, Stalled
from controller.model.names import Commit
from controller.model.pointer_change import PointerChange
from controller.model.snapshot import FileKind, SnapshotFile
from controller.ports.clock import Clock

_REFERENCE = "refs/trueup/pointers"
_MADE = "refs/trueup/made"
"""The newest commit that was made here, pushed or not."""
TRUEUP = "Trueup <trueup@localhost>"
"""Who commits pointers."""
_LARGEST_POINTER = 256 * 1024
_TRIES = 6
_OVERTAKEN = ("[rejected]", "cannot lock ref", "failed to update ref", "already exists")


class GitPointers:
    """Implements `PointerWriter` on one branch of the repository that a mirror is of."""

    def __init__(
        self,
        mirror: Mirror,
        branch: str,
        clock: Clock,
        *,
        signatures: Signatures,
        own_key: OwnKey | None = None,
    ) -> None:
        """Look at the branch's name. Raises Stalled when it cannot be one."""
        self._mirror = mirror
        self._signatures = signatures
        self._own_key = own_key
        self._branch = checked_branch(branch)
        self._clock = clock
        self._seen: tuple[Commit | None, Mapping[str, SnapshotFile]] | None = None
        """Where the branch stood when it was last looked at or written, with its files."""

    async def read(self, *folders: str) -> Mapping[str, str]:
        """Give the files below folders by path, or all; empty when there is no branch yet.

        Leaves out what is no text of at most 256 KiB. Fetches first. Raises RepositoryUnreachable.
        """
        async with self._mirror.guard:
            _, files = await self._look()
            wanted = [path for path in files if path.startswith(folders or "")]
            return await asyncio.to_thread(self._texts, files, wanted)  # there may be thousands

    async def changes(self, path: str, at_most: int) -> Sequence[PointerChange]:
        """Give the commits that changed a file, the newest first, as the branch was last read."""
        checked_pointer(path)
        async with self._mirror.guard:
            head, _ = self._seen or await self._look()
            if head is None:
                return ()
            return await read_changes(self._mirror, head, path, at_most, self._signed)

    async def _signed(self, change: PointerChange) -> PointerChange:
        by_us = await self._own_key.made(change.commit) if self._own_key else None
        return replace(change, signature=await self._signatures.look(change.commit), by_us=by_us)

    async def write(
        self, files: Mapping[str, str], *, message: str, expect: Mapping[str, str | None]
    ) -> Commit:
        """Commit and push `files` in one commit, unless a file of `expect` is not as told there.

        Repeating a write that already stands makes no commit and gives the branch's head. A commit
        of somebody else that leaves `expect` true is built upon. Raises PlanStale when somebody
        else was faster, RepositoryUnreachable, Stalled when the server refuses the push.

        Builds upon what was read last without asking again: the server refuses a push that does not
        follow its head, and then it is read anew.
        """
        for path in files:
            checked_pointer(path)
        refuse_nothing(files)
        async with self._mirror.guard:
            for number in range(_TRIES):
                known = self._seen if number == 0 else None
                head, files_there = known or await self._look()
                current = self._texts(files_there, {*files, *expect} & files_there.keys())
                if head is not None and files.items() <= current.items():
                    return head
                if known is not None and not follows(current, expect):
                    continue  # it may be as expected by now
                compare_pointers(current, expect, self._branch)
                refuse_blocked(files_there, files, self._branch)
                commit = await self._commit(head, files, message)
                if await self._push(head, commit):
                    return commit
        raise RepositoryUnreachable.because(
            f"the branch `{self._branch}` was moved by somebody else {_TRIES} times in a row",
            hint="nothing to do: it is tried again",
        )

    async def _look(self) -> tuple[Commit | None, Mapping[str, SnapshotFile]]:
        """Fetch, and list the files when the branch is not where it was."""
        head = await self._fetch()
        if self._seen is None or self._seen[0] != head:
            self._seen = None
            files = {} if head is None else (await self._mirror.tree(head)).files
            self._seen = head, files
        return self._seen

    async def _fetch(self) -> Commit | None:
        if await self._mirror.fetch(f"refs/heads/{self._branch}", _REFERENCE):
            return await self._mirror.resolve(_REFERENCE)
        await self._mirror.git("update-ref", "-d", _REFERENCE)
        return None

    def _texts(self, files: Mapping[str, SnapshotFile], wanted: Iterable[str]) -> Mapping[str, str]:
        texts = {}
        for path in wanted:
            file = files[path]
            if file.kind not in {FileKind.REGULAR, FileKind.EXECUTABLE}:
                continue
            if file.size > _LARGEST_POINTER:
                continue
            content = self._mirror.objects.read(file.blob, "blob")
            if content is None:
                raise self._mirror.damaged(f"the pointer `{path}`")
            try:
                texts[path] = content.decode("utf-8")
            except UnicodeDecodeError:
                continue
        return texts

    async def _commit(self, head: Commit | None, files: Mapping[str, str], message: str) -> Commit:
        """Make a commit in the mirror: one process writes blobs, trees and commit."""
        now = int(self._clock.now().timestamp())
        lines = [
            f"commit {_MADE}\nmark :1\n".encode(),
            f"committer {TRUEUP} {now} +0000\n".encode(),
            _data(message),
            f"from {head}\n".encode() if head else b"",
            *(
                f"M 100644 inline {path}\n".encode() + _data(text)
                for path, text in sorted(files.items())
            ),
            b"\nget-mark :1\ndone\n",
        ]
        if head is None:  # without `from` it would follow what was made before
            await self._mirror.git("update-ref", "-d", _MADE)
        answer = await self._mirror.git(
            "fast-import", "--quiet", "--done", "--force", given=b"".join(lines)
        )
        if answer.code != 0:
            raise self._mirror.damaged("what `git fast-import` needs")
        made = Commit(answer.text)
        if self._own_key is None:
            return made
        return await self._own_key.sign(made, head, message, _person(now))

    async def _push(self, head: Commit | None, commit: Commit) -> bool:
        """Push unless the branch has moved from `head`; give whether it was pushed."""
        remote = f"refs/heads/{self._branch}"
        answer = await self._mirror.remote(
            "push",
            "--porcelain",
            "--no-verify",
            "--no-follow-tags",
            "--no-signed",
            f"--force-with-lease={remote}:{head or ''}",
            "--",
            self._mirror.url,
            f"{commit}:{remote}",
        )
        if answer.code == 0:
            await self._mirror.git("update-ref", _REFERENCE, commit)
            self._seen = commit, (await self._mirror.tree(commit)).files
            return True
        if _was_overtaken(answer):
            return False
        if "[remote rejected]" in answer.text:
            raise self._refused(answer)
        raise in_words(self._mirror.url, answer)

    def _refused(self, answer: Answer) -> Stalled:
        told = next(line for line in answer.text.splitlines() if "[remote rejected]" in line)
        return Stalled.because(
            f"the server does not take a push to `{self._branch}`:"
            f" {told.partition('[remote rejected]')[2].strip()[:300]}",
            hint="allow Trueup's user to push to that branch: protected branches and hooks say no",
            code="promote/push-refused",
        )


def _person(now: int) -> Mapping[str, str]:
    name, _, address = TRUEUP.partition(" <")
    told = {"NAME": name, "EMAIL": address.rstrip(">"), "DATE": f"@{now} +0000"}
    roles = ("AUTHOR", "COMMITTER")
    return {f"GIT_{role}_{part}": value for role in roles for part, value in told.items()}


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n" % len(content) + content + b"\n"


def refuse_nothing(files: Mapping[str, str]) -> None:
    """Raise Bug when there is nothing to write."""
    if not files:
        raise Bug.because("a pointer is written without any file", code="promote/no-pointer")


def follows(current: Mapping[str, str], expect: Mapping[str, str | None]) -> bool:
    """Tell whether every file is as expected."""
    return all(current.get(path) == text for path, text in expect.items())


def compare_pointers(
    current: Mapping[str, str], expect: Mapping[str, str | None], branch: str
) -> None:
    """Raise PlanStale when a file is not as expected."""
    for path, text in expect.items():
        if current.get(path) != text:
            found = "is not there" if path not in current else "has another content"
            raise PlanStale.because(
                f"`{path}` on the branch `{branch}` {found}: somebody else was faster",
                hint="nothing to do: the decision is made anew from what is there",
                code="promote/pointer-stale",
            )


def refuse_blocked(there: Collection[str], files: Collection[str], branch: str) -> None:
    """Raise Stalled when a file stands where a folder is wanted, or a folder where a file is.

    git itself would push the other aside without a word.
    """
    folders = {parent for path in there for parent in _parents(path)}
    for path in files:
        blocking = path if path in folders else next(filter(there.__contains__, _parents(path)), "")
        if blocking:
            raise Stalled.because(
                f"`{path}` cannot be written to the branch `{branch}`: `{blocking}` is in the way",
                hint="take away what somebody put there",
                code="promote/pointer-blocked",
            )


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts))]


def _was_overtaken(answer: Answer) -> bool:
    return any(word in answer.text for word in _OVERTAKEN)
