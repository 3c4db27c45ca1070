"""`trueup secrets`."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from controller.cli import acting, names, secret_requests
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.exit_codes import ExitCode
from controller.cli.output import OUTPUT, Column, print_json, print_table
from controller.cli.place import Place, asks_controller

if TYPE_CHECKING:
    from controller.model.delivery import RestoredSecret

_DATA = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="The controller's data folder."
)
_SETTINGS = click.option(
    "--settings", type=click.Path(path_type=Path, dir_okay=False), help="Settings file."
)
_COLUMNS = (
    Column("SECRET", lambda change: change["secret"]),
    Column("VERSION NOW", lambda change: change["now"]),
    Column("VERSION THEN", lambda change: change["then"]),
)


@click.group(epilog=example("trueup secrets backup --out bao.snapshot --keys bao.keys"))
def command() -> None:
    """Ask for secrets and credentials; look after their server."""


for each in secret_requests.COMMANDS:
    command.add_command(each)


@command.command(epilog=example("trueup secrets ack shop/dev/db-login --consumer worker"))
@click.argument("secret", metavar="SECRET", type=names.UNIT)
@click.option("--consumer", required=True, help="The consumer, by its name in the document.")
@click.option("--generation", type=click.IntRange(1), help="Which it has; the delivered one.")
@OUTPUT
@asks_controller
def ack(client: Client, secret: str, *, consumer: str, generation: int | None, form: str) -> None:
    """Say that a consumer has the new value of a secret, so that the old one may end."""
    expect = f"{consumer} {generation or ''}".strip()
    said = f"{consumer} has {secret}"
    acting.ask(client, "acknowledge", secret, said, form=form, expect=expect)


@command.command(epilog=example("trueup secrets backup --out bao.snapshot --keys bao.keys"))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The new file for the snapshot.",
)
@click.option(
    "--keys",
    type=click.Path(path_type=Path, file_okay=False),
    help="A new folder for the keys that open the snapshot; keep it somewhere else.",
)
@_DATA
@_SETTINGS
def backup(out: Path, keys: Path | None, data: Path | None, settings: Path | None) -> None:
    """Write a snapshot of the embedded secret server, also while the controller runs.

    The snapshot is sealed: without the keys nobody can open it, with them anybody can.
    """
    from controller.wiring.secret_backup import back_up

    size = asyncio.run(back_up(Place(None, None, data, settings).data_folder(), out, keys))
    click.echo(f"wrote {size} bytes to {out}")
    if keys is None:
        click.echo("note: only the keys of this server open it; save them with `--keys`", err=True)


@command.command(
    epilog=example(
        "trueup secrets restore bao.snapshot", "trueup secrets restore bao.snapshot --yes"
    )
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--keys",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="The folder of its keys, when the snapshot is of another server.",
)
@click.option("--yes", is_flag=True, help="Do it; without this, only say what would change.")
@_DATA
@OUTPUT
def restore(file: Path, *, keys: Path | None, yes: bool, data: Path | None, form: str) -> ExitCode:
    """Bring a snapshot back, or say what that would change. The controller must not run.

    Ends with 2 when there is something to change and it was not done.
    """
    from controller.wiring.secret_backup import bring_back

    folder = Place(None, None, data, None).data_folder()
    changes = asyncio.run(bring_back(folder, file, keys, do=yes))
    shown = [_values(change) for change in changes]
    if form == "json":
        print_json({"restored": yes, "changes": shown})
    else:
        print_table(_COLUMNS, shown, empty="the server holds what the snapshot holds")
        click.echo("restored" if yes else "nothing was done; `--yes` does it", err=True)
    return ExitCode.CHANGES if changes and not yes else ExitCode.DONE


@command.command(epilog=example("trueup secrets upgrade", "trueup secrets upgrade --yes"))
@click.option("--yes", is_flag=True, help="Do it; without this, only say whether it is needed.")
@_DATA
@OUTPUT
def upgrade(*, yes: bool, data: Path | None, form: str) -> ExitCode:
    """Make an embedded server of an earlier version anew, with the rights that are needed now.

    The controller must not run. Every secret keeps its version; what was there is kept in
    `openbao/server.before`. Make a backup afterwards: earlier ones need the earlier keys. Ends with
    2 when it is needed and was not done.
    """
    from controller.wiring.secret_backup import make_anew

    found = asyncio.run(make_anew(Place(None, None, data, None).data_folder(), do=yes))
    if form == "json":
        is_done = yes and found.is_needed
        print_json({"needed": found.is_needed, "done": is_done, "secrets": found.secrets})
    elif not found.is_needed:
        click.echo("the server has all rights that it needs")
    else:
        done = "was made anew" if yes else "must be made anew; `--yes` does it"
        click.echo(f"the server {done}: {found.secrets} secrets")
    return ExitCode.CHANGES if found.is_needed and not yes else ExitCode.DONE


def _values(change: "RestoredSecret") -> dict[str, object]:
    return {"secret": change.path, "now": change.now, "then": change.then}
