"""A painter that writes a chart's title and labels into an empty picture, for tests."""

from collections.abc import Sequence
from html import escape

from controller.model.chart import Chart, Picture

PNG = b"\x89PNG\r\n\x1a\n"


class MemoryPainter:
    """Gives pictures without lines, and remembers the charts."""

    def __init__(self) -> None:
        self.charts: list[Chart] = []

    async def paint(self, charts: Sequence[Chart]) -> Sequence[Picture]:
        """Give a picture of each chart."""
        self.charts += charts
        return [Picture(_svg(chart), PNG) for chart in charts]


def _svg(chart: Chart) -> bytes:
    words = [chart.title, *(line.label for line in chart.lines)]
    texts = "".join(f"<text>{escape(word)}</text>" for word in words)
    return f'<svg xmlns="http://www.w3.org/2000/svg">{texts}</svg>'.encode()
