"""Git → head: where what is followed stands."""

from controller.model.names import Revision
from controller.ports.git import Head, RepositoryReader


async def fetch(repository: RepositoryReader, since: str | None = None) -> Head:
    """Bring the mirror up to date and give the head; `since` is the revision that was known last.

    Raises RepositoryUnreachable, and Stalled when the branch or tag does not exist.
    """
    return await repository.fetch(Revision.parse(since) if since else None)
