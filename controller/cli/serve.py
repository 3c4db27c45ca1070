"""`trueup serve`."""

from pathlib import Path

import click

from controller.cli.examples import example


@click.command(epilog=example("trueup serve --settings trueup.yaml"))
@click.option(
    "--settings",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("trueup.yaml"),
    show_default=True,
    help="Settings file.",
)
def command(settings: Path) -> None:
    """Run the controller, with API and pages.

    It goes on until it is stopped, and may be killed at any time: started again, it continues.
    """
    from controller import serving
    from controller.cli.settings_file import read_settings

    serving.serve(read_settings(settings))
