"""`trueup version`."""

import platform

import click

from controller import __version__
from controller.cli import output


@click.command()
@output.OUTPUT
def command(form: str) -> None:
    """Print the version.

    \b
    Example:
      trueup version -o json
    """
    if form == "json":
        output.print_json({"version": __version__, "python": platform.python_version()})
    else:
        click.echo(f"trueup {__version__}")
