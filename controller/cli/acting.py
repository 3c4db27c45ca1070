"""What the commands that act have in common."""

import click

from controller.cli.client import Client


def ask(client: Client, action: str, subject: str, said: str, **more: str) -> None:
    """Ask for an action, and say what was asked and where to look."""
    client.act(action, subject, **more)
    click.echo(said)
