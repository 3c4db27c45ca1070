"""`trueup events`."""

import json
from collections.abc import Sequence
from typing import Any

import click

from controller.cli import output
from controller.cli.client import Client
from controller.cli.columns import EVENTS
from controller.cli.examples import example
from controller.cli.names import event_subject
from controller.cli.place import asks_controller
from controller.cli.surroundings import surroundings

SECONDS = 1.0


@click.command(epilog=example("trueup events --subject shop/production", "trueup events -f"))
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens, until Ctrl-C.")
@click.option(
    "--subject",
    help="Only of this: a stage, a unit, `source`, or `secret:product/environment/name`.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=50,
    show_default=True,
    help="How many of the newest.",
)
@output.OUTPUT
@asks_controller
def command(client: Client, *, follow: bool, subject: str | None, limit: int, form: str) -> None:
    """Show what has happened, and follow it.

    With `--follow -o json` each event is one line of JSON.
    """
    about = event_subject(subject) if subject else None
    found = client.get("events", subject=about, limit=limit)
    _show(found, as_json=form == "json", follow=follow, is_first=True)
    last = max((event["number"] for event in found), default=0)
    around = surroundings()
    while follow and not around.is_over():
        around.wait(SECONDS)
        # Without `after` the newest would come again: the log was empty, so begin at its beginning.
        found = client.get("events", subject=about, after=last, limit=1000)
        found = [event for event in found if event["number"] > last]
        _show(found, as_json=form == "json", follow=True, is_first=False)
        last = max((event["number"] for event in found), default=last)


def _show(events: Sequence[dict[str, Any]], *, as_json: bool, follow: bool, is_first: bool) -> None:
    if as_json and not follow:
        output.print_json(events)
    elif as_json:
        for event in events:
            click.echo(json.dumps(event, ensure_ascii=False))
    elif follow:
        for event in events:
            click.echo("  ".join(output.cell(column.show(event)) for column in EVENTS))
    elif is_first:
        output.print_table(EVENTS, events, empty="nothing has happened yet")
