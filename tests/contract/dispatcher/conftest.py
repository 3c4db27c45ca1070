from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    """Keep the log out of the way: structlog draws whole tracebacks when nobody has set it up."""
    with capture_logs() as entries:
        yield entries
