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
@click.option(
    "--accept",
    is_flag=True,
    help="Ask for the release that somebody wrote into the pointer by hand.",
)
@click.option(
    "--put-back", is_flag=True, help="Write the pointer as it was before it was edited by hand."
)
@output.OUTPUT
@asks_controller
def command(
    client: Client, stage: str, *, release: str, accept: bool, put_back: bool, form: str
) -> None:
    """Ask for a verified release to be let into a stage.

    For stages whose pipeline does not do so by itself, and for one release in between. Gates,
    windows and approvals are asked all the same; who asks does not approve.
    """
    if bool(release) + accept + put_back > 1:
        raise click.UsageError("give one of `--release`, `--accept`, `--put-back`")
    if accept:
        said = f"asked for what was written into the pointer of {stage} by hand"
        acting.ask(client, "accept-edit", stage, said, form=form)
        return
    if put_back:
        acting.ask(client, "put-back", stage, f"the pointer of {stage} is as it was", form=form)
        return
    what = release or "the release that waits"
    said = f"asked for {what} to be let into {stage}"
    acting.ask(client, "promote", stage, said, form=form, release=release)
