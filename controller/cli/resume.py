"""`trueup resume`."""

import click

from controller.cli import acting, names
from controller.cli.client import Client
from controller.cli.place import asks_controller


@click.command()
@click.argument("name", metavar="STAGE_OR_UNIT", type=names.STAGE_OR_UNIT)
@asks_controller
def command(client: Client, name: str) -> None:
    """Look after a stage or a unit again.

    \b
    Example:
      trueup resume shop/production
    """
    acting.ask(client, "resume", name, f"resumed {name}")
