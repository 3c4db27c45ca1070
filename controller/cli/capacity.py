"""`trueup capacity`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from controller.cli import output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.output import Column, clean, print_pairs, print_section
from controller.cli.place import asks_controller

SECONDS = 300.0
CHOICES: Sequence[Column] = (
    Column("CHOICE", lambda each: each["value"]),
    Column("PRICE", lambda each: each["price"]),
    Column(
        "SERVES /s", lambda each: f"{each['serves']['low']:,.4g} to {each['serves']['high']:,.4g}"
    ),
    Column("USED UP", lambda each: each["until"]["mid"] or "not yet"),
    Column("EARLIEST", lambda each: each["until"]["earliest"] or "not yet"),
    Column("LATEST", lambda each: each["until"]["latest"] or "not yet"),
    Column("ENOUGH", lambda each: each["is_enough"]),
    Column("CHOSEN", lambda each: each["is_chosen"]),
)


@click.group(epilog=example("trueup capacity show platform-config shop-api-size"))
def command() -> None:
    """Show how much is enough until when, and propose it."""


@command.command(epilog=example("trueup capacity show platform-config shop-api-size"))
@click.argument("path", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("name")
@click.option("--product", help="Of this product, where several have one of that name.")
@click.option("--light", is_flag=True, help="Leave out the models of the extra `forecast`.")
@output.OUTPUT
def show(path: Path, name: str, *, product: str | None, light: bool, form: str) -> None:
    """Show what a capacity plan of a folder comes to, without a controller."""
    from pydantic import TypeAdapter

    from controller.model.capacity import Capacity
    from controller.wiring import forecasts

    made = forecasts.capacity(path, name, product=product, light=light)
    values: dict[str, Any] = TypeAdapter(Capacity).dump_python(made, mode="json")
    if form == "json":
        output.print_json(values)
    else:
        _show(values)


@command.command(epilog=example("trueup capacity propose shop/shop-api-size --dry-run"))
@click.argument("name", metavar="PRODUCT/NAME")
@click.option("--dry-run", is_flag=True, help="Show the edit; push nothing.")
@output.OUTPUT
@asks_controller
def propose(client: Client, name: str, dry_run: bool, form: str) -> None:
    """Propose the change that a capacity plan asks for.

    The stack's document is edited where it stands, comments and all, and a branch with one commit
    is pushed for people to merge; the branch that is followed is never written. Without a change
    nothing is pushed.
    """
    made = client.propose_capacity(name, dry_run=dry_run, seconds=SECONDS)
    if form == "json":
        output.print_json(made)
        return
    _show(made["capacity"])
    if made["diff"]:
        click.echo()
        click.echo("\n".join(clean(line) for line in str(made["diff"]).splitlines()))
    pushed = f"pushed {clean(made['branch'])}" if made["branch"] else "nothing was pushed"
    click.echo(pushed, err=True)


def _show(made: dict[str, Any]) -> None:
    fit = made["fit"]
    least = "at least " if fit["is_lower_bound"] else ""
    most = fit["most"]
    serves = f"{least}{most['mid']:,.4g} ({most['low']:,.4g} to {most['high']:,.4g})"
    law = [f"{fit[key]:.4g}" for key in ("alone", "contention", "coherency")]
    print_pairs(
        [
            ("Plan", f"{made['name']} of {made['product']}"),
            ("Sets", f"{made['input']} of {made['stack']} in {made['environment']}"),
            ("Now", made["present"]),
            ("Should be", made["chosen"] if made["chosen"] is not None else "none is enough"),
            ("Needed", f"{made['needed']:,.4g} requests a second"),
            ("One serves", f"{serves} requests a second, {fit['at_concurrency']:,.3g} at once"),
            ("Law", f"lambda {law[0]}, sigma {law[1]}, kappa {law[2]}"),
        ]
    )
    print_section("Choices", CHOICES, made["choices"])
    for note in made["notes"]:
        click.echo(f"note: {clean(note)}", err=True)
