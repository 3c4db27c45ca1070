"""What draws charts."""

from collections.abc import Sequence
from typing import Protocol

from controller.model.chart import Chart, Picture


class Painter(Protocol):
    """Draws charts as SVG and PNG; titles and labels are shown as they are, never as markup."""

    async def paint(self, charts: Sequence[Chart]) -> Sequence[Picture]:
        """Draw each chart, in their order. Raises Transient when that cannot be done now."""
