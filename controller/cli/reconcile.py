"""`trueup reconcile`."""

import click

from controller.cli import acting, names, output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.place import asks_controller


@click.command(epilog=example("trueup reconcile", "trueup reconcile shop/dev/shop-api"))
@click.argument("name", metavar="[STAGE_OR_UNIT]", type=names.STAGE_OR_UNIT, required=False)
@output.OUTPUT
@asks_controller
def command(client: Client, name: str | None, form: str) -> None:
    """Ask for a look at the repository, a stage or a unit now.

    Without a name the repository is fetched. It only comes sooner what would come anyway.
    """
    said = f"asked for a look at {name or 'the repository'} now"
    acting.ask(client, "reconcile", name or "", said, form=form)
