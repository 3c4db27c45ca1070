"""Every painter keeps the port's promises; the real one draws with matplotlib in a process."""

import re
from html import escape

import pytest

from controller.adapters.painter.child import ChildPainter
from controller.adapters.painter.memory import MemoryPainter
from controller.model.chart import Chart, Line

HOSTILE = 'x <script>alert(1)</script> $\\frac{1}{0}$ & "'
CHARTS = (
    Chart(
        HOSTILE, "seconds", "ms",
        (Line("_run", ((0.0, 1.0), (1.0, 2.0))), Line("old", ((0.0, 1.5),), is_baseline=True)),
    ),
    Chart("nothing", "percentile", "ms", (Line("empty", ()),), is_of_percentiles=True),
    Chart(
        "days", "", "requests a second", (Line("forecast", ((20_000.0, 1.0), (20_001.0, 2.0))),),
        is_of_days=True, band=((20_000.0, 0.5, 2.0), (20_001.0, 1.0, 4.0)),
        marks=((20_001.0, HOSTILE),), note=HOSTILE,
    ),
)  # fmt: skip


@pytest.fixture(params=["memory", "child"])
def painter(request, tmp_path):
    return MemoryPainter() if request.param == "memory" else ChildPainter(tmp_path / "charts")


@pytest.mark.slow
async def test_each_chart_becomes_a_picture_and_texts_stay_texts(painter):
    pictures = await painter.paint(CHARTS)
    assert len(pictures) == 3
    for picture in pictures:
        assert picture.png.startswith(b"\x89PNG")
        assert re.search(rb"<svg[^>]*>", picture.svg)
        assert b"<script" not in picture.svg
    assert escape("<script>", quote=False).encode() in pictures[0].svg
