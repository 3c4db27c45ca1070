"""Keeps what was used last."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A mapping of limited size: beyond it, what was not used for longest goes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def bound(self, most: int) -> None:
        """Keep so many at most from now on."""
        self._most = most
        self._shrink()

    def find(self, key: K) -> V | None:
        """Give what was kept under a key, or None."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def keep(self, key: K, value: V) -> None:
        """Keep a value."""
        self._kept[key] = value
        self._shrink()

    def _shrink(self) -> None:
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
