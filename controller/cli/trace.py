"""`trueup trace`."""

import click

from controller.cli import columns, output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.place import asks_controller


@click.command(epilog=example("trueup trace 9fceb02"))
@click.argument("commit", metavar="COMMIT")
@output.OUTPUT
@asks_controller
def command(client: Client, commit: str, form: str) -> None:
    """Show where a commit has got to, and what it waits for.

    A commit is given whole, or by the first digits if it is the first of a release.
    """
    found = client.get(f"trace/{commit.lower()}")
    if form == "json":
        output.print_json(found)
    else:
        output.print_table(columns.TRACED, found["stages"], empty="there are no stages")
