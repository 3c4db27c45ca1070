"""`trueup drift`."""

import click

from controller.cli import acting, names, output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.place import asks_controller


@click.command(epilog=example("trueup drift shop/dev/shop-api"))
@click.argument("unit", metavar="UNIT", type=names.UNIT)
@output.OUTPUT
@asks_controller
def command(client: Client, unit: str, form: str) -> None:
    """Ask for a look whether a unit is still what was applied.

    What is found shows in `trueup describe UNIT`.
    """
    acting.ask(client, "drift", unit, f"asked for a look at what {unit} is now", form=form)
