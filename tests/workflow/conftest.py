"""Worlds are cleaned up after each test."""

from collections.abc import Iterator

import pytest

from tests.support.worlds import MemoryWorld


@pytest.fixture(autouse=True)
def _worlds_are_closed() -> Iterator[None]:
    yield
    MemoryWorld.close_all()


@pytest.fixture(autouse=True, scope="module")
def _worlds_of_a_module_are_closed() -> Iterator[None]:
    yield
    MemoryWorld.close_all()
