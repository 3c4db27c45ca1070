"""What holds for every test."""

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest: nobody waits at the end for one that began last."""
    items.sort(key=lambda item: (not _has(item, "e2e"), not _has(item, "aws"), not _is_slow(item)))


def _has(item: pytest.Item, mark: str) -> bool:
    return item.get_closest_marker(mark) is not None


def _is_slow(item: pytest.Item) -> bool:
    return _has(item, "slow")
