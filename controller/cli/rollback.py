"""`trueup rollback`."""

from typing import Any

import click

from controller.cli import acting, names, output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.place import asks_controller


@click.command(
    epilog=example(
        'trueup rollback shop/production --reason "orders fail since noon"',
        "trueup rollback shop/production --to 9fceb02 --dry-run",
    )
)
@click.argument("stage", metavar="STAGE", type=names.STAGE)
@click.option(
    "--to",
    default="",
    metavar="RELEASE",
    help="A release that was here before: its commit or the first digits. Else the last other one.",
)
@click.option("--reason", default="", help="Why; shown to everybody who waits.")
@click.option("--dry-run", is_flag=True, help="Plan every unit, and change nothing.")
@output.OUTPUT
@asks_controller
def command(client: Client, stage: str, *, to: str, reason: str, dry_run: bool, form: str) -> None:
    """Bring a stage back to an earlier release, and hold it there.

    Releases that come later wait until `trueup lift`. The one that is left does not come again
    unless somebody asks for it.
    """
    if dry_run:
        _show(client.get(f"previews/{stage}", release=to or None), form)
        return
    if not reason:
        raise click.UsageError('say why: --reason "…"')
    acting.ask(
        client, "rollback", stage, f"{stage} goes back, and is held there until `trueup lift`",
        form=form, reason=reason, release=to,
    )  # fmt: skip


def _show(found: dict[str, Any], form: str) -> None:
    if form == "json":
        output.print_json(found)
        return
    click.echo(
        f"{found['stage']} would go back to {output.clean(found['commit'])}; nothing is done"
    )
    for unit in found["units"]:
        click.echo(f"  {output.clean(unit['unit'])}: {output.clean(unit['said'])}")
        for change in unit["changes"]:
            click.echo(f"    {output.clean(change)}")
