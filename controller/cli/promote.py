"""`trueup promote`."""

import click

from controller.cli import acting, names, output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.place import asks_controller


@click.command(
    epilog=example(
        "trueup promote shop/production", "trueup promote shop/production --release 9fceb02"
    )
)
@click.argument("stage", metavar="STAGE", type=names.STAGE)
@click.option(
    "--release",
    default="",
    metavar="COMMIT",
    help="Ask for this release although a newer one is verified, or although it was taken back.",
)
@output.OUTPUT
@asks_controller
def command(client: Client, stage: str, release: str, form: str) -> None:
    """Ask for a verified release to be let into a stage.

    For stages whose pipeline does not do so by itself, and for one release in between. Gates,
    windows and approvals are asked all the same; who asks does not approve.
    """
    what = release or "the release that waits"
    said = f"asked for {what} to be let into {stage}"
    acting.ask(client, "promote", stage, said, form=form, release=release)
