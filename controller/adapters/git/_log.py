"""The commits between two others, with what their own texts say: those may hold anything."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from controller.adapters.git._failures import commit_missing
from controller.adapters.git._history import is_ancestor
from controller.adapters.git._mirror import Mirror
from controller.model.names import Commit
from controller.model.notes import CommitLog, LoggedCommit

_LARGEST = 64 * 1024
"""Bytes of a commit whose words are read: a small pack may hold huge ones."""
_TOO_LARGE = ("", "(its message is too large to be read)")
_WORDS = "--format=%H%x00%<(120,trunc)%an%x00%<(400,trunc)%s"
_FIELDS = 3


async def read_log(
    mirror: Mirror, head: Commit, since: Commit, paths: Sequence[str], at_most: int
) -> CommitLog:
    """See the port."""
    for commit in (head, since):
        if await mirror.resolve(commit) is None:
            raise commit_missing(commit)
    span = (head, f"^{since}")
    listed = await _ask(
        mirror, "rev-list", "--topo-order", "--parents", f"--max-count={at_most + 1}", *span
    )
    rows = [row.split() for row in listed.splitlines()]
    is_whole, rows = len(rows) <= at_most, rows[:at_most]
    words = await _words_of(mirror, [row[0] for row in rows])
    touching = await _touching(mirror, span, paths)
    return CommitLog(
        tuple(
            LoggedCommit(
                Commit(commit), tuple(map(Commit, parents)), *words.get(commit, _TOO_LARGE),
                touches=touching is None or commit in touching,
            )
            for commit, *parents in rows
        ),
        is_whole,
        await is_ancestor(mirror, since, head),
    )  # fmt: skip


async def _touching(
    mirror: Mirror, span: Sequence[str], paths: Sequence[str]
) -> frozenset[str] | None:
    """Name the commits, without merges, that change a path; None when all count."""
    if not paths:
        return None
    found = await _ask(
        mirror, "--literal-pathspecs", "rev-list", "--no-merges", "--full-history", *span, "--",
        *paths,
    )  # fmt: skip
    return frozenset(found.split())


async def _words_of(mirror: Mirror, commits: Sequence[str]) -> Mapping[str, tuple[str, str]]:
    """Give author and subject of each commit that is not too large to be read."""
    sizes = await _ask(
        mirror, "cat-file", "--batch-check=%(objectname) %(objectsize)", given=_lines(commits)
    )
    small = [
        name
        for name, _, size in (line.partition(" ") for line in sizes.splitlines())
        if size.isdecimal() and int(size) <= _LARGEST
    ]
    if not small:
        return {}
    told = await _ask(
        mirror, "log", "-z", "--no-walk=unsorted", _WORDS, "--stdin", given=_lines(small)
    )
    return dict(_fields(told))


def _fields(told: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Take three texts at a time: no text of a commit can hold the sign between them."""
    texts = told.split("\0")
    for at in range(0, len(texts) - _FIELDS + 1, _FIELDS):
        commit, author, subject = texts[at : at + _FIELDS]
        yield commit, (author.strip(), subject.strip())


def _lines(commits: Iterable[str]) -> bytes:
    return "".join(f"{commit}\n" for commit in commits).encode()


async def _ask(mirror: Mirror, *arguments: str, given: bytes = b"") -> str:
    answer = await mirror.git(*arguments, given=given)
    if answer.code != 0:
        raise mirror.damaged("the history")
    return answer.output.decode("utf-8", "backslashreplace")
