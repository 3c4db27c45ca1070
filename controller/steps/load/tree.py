"""The paths of a commit in order, so that what lies below a folder is found without looking at all.

The tree knows nothing of what the files mean: `files` decides which of them are ours.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping

from controller.model.snapshot import Snapshot, SnapshotFile

_AFTER_SLASH = "0"
"""The character after `/`: `a0` is behind everything that lies below `a/`."""


class Tree:
    """The files of a snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.files: Mapping[str, SnapshotFile] = snapshot.files
        self.paths = sorted(snapshot.files)

    def below(self, folder: str) -> list[str]:
        """Give the paths below a folder in order; none when there is no such folder."""
        start = bisect_left(self.paths, folder + "/")
        return self.paths[start : bisect_left(self.paths, folder + _AFTER_SLASH, start)]

    def files_below(self, folder: str) -> tuple[SnapshotFile, ...]:
        """Give the files below a folder."""
        return tuple(self.files[path] for path in self.below(folder))

    def folders(self) -> Iterator[str]:
        """Give every folder that something lies in."""
        seen: set[str] = set()
        for path in self.paths:
            folder = path.rpartition("/")[0]
            while folder and folder not in seen:
                seen.add(folder)
                yield folder
                folder = folder.rpartition("/")[0]
