"""`trueup explain`."""

import difflib
import re
from importlib.resources import files

import click

from controller.diagnostics.errors import Stalled

CODE = re.compile(r"[a-z0-9-]+/[a-z0-9-]+")


class NoPage(Stalled):
    """There is no page with that name."""

    code = "cli/no-page"


@click.command()
@click.argument("code", metavar="CODE")
def command(code: str) -> None:
    """Explain a diagnostic by its code.

    \b
    Example:
      trueup explain load/unknown-key
    """
    page = files("controller.diagnostics") / "pages" / f"{code}.md"
    if CODE.fullmatch(code) is None or not page.is_file():
        known = known_codes()
        close = difflib.get_close_matches(code, known, n=1)
        hint = f"did you mean `{close[0]}`?" if close else "codes stand in `[…]` before a message"
        raise NoPage.because(f"there is no page on `{code}`", hint=hint)
    click.echo(page.read_text(encoding="utf-8").rstrip())


def known_codes() -> list[str]:
    """Name every code that has a page."""
    pages = files("controller.diagnostics") / "pages"
    if not pages.is_dir():
        return []
    return sorted(
        f"{room.name}/{page.name.removesuffix('.md')}"
        for room in pages.iterdir()
        if room.is_dir()
        for page in room.iterdir()
        if page.name.endswith(".md")
    )
