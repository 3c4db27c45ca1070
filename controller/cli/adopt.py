"""`trueup adopt`."""

from typing import Any

import click

from controller.cli import names, output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.output import clean
from controller.cli.place import asks_controller

SECONDS = 900.0
"""A look and a few plans, behind whatever is done with the unit at the moment."""


@click.command(
    epilog=example("trueup adopt shop/dev/shop-api --dry-run", "trueup adopt shop/dev/shop-api")
)
@click.argument("unit", metavar="UNIT", type=names.UNIT)
@click.option("--dry-run", is_flag=True, help="Show the edit; push nothing.")
@click.option(
    "--branch", default="", metavar="NAME",
    help="The branch to push.  [default: `trueup/adopt/` and the unit]",
)  # fmt: skip
@output.OUTPUT
@asks_controller
def command(client: Client, unit: str, dry_run: bool, branch: str, form: str) -> None:
    """Turn the drift of a unit into an edit of the repository.

    The stack's document is edited where it stands, comments and all. Only when a plan of the edited
    repository would change nothing more, a branch with one commit is pushed for people to merge;
    else nothing is pushed, and what remains is told.
    """
    made = client.adopt(unit, branch=branch, dry_run=dry_run, seconds=SECONDS)
    if form == "json":
        output.print_json(made)
    else:
        _show(made)


def _show(made: dict[str, Any]) -> None:
    click.echo("\n".join(clean(line) for line in str(made["diff"]).splitlines()))
    for line in made["left"]:
        click.echo(f"stays as it is: {clean(line)}", err=True)
    if made["branch"]:
        click.echo(f"pushed {clean(made['branch'])}: {clean(made['proved'])}", err=True)
    else:
        click.echo(f"nothing was pushed; {clean(made['proved'])}", err=True)
