"""`trueup migrate`."""

from pathlib import Path

import click

from controller.cli.examples import example
from controller.cli.exit_codes import ExitCode


@click.command(epilog=example("trueup migrate platform-config", "trueup migrate . --write"))
@click.argument("path", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--write", is_flag=True, help="Write the files; without it, they are only named.")
def command(path: Path, *, write: bool) -> ExitCode:
    """Bring documents of an old `apiVersion` to the present one.

    Nothing but the version and the names that have changed is touched: comments stay.
    """
    from controller.wiring import offline

    found = offline.migrate(path)
    for name, content in found.items():
        if write:
            (path / name).write_bytes(content)
        click.echo(name)
    done = "written" if write else "to be written; add --write"
    click.echo(f"{len(found)} file{'' if len(found) == 1 else 's'} {done}", err=True)
    return ExitCode.DONE
