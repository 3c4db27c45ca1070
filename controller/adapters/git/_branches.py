"""Branches that are proposed: made by plumbing upon a commit of the mirror, pushed once."""

from collections.abc import Mapping

from controller.adapters.git._addresses import checked_branch, is_commit
from controller.adapters.git._command import Answer
from controller.adapters.git._failures import commit_missing, in_words
from controller.adapters.git._mirror import Mirror
from controller.diagnostics.errors import Stalled
from controller.model.names import Commit
from controller.ports.clock import Clock

_REFERENCE = "refs/trueup/proposed"
_INDEX = "trueup-proposal-index"
_OVERTAKEN = ("[rejected]", "cannot lock ref", "failed to update ref", "already exists")
_LONGEST_NAME = 100


class GitBranches:
    """Implements `BranchWriter` on the repository that a mirror is of."""

    def __init__(self, mirror: Mirror, clock: Clock) -> None:
        self._mirror = mirror
        self._clock = clock

    async def propose(
        self, branch: str, files: Mapping[str, bytes], *, base: Commit, author: str, message: str
    ) -> Commit:
        """See the port. A branch is only ever made: one that exists is never moved."""
        checked_branch(branch)
        for path in files:
            checked_file(path)
        if not is_commit(base):
            raise commit_missing(base)
        remote = f"refs/heads/{branch}"
        async with self._mirror.guard:
            is_there = await self._mirror.fetch(remote, _REFERENCE)
            if await self._mirror.resolve(base) is None:
                raise commit_missing(base)
            commit = await self._commit(base, files, author, message)
            if is_there:
                return await self._known(branch, commit)
            answer = await self._mirror.remote(
                "push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed",
                f"--force-with-lease={remote}:", "--", self._mirror.url, f"{commit}:{remote}",
            )  # fmt: skip
            if answer.code == 0:
                return commit
            if "[remote rejected]" in answer.text:
                raise _refused(branch, answer)
            if any(word in answer.text for word in _OVERTAKEN):
                raise branch_taken(branch)
            raise in_words(self._mirror.url, answer)

    async def _known(self, branch: str, commit: Commit) -> Commit:
        """Give the branch's commit when it proposes the same upon the same."""
        there = await self._mirror.resolve(_REFERENCE)
        if there is None or await self._proposal(there) != await self._proposal(commit):
            raise branch_taken(branch)
        return there

    async def _proposal(self, commit: Commit) -> str:
        return await self._plumbing("show", "--no-patch", "--format=%T %P", commit, "--")

    async def _commit(
        self, base: Commit, files: Mapping[str, bytes], author: str, message: str
    ) -> Commit:
        index = self._mirror.path / _INDEX
        index.unlink(missing_ok=True)
        place = {"GIT_INDEX_FILE": str(index)}
        modes = dict.fromkeys(files, "100644")
        for path, file in (await self._mirror.tree(base)).files.items():
            if path in modes and file.kind == "executable":
                modes[path] = "100755"
        lines = []
        for path, content in sorted(files.items()):
            blob = await self._plumbing("hash-object", "-w", "--stdin", given=content)
            lines.append(f"{modes[path]} {blob}\t{path}\0")
        try:
            await self._plumbing("read-tree", base, environment=place)
            await self._plumbing(
                "update-index", "-z", "--index-info",
                given="".join(lines).encode(), environment=place,
            )  # fmt: skip
            tree = await self._plumbing("write-tree", environment=place)
        finally:
            index.unlink(missing_ok=True)
        made = await self._plumbing(
            "commit-tree", tree, "-p", base,
            given=message.encode(), environment=self._signature(author),
        )  # fmt: skip
        return Commit(made)

    def _signature(self, author: str) -> Mapping[str, str]:
        date = f"@{int(self._clock.now().timestamp())} +0000"
        names = {"AUTHOR": author_name(author), "COMMITTER": "Trueup"}
        return {
            f"GIT_{role}_{part}": value
            for role, name in names.items()
            for part, value in (("NAME", name), ("EMAIL", "trueup@localhost"), ("DATE", date))
        }

    async def _plumbing(
        self, *arguments: str, given: bytes = b"", environment: Mapping[str, str] | None = None
    ) -> str:
        answer = await self._mirror.git(*arguments, given=given, environment=environment)
        if answer.code == 0:
            return answer.text
        raise self._mirror.damaged(f"what `git {arguments[0]}` needs")


def author_name(author: str) -> str:
    """Give a name as a commit may carry it."""
    kept = "".join(letter for letter in author if letter.isprintable() and letter not in "<>")
    return kept.strip(" .,:;\"'")[:_LONGEST_NAME] or "somebody"


def checked_file(path: str) -> str:
    """Give a path that a proposal may write. Raises Stalled for one that leaves the tree."""
    parts = path.split("/")
    is_inside = path.isprintable() and not {"", ".", ".."} & set(parts)
    if is_inside and not any(part.casefold() == ".git" for part in parts):
        return path
    raise Stalled.because(f"{path!r} cannot be written", code="adopt/branch-refused")


def branch_taken(branch: str) -> Stalled:
    """Say that there is a branch of that name already."""
    return Stalled.because(
        f"there is a branch `{branch}` already, with something else in it",
        hint="merge it or take it away, or name another with `--branch`",
        code="adopt/branch-taken",
    )


def _refused(branch: str, answer: Answer) -> Stalled:
    told = next(line for line in answer.text.splitlines() if "[remote rejected]" in line)
    return Stalled.because(
        f"the server does not take a push to `{branch}`:"
        f" {told.partition('[remote rejected]')[2].strip()[:300]}",
        hint="let Trueup's user push branches that begin with `trueup/`",
        code="adopt/branch-refused",
    )
