"""Workspaces for tests: a folder that goes away with its object.

An engine reads files, so even these lie on disk; they only do not last.
"""

import tempfile
from pathlib import Path

from controller.adapters.workspaces.disk import DiskWorkspaces


class MemoryWorkspaces(DiskWorkspaces):
    """Workspaces in a temporary folder, removed by `close` or with the object."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="trueup-workspaces-")
        super().__init__(Path(self._folder.name))

    def close(self) -> None:
        """Take the folder away."""
        self._folder.cleanup()
