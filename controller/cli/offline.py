"""What commands on a folder ask for; `controller.wiring.offline` gives it.

It is loaded by name because it chooses adapters, which nothing else here should wait for.
"""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from controller.model.catalog import Catalog
    from controller.model.names import UnitName
    from controller.model.plan import Plan
    from controller.model.verdict import Verdict

Planned = tuple["UnitName", "Plan | None", "Verdict | None", "str | None"]
"""A unit, its plan and what policy says of it; or why there is none."""


class Offline(Protocol):
    """The main job's steps on a folder, without a controller."""

    def validate(self, path: Path) -> "Catalog":
        """Load a folder; what is wrong is in the catalog's diagnostics."""

    def render(self, path: Path, environment: str, stack: str | None, out: Path) -> Sequence[str]:
        """Write workspaces below `out`; gives the folders. Raises Stalled."""

    def plan(self, path: Path, environment: str | None, stack: str | None) -> Sequence[Planned]:
        """Plan and judge, without applying. Raises Stalled."""


def offline() -> Offline:
    """Give what works on folders."""
    return cast("Offline", importlib.import_module("controller.wiring.offline"))
