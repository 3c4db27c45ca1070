"""`trueup approve`."""

import click

from controller.cli import acting, names, output
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
@output.OUTPUT
@asks_controller
def command(
    client: Client, name: str, *, reason: str, expect: str, revoke: bool, form: str
) -> None:
    """Approve a release, a plan, a request, or what piled up.

    A stage is `product/environment`, a unit `product/environment/stack`. An environment stops when
    much has piled up in it during a pause. Nobody approves their own change; it needs the role
    `approver`.
    """
    if revoke:
        if not names.is_stage(name):
            raise click.UsageError("--revoke is for a stage")
        said = f"took the approval for {name} back"
        acting.ask(client, "revoke", name, said, form=form, reason=reason)
        return
    action, said = _action(name)
    acting.ask(client, action, name, said, form=form, reason=reason, expect=expect)


def _action(name: str) -> tuple[str, str]:
    """Tell by its name what is approved: the action for it, and what is said then."""
    if names.is_request(name):
        return "approve-request", f"approved the request {name}"
    if names.is_environment(name):
        return "approve-backlog", f"let the changes of {name} go"
    if names.is_stage(name):
        return "approve", f"approved the release that waits for {name}"
    return "approve-plan", f"approved the plan of {name}"
