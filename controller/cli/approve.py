"""`trueup approve`."""

import click

from controller.cli import acting, names
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.place import asks_controller


@click.command(
    epilog=example(
        'trueup approve shop/production --reason "seen in staging"',
        "trueup approve shop/production/shop-db",
    )
)
@click.argument("name", metavar="STAGE_OR_UNIT", type=names.STAGE_OR_UNIT)
@click.option("--reason", default="", help="Why; kept with the decision.")
@click.option(
    "--expect",
    default="",
    metavar="COMMIT",
    help="Approve only this: the whole commit for a stage, the plan's digest for a unit.",
)
@asks_controller
def command(client: Client, name: str, reason: str, expect: str) -> None:
    """Approve a release for a stage, or the plan of a unit.

    A stage is `product/environment`, a unit `product/environment/stack`. Nobody approves their own
    change; it needs the role `approver`.
    """
    if names.is_stage(name):
        said = f"approved the release that waits for {name}"
        acting.ask(client, "approve", name, said, reason=reason, expect=expect)
    else:
        said = f"approved the plan of {name}"
        acting.ask(client, "approve-plan", name, said, reason=reason, expect=expect)
