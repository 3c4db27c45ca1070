"""`trueup state`."""

from typing import Any

import click

from controller.cli import acting, names, output
from controller.cli.client import Client
from controller.cli.columns import STATES
from controller.cli.examples import example
from controller.cli.place import asks_controller
from controller.diagnostics.errors import Stalled


@click.group(
    epilog=example(
        "trueup state history shop/dev/shop-api", "trueup state restore shop/dev/shop-api 12"
    )
)
def command() -> None:
    """Show earlier states of a unit, and bring one back."""


@command.command(epilog=example("trueup state history shop/dev/shop-api -o json"))
@click.argument("name", metavar="UNIT", type=names.UNIT)
@output.OUTPUT
@asks_controller
def history(client: Client, name: str, form: str) -> None:
    """List the states that are kept, the newest first; never what is in them."""
    found = client.get(f"units/{name}/states")
    if form == "json":
        output.print_json(found)
    else:
        output.print_table(STATES, found, empty="no state is kept yet")


@command.command(epilog=example("trueup state restore shop/dev/shop-api 12 --dry-run"))
@click.argument("name", metavar="UNIT", type=names.UNIT)
@click.argument("serial", type=click.IntRange(0))
@click.option("--dry-run", is_flag=True, help="Say what the state would know then, and stop.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@asks_controller
def restore(client: Client, name: str, serial: int, *, dry_run: bool, yes: bool) -> None:
    """Bring an earlier state back, under a serial above the present one.

    The present one is kept first. The unit is suspended then, so that nothing is made or destroyed
    before somebody has looked: `trueup events --subject UNIT` tells what a plan would do, and
    `trueup resume UNIT` lets the controller go on. It needs the role `admin`.
    """
    _compare(client.get(f"units/{name}/states"), name, serial)
    if dry_run:
        return
    if not yes:
        click.confirm(f"restore serial {serial} of {name}, and suspend it?", abort=True, err=True)
    said = f"asked for serial {serial} of {name}; it is suspended until `trueup resume {name}`"
    acting.ask(client, "restore-state", name, said, expect=str(serial))


def _compare(kept: list[dict[str, Any]], name: str, serial: int) -> None:
    """Say which resources the state would know again, and which no more."""
    wanted = next((state for state in kept if state["serial"] == serial), None)
    if wanted is None:
        raise Stalled.because(
            f"no state of `{name}` with serial {serial} is kept",
            hint=f"`trueup state history {name}` lists those that are",
            code="state/not-there",
        )
    then, now = set(wanted["resources"]), set(kept[0]["resources"])
    click.echo(f"serial {serial} of {output.instant(wanted['at'])}: {len(then)} resources")
    for sign, addresses in (("+", then - now), ("-", now - then)):
        for address in sorted(addresses):
            click.echo(f"  {sign} {output.cell(address)}")
    _say_where(wanted["moved"])


def _say_where(moved: list[str] | None) -> None:
    """Say whether what the state names was made where the providers look now."""
    if moved is None:
        click.echo("not known: whether it was made where the unit's providers look now")
    for told in moved or ():
        click.echo(f"  made elsewhere: {output.cell(told)}")
    if moved:
        click.echo(
            "once resumed, the unit waits for a person (ProviderMoved); what only the present "
            "state names is managed by nobody then"
        )
