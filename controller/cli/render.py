"""`trueup render`."""

from pathlib import Path

import click

from controller.cli.examples import example


@click.command(epilog=example("trueup render platform-config -e dev --out /tmp/workspaces"))
@click.argument("path", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("-e", "--environment", required=True, help="The environment to render for.")
@click.option("-s", "--stack", help="Only this stack.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder to write to.",
)
def command(path: Path, environment: str, stack: str | None, out: Path) -> None:
    """Write the Terraform workspaces of an environment.

    What is not known before an apply is left as a reference. No secret is written.
    """
    from controller.wiring import offline

    for folder in offline.render(path, environment, stack, out):
        click.echo(folder)
