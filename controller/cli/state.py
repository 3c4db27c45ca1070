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
@output.OUTPUT
@asks_controller
def restore(client: Client, name: str, serial: int, *, dry_run: bool, yes: bool, form: str) -> None:
    """Bring an earlier state back, under a serial above the present one.

    The present one is kept first. The unit is suspended then, so that nothing is made or destroyed
    before somebody has looked: `trueup events --subject UNIT` tells what a plan would do, and
    `trueup resume UNIT` lets the controller go on. It needs the role `admin`.
    """
    compared = _compared(client.get(f"units/{name}/states"), name, serial)
    if form == "table":
        _show(compared)
    elif dry_run:
        output.print_json(compared)
    if dry_run:
        return
    if not yes:
        click.confirm(f"restore serial {serial} of {name}, and suspend it?", abort=True, err=True)
    said = f"asked for serial {serial} of {name}; it is suspended until `trueup resume {name}`"
    acting.ask(client, "restore-state", name, said, form=form, expect=str(serial))


def _compared(kept: list[dict[str, Any]], name: str, serial: int) -> dict[str, Any]:
    """Tell which resources the state would know again, and which no more. Raises Stalled."""
    wanted = next((state for state in kept if state["serial"] == serial), None)
    if wanted is None:
        raise Stalled.because(
            f"no state of `{name}` with serial {serial} is kept",
            hint=f"`trueup state history {name}` lists those that are",
            code="state/not-there",
        )
    then, now = set(wanted["resources"]), set(kept[0]["resources"])
    return {
        "unit": name,
        "serial": serial,
        "at": wanted["at"],
        "resources": sorted(then),
        "known_again": sorted(then - now),
        "known_no_more": sorted(now - then),
        "moved": wanted["moved"],
    }


def _show(compared: dict[str, Any]) -> None:
    at, count = output.instant(compared["at"]), len(compared["resources"])
    click.echo(f"serial {compared['serial']} of {at}: {count} resources")
    for sign, which in (("+", "known_again"), ("-", "known_no_more")):
        for address in compared[which]:
            click.echo(f"  {sign} {output.cell(address)}")
    _say_where(compared["moved"])


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
