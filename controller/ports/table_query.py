"""A database that is asked for rows, and never told anything."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

Row = tuple[datetime, float]


class TableQuery(Protocol):
    """Answers questions about a table."""

    async def read(self, login_file: str, query: str) -> Sequence[Row]:
        """Give a time and a number of each row; a time without a zone is left without one.

        `login_file` holds the address with the login, as a secret was delivered. Nothing can be
        written, and a query that takes too long or gives too much is ended. Raises Stalled when it
        cannot be asked or gives something else, Transient when the database does not answer.
        """
