"""`trueup abort`."""

import click

from controller.cli import acting, names, output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.place import asks_controller


@click.command(epilog=example('trueup abort shop/production --reason "wrong release"'))
@click.argument("stage", metavar="STAGE", type=names.STAGE)
@click.option("--reason", required=True, help="Why; kept with the decision.")
@output.OUTPUT
@asks_controller
def command(client: Client, stage: str, reason: str, form: str) -> None:
    """Break a promotion off that is asked for or under way.

    What was asked for is withdrawn. A release that is not verified yet is taken back, as by
    `trueup rollback`; an apply that runs is let end first.
    """
    acting.ask(client, "abort", stage, f"broke the promotion to {stage} off", form=form,
               reason=reason)  # fmt: skip
