"""`trueup gc`."""

from collections.abc import Mapping
from typing import Any

import click

from controller.cli import acting, output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.output import OUTPUT, Column
from controller.cli.place import asks_controller


@click.command(epilog=example("trueup gc --dry-run", "trueup gc"))
@click.option("--dry-run", is_flag=True, help="Only tell what would go, and why the rest is kept.")
@OUTPUT
@asks_controller
def command(client: Client, *, dry_run: bool, form: str) -> None:
    """Take away what nobody needs any more, or tell what would go.

    Each day that is done by itself; `retention` of the settings says how long what is kept.
    """
    if not dry_run:
        said = "asked for a clean-up; `trueup events` tells when much went"
        acting.ask(client, "gc", "", said, form=form)
        return
    found = client.get("retention/preview")
    if form == "json":
        output.print_json(found)
        return
    rows = [*_rows("would go", found["gone"]), *_rows("stays", found["kept"])]
    output.print_table(COLUMNS, rows, empty="there is nothing")
    if found["problem"]:
        click.echo(f"not known is what else could go: {found['problem']}", err=True)


COLUMNS = (
    Column("WHAT", lambda row: row["kind"]),
    Column("COUNT", lambda row: row["count"]),
    Column("SIZE", lambda row: f"{row['bytes'] / 2**20:.1f} MiB" if row["bytes"] else ""),
    Column("FATE", lambda row: row["fate"]),
)


def _rows(fate: str, amounts: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    return [{"kind": kind, "fate": fate, **amount} for kind, amount in sorted(amounts.items())]
