"""`trueup serve`."""

from pathlib import Path

import click

from controller.cli.examples import example


@click.command(epilog=example("trueup serve --settings trueup.yaml"))
@click.option(
    "--settings",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file.  [default: `trueup.yaml`; without one, variables are enough]",
)
def command(settings: Path | None) -> None:
    """Run the controller, with API and pages.

    It goes on until it is stopped, and may be killed at any time: started again, it continues.
    """
    from controller import serving
    from controller.cli.settings_file import settings_of

    serving.serve(settings_of(settings), lambda: settings_of(settings))
