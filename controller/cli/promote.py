"""`trueup promote`."""

import click

from controller.cli import acting, names
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.place import asks_controller


@click.command(epilog=example("trueup promote shop/production"))
@click.argument("stage", metavar="STAGE", type=names.STAGE)
@asks_controller
def command(client: Client, stage: str) -> None:
    """Ask for a verified release to be let into a stage.

    For stages whose pipeline does not do so by itself. The gates are asked all the same.
    """
    said = f"asked for the release that waits to be let into {stage}"
    acting.ask(client, "promote", stage, said)
