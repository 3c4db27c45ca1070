"""Text for people and JSON for programs. Data goes to stdout, talk to stderr."""

import json
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.tree import Tree

Item = Mapping[str, Any]

OUTPUT = click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Text for people, or JSON for programs.",
)

NARROWEST = 24
"""How narrow text that wraps may become."""
LONGEST = 100_000
"""No line that goes to a file or to a program is longer."""

GOOD, BUSY, BAD, QUIET = "green", "yellow", "red", "dim"
_STYLES = {
    **dict.fromkeys(("True", "healthy", "pass", "yes", "in sync", "ok", "allowed", "ready"), GOOD),
    **dict.fromkeys(
        ("Unknown", "progressing", "warn", "unknown", "invalid", "needs-approval", "warning"), BUSY
    ),
    **dict.fromkeys(
        ("False", "degraded", "fail", "no", "drifted", "error", "denied", "not ready"), BAD
    ),
    **dict.fromkeys(("suspended", "-"), QUIET),
    "Warning": BUSY,
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: how it is called and what it shows of an item."""

    title: str
    show: Callable[[Item], object]
    wraps: bool = False
    """Whether long text goes on in the next line, on a terminal; names never do."""


def clean(text: str) -> str:
    """Show what cannot be seen, so that no text from outside plays tricks with the terminal."""
    return "".join(
        letter if unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} else "\ufffd"
        for letter in text
    )


def cell(value: object) -> str:
    """Give a value as one line; `-` when there is nothing."""
    if value is None or value in ("", [], ()):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return clean(" ".join(line.strip() for line in value.splitlines()))
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return clean(json.dumps(value, ensure_ascii=False, sort_keys=True))


def short(commit: object) -> str:
    """Give the first digits of a commit or of a digest."""
    text = str(commit or "")
    return text.removeprefix("sha256:")[:12] or "-"


def instant(text: object) -> str:
    """Give an instant to the second, in UTC."""
    from datetime import UTC, datetime

    if not isinstance(text, str) or not text:
        return "-"
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return clean(text)
    return f"{found.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z" if found.tzinfo else clean(text)


def print_json(value: object) -> None:
    """Print a value for programs."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(columns: Sequence[Column], items: Sequence[Item], *, empty: str) -> None:
    """Print items; on a terminal with colour and wrapped to its width, else plain and whole."""
    if not items:
        click.echo(empty, err=True)
        return
    rows = [[cell(column.show(item)) for column in columns] for item in items]
    if sys.stdout.isatty():
        _print_rich(columns, rows)
    else:
        for line in plain_lines([column.title for column in columns], rows):
            click.echo(line)


def plain_lines(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Align rows below their titles; nothing is cut."""
    lines = [list(titles), *rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(titles))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def _print_rich(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    whole = sum(2 + (NARROWEST if c.wraps else _width(c, rows, i)) for i, c in enumerate(columns))
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column.title, no_wrap=not column.wraps, overflow="fold")
    for row in rows:
        table.add_row(*(Text(text, style=_STYLES.get(text, "")) for text in row))
    # Where a terminal is too narrow for the names, it breaks the lines itself: nothing is cut.
    console.width = max(whole, console.width)
    console.print(table, crop=False)


def _width(column: Column, rows: Sequence[Sequence[str]], index: int) -> int:
    return max(len(column.title), *(len(row[index]) for row in rows))


def print_pairs(pairs: Sequence[tuple[str, object]], *, indent: int = 0) -> None:
    """Print names and values below each other."""
    shown = [(name, cell(value)) for name, value in pairs]
    width = max((len(name) for name, _ in shown), default=0)
    for name, text in shown:
        click.echo(f"{' ' * indent}{name.ljust(width)}  {text}".rstrip())


def print_section(title: str, columns: Sequence[Column], items: Sequence[Item]) -> None:
    """Print a titled table, or nothing when there are no items."""
    if items:
        click.echo()
        click.echo(f"{title}:")
        rows = [[cell(column.show(item)) for column in columns] for item in items]
        for line in plain_lines([column.title for column in columns], rows):
            click.echo(f"  {line}")


def branch(name: str, *said: str, state: str = "") -> "Tree":
    """Give a branch of a tree: its name, in what state it is, and what else is to be said."""
    from rich.text import Text
    from rich.tree import Tree

    shown = Text(cell(name))
    if state:
        shown.append(f"  {state}", style=_STYLES.get(state, ""))
    for text in filter(None, said):
        shown.append(f"  {cell(text)}", style=QUIET)
    return Tree(shown)


def print_tree(tree: "Tree") -> None:
    """Print a tree: on a terminal wrapped to its width, else each branch in one line."""
    from rich.console import Console

    console = Console(highlight=False)
    if not sys.stdout.isatty():
        console.width = console.measure(tree, options=console.options.update(width=LONGEST)).maximum
    console.print(tree)
