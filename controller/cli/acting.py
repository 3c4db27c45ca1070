"""What the commands that act have in common."""

import click

from controller.cli import output
from controller.cli.client import Client


def ask(client: Client, action: str, subject: str, said: str, *, form: str, **more: str) -> None:
    """Ask for an action, and say what was asked and where to look."""
    found = client.act(action, subject, **more)
    if form == "json":
        output.print_json(found)
    else:
        click.echo(said)
