"""`trueup suspend`."""

import click

from controller.cli import acting, names, output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.place import asks_controller


@click.command(epilog=example("trueup suspend shop/production"))
@click.argument("name", metavar="STAGE_OR_UNIT", type=names.STAGE_OR_UNIT)
@output.OUTPUT
@asks_controller
def command(client: Client, name: str, form: str) -> None:
    """Stop looking after a stage or a unit.

    Nothing is applied or promoted there until `trueup resume`.
    """
    acting.ask(client, "suspend", name, f"suspended {name}", form=form)
