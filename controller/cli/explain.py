"""`trueup explain`."""

import difflib

import click

from controller.cli import output
from controller.cli.examples import example
from controller.diagnostics import explain
from controller.diagnostics.errors import Stalled


class NoPage(Stalled):
    """There is no page on that code."""

    code = "cli/no-page"


@click.command(epilog=example("trueup explain load/unknown-key"))
@click.argument("code", metavar="CODE")
@output.OUTPUT
def command(code: str, form: str) -> None:
    """Explain a diagnostic by its code."""
    page = explain.explain(code)
    if page is None:
        close = difflib.get_close_matches(code, explain.codes(), n=1)
        hint = f"did you mean `{close[0]}`?" if close else "codes stand in `[…]` before a message"
        raise NoPage.because(f"there is no page on `{code}`", hint=hint)
    if form == "json":
        output.print_json({"code": code, "page": page.rstrip()})
    else:
        click.echo(page.rstrip())
