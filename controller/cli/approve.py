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
        "trueup approve production",
        "trueup approve r-0123456789ab",
    )
)
@click.argument("name", metavar="NAME", type=names.ANY)
@click.option("--reason", default="", help="Why; kept with the decision.")
@click.option(
    "--expect",
    default="",
    metavar="COMMIT",
    help="Approve only this: the whole commit for a stage, the plan's digest for a unit, the number"
    " of units for an environment.",
)
@click.option("--revoke", is_flag=True, help="Take your approval of a stage's release back.")
@asks_controller
def command(client: Client, name: str, *, reason: str, expect: str, revoke: bool) -> None:
    """Approve a release, a plan, a request, or what piled up.

    A stage is `product/environment`, a unit `product/environment/stack`. An environment stops when
    much has piled up in it during a pause. Nobody approves their own change; it needs the role
    `approver`.
    """
    if revoke:
        if not names.is_stage(name):
            raise click.UsageError("--revoke is for a stage")
        acting.ask(client, "revoke", name, f"took the approval for {name} back", reason=reason)
    elif names.is_request(name):
        said = f"approved the request {name}"
        acting.ask(client, "approve-request", name, said, reason=reason, expect=expect)
    elif names.is_environment(name):
        said = f"let the changes of {name} go"
        acting.ask(client, "approve-backlog", name, said, reason=reason, expect=expect)
    elif names.is_stage(name):
        said = f"approved the release that waits for {name}"
        acting.ask(client, "approve", name, said, reason=reason, expect=expect)
    else:
        said = f"approved the plan of {name}"
        acting.ask(client, "approve-plan", name, said, reason=reason, expect=expect)
