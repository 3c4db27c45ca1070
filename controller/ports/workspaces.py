"""Where workspaces lie on disk, with the state of each unit beside them."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from controller.model.names import Digest, UnitName
from controller.model.retention import Swept
from controller.model.workspace import Workspace


class Workspaces(Protocol):
    """One directory a unit, kept for ever: the local state lives in it."""

    def hold(self, unit: UnitName) -> AbstractAsyncContextManager[None]:
        """Have the unit's directory for oneself, to write it and to work in it."""

    async def write(self, workspace: Workspace, *, dated_as: Digest | None = None) -> Path:
        """Make the unit's directory hold exactly the workspace's files, and give it.

        State, its backups, the lock file of providers and `.terraform` stay. May be repeated; costs
        nothing when the digest is the one that was written last. `dated_as` is the digest of what
        was written before it: its dated files are taken over, as far as they are known.
        """

    def directory(self, unit: UnitName) -> Path:
        """Tell where the unit's directory is, whether it exists or not."""

    async def place_tree(self, digest: Digest, files: Mapping[str, bytes]) -> Path:
        """Put a folder of the repository on disk under its digest, read-only, and give its path.

        May be repeated; what is there already is not written again. Raises Stalled for a path that
        leaves the folder.
        """

    async def remove(self, unit: UnitName) -> None:
        """Take a destroyed unit's directory away. Raises Stalled while its state has resources."""

    async def sweep_trees(self, before: datetime, *, dry: bool = False) -> Swept:
        """Remove trees that nobody placed since an instant and whose path stands nowhere.

        A path that stands in a workspace, in a state beside one or in what runs holds its tree.
        `dry`: only tell what would go.
        """

    async def sweep_plans(self, before: datetime, *, dry: bool = False) -> Swept:
        """Remove saved plans older than an instant, but where somebody works: they may be secret.

        No plan is applied but by who made it, right after; the next turn makes another.
        """
