"""Charts by matplotlib, in a process that ends afterwards: it takes seconds and much memory."""

import asyncio
import sys
from base64 import b64decode
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

import controller
from controller.diagnostics.errors import Transient
from controller.model.chart import Chart, Picture

PAINTING = "controller.adapters.painter.painting"
SECONDS = 60.0
_CHARTS = TypeAdapter(tuple[Chart, ...])
_PICTURES = TypeAdapter(tuple[tuple[str, str], ...])


class ChildPainter:
    """Starts a process for each request."""

    def __init__(self, folder: Path) -> None:
        """Take where matplotlib may keep what it knows of fonts."""
        self._folder = folder

    async def paint(self, charts: Sequence[Chart]) -> Sequence[Picture]:
        """Draw; see the port for what it raises."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", PAINTING),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": str(self._folder),
                "MPLCONFIGDIR": str(self._folder),
                "LANG": "C.UTF-8",
                "PYTHONPATH": str(Path(controller.__file__).parent.parent),
            },
        )
        try:
            async with asyncio.timeout(SECONDS):
                out, said = await process.communicate(_CHARTS.dump_json(tuple(charts)))
        except TimeoutError as error:
            raise Transient.because(
                f"charts are not drawn after {SECONDS:g} s", code="gate/no-charts"
            ) from error
        finally:
            with suppress(ProcessLookupError):
                if process.returncode is None:
                    process.kill()
        try:
            found = _PICTURES.validate_json(out)
        except ValidationError as error:
            tail = said.decode("utf-8", "replace")[-500:]
            raise Transient.because(
                f"charts cannot be drawn: {tail}", code="gate/no-charts"
            ) from error
        return [Picture(b64decode(svg), b64decode(png)) for svg, png in found]
