"""`trueup reload`."""

import click

from controller.cli import output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.output import OUTPUT
from controller.cli.place import asks_controller


@click.command(epilog=example("trueup reload"))
@OUTPUT
@asks_controller
def command(client: Client, *, form: str) -> None:
    """Have the controller read its settings anew.

    Users, `limits` but for engine workers, and `retention` count at once. What needs a start of the
    controller is told, and is a finding until then. Settings that are wrong change nothing.
    """
    found = client.act("reload", "")
    if form == "json":
        output.print_json(found)
    else:
        click.echo(found["result"])
