"""Pieces of text → whole lines, as they come."""

from collections.abc import Callable


class Lines:
    """Collects the output of a run and hands out each whole line once.

    What a listener raises is kept until `end`: it must not stop us from listening to the engine.
    """

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self._on_line = on_line
        self._pieces: list[str] = []
        self._rest = ""
        self._kept: Exception | None = None

    @property
    def text(self) -> str:
        """Everything so far."""
        return "".join(self._pieces)

    def take(self, piece: str) -> None:
        """Take the next piece."""
        self._pieces.append(piece)
        if self._on_line is None:
            return
        *whole, self._rest = (self._rest + piece).split("\n")
        for line in whole:
            self._tell(line)

    def end(self) -> None:
        """Hand out what is left without an end of line, and raise what a listener raised."""
        if self._on_line is not None and self._rest:
            self._tell(self._rest)
            self._rest = ""
        if self._kept is not None:
            raise self._kept

    def _tell(self, line: str) -> None:
        try:
            if self._on_line is not None:
                self._on_line(line)
        except Exception as failed:  # noqa: BLE001 — raised again in `end`
            self._kept = self._kept or failed
