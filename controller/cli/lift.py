"""`trueup lift`."""

import click

from controller.cli import acting, names, output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.place import asks_controller


@click.command(epilog=example("trueup lift shop/production"))
@click.argument("stage", metavar="STAGE", type=names.STAGE)
@click.option("--reason", default="", help="Why; kept with the decision.")
@output.OUTPUT
@asks_controller
def command(client: Client, stage: str, reason: str, form: str) -> None:
    """End the hold of a stage.

    `trueup hold` and `trueup rollback` make one.

    Newer releases may come from now on. One that was taken back does not come again by itself.
    """
    acting.ask(client, "lift", stage, f"lifted the hold of {stage}", form=form, reason=reason)
