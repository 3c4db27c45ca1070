"""`trueup serve`."""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import click

from controller.cli.examples import example

if TYPE_CHECKING:
    from controller.settings import Settings


class _Serving(Protocol):
    def serve(self, settings: "Settings") -> int | None: ...


@click.command(epilog=example("trueup serve --settings trueup.yaml"))
@click.option(
    "--settings",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("trueup.yaml"),
    show_default=True,
    help="Settings file.",
)
def command(settings: Path) -> int | None:
    """Run the controller, with API and pages.

    It goes on until it is stopped, and may be killed at any time: started again, it continues.
    """
    from controller.cli.settings_file import read_settings

    serving = cast("_Serving", importlib.import_module("controller.serving"))
    return serving.serve(read_settings(settings))
