"""What the demo shows: progress for people, and the summary as a table or as data."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from controller.demo.folder import Folder
from controller.demo.scene import Step

PIPED_WIDTH = 140
"""Columns of the summary when it goes to a file."""


@dataclass
class Shown:
    """A scene on the screen."""

    screen: "Screen"

    def proved(self, text: str) -> None:
        """Say what was seen."""
        self.screen.line(f"  [green]✓[/green] {_plain(text)}")

    def failed(self, text: str) -> None:
        """Say what was not seen."""
        self.screen.line(f"  [red]✗[/red] {_plain(text)}")


class Screen:
    """Talk goes to stderr, the summary to stdout."""

    def __init__(self, *, as_json: bool) -> None:
        from rich.console import Console

        self._as_json = as_json
        self._talk = Console(stderr=True, highlight=False, soft_wrap=True)
        self._data = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
        self._began = time.monotonic()

    def line(self, text: str) -> None:
        """Show a line, with rich's markup."""
        self._talk.print(text)

    def note(self, text: str) -> None:
        """Show a line of progress, with the time since the start."""
        self._talk.print(f"  [dim]{self._clock()}[/dim] {_plain(text)}")

    def begin(self, folder: Folder, *, is_new: bool) -> None:
        """Say where it happens."""
        how = "a new folder" if is_new else "going on in"
        self._talk.print(f"[bold]Trueup demo[/bold], {how} {_plain(str(folder.root))}")

    @contextmanager
    def scene(self, name: str, title: str) -> Iterator[Shown]:
        """Show that a scene is played, and how long it took."""
        began = time.monotonic()
        self._talk.print(f"[bold]{name}[/bold] {_plain(title)}")
        with self._talk.status(f"{self._clock()} looking …"):
            yield Shown(self)
        self._talk.print(f"  [dim]{time.monotonic() - began:.1f} s[/dim]")

    def invite(self, folder: Folder, url: str) -> None:
        """Say what to look at and what to edit."""
        root, cloud = _plain(str(folder.root)), _plain(str(folder.cloud))
        edit = "edit shop-dev-shop-api environment.GREETING=hello"
        self._talk.print(
            f"""
The controller runs. Look at [link={url}]{url}[/link]
To approve on the page, sign in with the token in {_plain(str(folder.token))}

Make something happen, in {_plain(str(folder.clone))}:
  1. change GREETING in products/shop/stacks/api.yaml, then  git commit -am hello && git push
     it goes to dev, through the load gate to staging, and waits for you before production
  2. set RECOMMENDATIONS to exhaustive and push: the gate stops it, and dev is rolled back
  3. change something behind its back, and watch it being put back:
     {_plain(sys.executable)} -m controller.localcloud {edit} --root {cloud}
  4. trueup get units · trueup events -f · trueup describe shop/dev   (run in {root})

Ctrl-C stops everything; run it again in the same folder to go on.
"""
        )

    def summary(self, steps: list[Step]) -> int:
        """Show all steps; gives the exit code."""
        ok = all(step.ok for step in steps) and bool(steps)
        if self._as_json:
            lines = [{**asdict(step), "seconds": round(step.seconds, 1)} for step in steps]
            sys.stdout.write(json.dumps({"ok": ok, "steps": lines}, indent=2) + "\n")
            return 0 if ok else 1
        from rich.table import Table

        table = Table("step", "", title="What was shown")
        table.add_column("what was proven", overflow="fold", ratio=1)
        table.add_column("evidence", no_wrap=True)
        table.add_column("s", justify="right")
        for step in steps:
            mark = "[green]ok[/green]" if step.ok else "[red]no[/red]"
            table.add_row(
                step.name, mark, _plain(step.proved), step.evidence, f"{step.seconds:.0f}"
            )
        self._data.print(table)
        return 0 if ok else 1

    def _clock(self) -> str:
        seconds = int(time.monotonic() - self._began)
        return f"{seconds // 60}:{seconds % 60:02d}"


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
