"""`trueup hold`."""

from datetime import UTC, datetime

import click

from controller.cli import acting, names, output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.place import asks_controller


def instant(_context: click.Context, _option: click.Parameter, text: str) -> str:
    """Read an instant; without an offset it is UTC, and the answer tells so."""
    if not text:
        return ""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("write it as `2026-12-24T18:00+01:00`") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()


@click.command(
    epilog=example(
        'trueup hold shop/production --reason "sale until Monday" --until 2026-11-30T08:00+01:00'
    )
)
@click.argument("stage", metavar="STAGE", type=names.STAGE)
@click.option("--reason", required=True, help="Why; shown to everybody who waits.")
@click.option(
    "--until",
    default="",
    metavar="INSTANT",
    callback=instant,
    help="When it ends by itself; without an offset, UTC.",
)
@output.OUTPUT
@asks_controller
def command(client: Client, stage: str, reason: str, until: str, form: str) -> None:
    """Keep a stage at the release that it is at.

    No release comes, and none is taken back, until `trueup lift` or that instant. Drift is put back
    and secrets are rotated all the same; `trueup suspend` stops those too. It is kept in Git.
    """
    end = f" until {until}" if until else " until it is lifted"
    acting.ask(
        client, "hold", stage, f"holds {stage} where it is{end}",
        form=form, reason=reason, until=until,
    )  # fmt: skip
