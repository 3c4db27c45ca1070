"""Who changed a file of the promotions branch, commit by commit."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

from controller.adapters.git._mirror import Mirror
from controller.model.history import co_authors
from controller.model.names import Commit
from controller.model.pointer_change import PointerChange

_FORMAT = "--format=%H%n%P%n%an <%ae>%n%cn <%ce>%n%ct%n%B"
Look = Callable[[PointerChange], Awaitable[PointerChange]]


async def read_changes(
    mirror: Mirror, head: Commit, path: str, at_most: int, look: Look
) -> tuple[PointerChange, ...]:
    """List the commits that changed a file, the newest first; `look` adds who signed each.

    Follows first parents, so that a merge is one change. Raises RepositoryUnreachable.
    """
    listed = await _ask(
        mirror, "log", "-z", "--first-parent", f"--max-count={at_most}", _FORMAT, head, "--",
        f":(top,literal){path}",
    )  # fmt: skip
    found = []
    for entry in listed.split("\0"):
        if entry:
            commit, parents, author, committer, seconds, message = entry.split("\n", 5)
            change = PointerChange(
                Commit(commit), _text(mirror, commit, path), message, author, committer,
                datetime.fromtimestamp(int(seconds), UTC), proposers=(author, *co_authors(message)),
            )  # fmt: skip
            found.append(await look(await _merged(mirror, change, parents.split(), path)))
    return tuple(found)


async def _merged(
    mirror: Mirror, change: PointerChange, parents: list[str], path: str
) -> PointerChange:
    if len(parents) <= 1:
        return change
    listed = await _ask(
        mirror, "log", "-z", "--format=%an <%ae>", *parents[1:], f"^{parents[0]}", "--",
        f":(top,literal){path}",
    )  # fmt: skip
    makers = tuple(dict.fromkeys(name for name in listed.split("\0") if name))
    return replace(change, is_merge=True, proposers=makers or change.proposers)


def _text(mirror: Mirror, commit: str, path: str) -> str | None:
    content = mirror.objects.read(f"{commit}:{path}", "blob")
    try:
        return None if content is None else content.decode("utf-8")
    except UnicodeDecodeError:
        return None


async def _ask(mirror: Mirror, *arguments: str) -> str:
    answer = await mirror.git(*arguments)
    if answer.code != 0:
        raise mirror.damaged("the history of the promotions branch")
    return answer.output.decode("utf-8", "replace")
