"""`trueup version`."""

import platform

import click

from controller import __version__
from controller.cli import output
from controller.cli.examples import example


@click.command(epilog=example("trueup version -o json"))
@output.OUTPUT
def command(form: str) -> None:
    """Print the version."""
    if form == "json":
        output.print_json({"version": __version__, "python": platform.python_version()})
    else:
        click.echo(f"trueup {__version__}")
