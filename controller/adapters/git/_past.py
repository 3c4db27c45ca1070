"""What ever lay in the repository, as the mirror has it."""

from controller.adapters.git._mirror import Mirror
from controller.model.history import PastBlob

LARGEST_BLOB = "1m"


async def past_blobs(mirror: Mirror, at_most: int) -> tuple[PastBlob, ...]:
    """List the files of all commits, the newest first. Raises RepositoryUnreachable.

    Folders are listed by git as well; they are told apart when they are read.
    """
    await mirror.prepare()
    answer = await mirror.git(
        "rev-list", "--all", "--objects", f"--filter=blob:limit={LARGEST_BLOB}"
    )
    if answer.code != 0:
        raise mirror.damaged("its history")
    found = []
    for line in answer.output.splitlines():
        identity, _, path = line.partition(b" ")
        if path:
            found.append(PastBlob(identity.decode("ascii"), path.decode("utf-8", "replace")))
            if len(found) == at_most:
                break
    return tuple(found)
