"""Git → snapshot."""

from controller.model.snapshot import Snapshot
from controller.ports.git import Head, RepositoryReader


async def fetch(repository: RepositoryReader) -> tuple[Head, Snapshot]:
    """Bring the mirror up to date and give the head of the branch with its files.

    Raises RepositoryUnreachable, and Stalled when the branch does not exist.
    """
    head = await repository.fetch()
    return head, await repository.snapshot(head.revision.commit)
