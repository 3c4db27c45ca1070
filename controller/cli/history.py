"""`trueup history`."""

import click

from controller.cli import columns, names, output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.place import asks_controller


@click.command(epilog=example("trueup history shop/production"))
@click.argument("stage", metavar="STAGE", type=names.STAGE)
@output.OUTPUT
@asks_controller
def command(client: Client, stage: str, form: str) -> None:
    """Show every decision that moved or held a stage.

    The newest comes first. They are read from the promotions branch, so that they outlive the
    controller's own data.
    """
    found = client.get(f"history/{stage}")
    if form == "json":
        output.print_json(found)
    else:
        output.print_table(columns.MOVES, found, empty=f"nothing was decided about {stage} yet")
