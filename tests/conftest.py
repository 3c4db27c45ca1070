"""What holds for every test."""

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest: nobody waits at the end for one that began last."""
    items.sort(key=lambda item: (not item.get_closest_marker("e2e"), not _is_slow(item)))


def _is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None
