"""What a new head brings: its commits, and the paths that each of them changes."""

from collections.abc import Iterator, Sequence

from controller.adapters.git._mirror import Mirror
from controller.model.history import History, PastCommit, co_authors
from controller.model.names import Commit

_RAW = ("-r", "-z", "--raw", "--no-renames", "--root")
_NAMES = ("-r", "-z", "--name-only", "--no-renames")
_FORMAT = "--format=%H\t%P\t%an <%ae>%n%B"
_PARENTS_OF_A_MERGE = 2


async def read_history(mirror: Mirror, head: Commit, since: Commit | None) -> History:
    """Tell what `head` brings that `since` does not hold. Raises RepositoryUnreachable."""
    known = since if since is not None and await mirror.resolve(since) else None
    if known is None:
        tree = await mirror.tree(head)
        everything = (*tree.files, *map(_text, tree.skipped))
        return History((), descends=False, differing=everything)
    descends = await is_ancestor(mirror, known, head)
    differing: tuple[str, ...] = ()
    if not descends:
        differing = _paths(await _ask(mirror, "diff-tree", *_NAMES, known, head))
    listed = await _ask(
        mirror, "log", "-z", "--reverse", "--topo-order", _FORMAT, head, f"^{known}"
    )
    found = [_past(line) for line in _words(listed)]
    plain = await _plain_changes(mirror, [c for c, parents, *_ in found if len(parents) <= 1])
    commits = [
        PastCommit(commit, plain[commit] if len(parents) <= 1
                   else await _merge_changes(mirror, commit, parents), author, co_authors(message))
        for commit, parents, author, message in found
    ]  # fmt: skip
    return History(tuple(commits), descends, differing)


async def is_ancestor(mirror: Mirror, before: Commit, head: Commit) -> bool:
    """Tell whether `head` holds `before`; not either when that is not there any more."""
    return (await mirror.git("merge-base", "--is-ancestor", before, head)).code == 0


async def _plain_changes(
    mirror: Mirror, commits: Sequence[Commit]
) -> dict[Commit, tuple[str, ...]]:
    """List the paths of many commits in one process.

    In the raw form a path always comes after a word that begins with `:`, so that no file can pass
    for the name of a commit.
    """
    if not commits:
        return {}
    given = "".join(f"{commit}\n" for commit in commits).encode()
    words = _words(await _ask(mirror, "diff-tree", "--stdin", "--always", *_RAW, given=given))
    changes: dict[Commit, list[str]] = {commit: [] for commit in commits}
    current: list[str] | None = None
    for word in words:
        if not word.startswith(":"):
            current = changes.get(Commit(word))
        elif current is not None:
            current.append(next(words, ""))
        if current is None:
            raise mirror.damaged("the history")
    return {commit: tuple(paths) for commit, paths in changes.items()}


async def _merge_changes(
    mirror: Mirror, commit: Commit, parents: Sequence[Commit]
) -> tuple[str, ...]:
    """List what differs from the merge that git makes by itself.

    So a merge that throws a side's change away counts as one that touches those paths. git makes no
    merge of three by itself: then all that differs from any parent counts.
    """
    if len(parents) == _PARENTS_OF_A_MERGE:
        return _paths(
            await _ask(
                mirror, "show", "-z", "--name-only", "--no-renames", "--format=", "--remerge-diff",
                commit,
            )
        )  # fmt: skip
    found: dict[str, None] = {}
    for parent in parents:
        found.update(
            dict.fromkeys(_paths(await _ask(mirror, "diff-tree", *_NAMES, parent, commit)))
        )
    return tuple(found)


async def _ask(mirror: Mirror, *arguments: str, given: bytes = b"") -> bytes:
    answer = await mirror.git(*arguments, given=given)
    if answer.code != 0:
        raise mirror.damaged("the history")
    return answer.output


def _past(entry: str) -> tuple[Commit, list[Commit], str, str]:
    head, _, message = entry.partition("\n")
    commit, parents, author = head.split("\t", 2)
    return Commit(commit), [Commit(parent) for parent in parents.split()], author, message


def _paths(answer: bytes) -> tuple[str, ...]:
    return tuple(_words(answer))


def _words(answer: bytes) -> Iterator[str]:
    return (_text(word) for word in answer.split(b"\0") if word)


def _text(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")
