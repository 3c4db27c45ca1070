"""`trueup rotate`."""

import threading
from collections.abc import Mapping
from typing import Any

import click

from controller.cli import acting, names, output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.exit_codes import ExitCode
from controller.cli.output import Column
from controller.cli.place import asks_controller

SECONDS = 1.0
"""How often progress is looked at."""
OVER = frozenset({"done", "by hand"})
COLUMNS = (
    Column("SECRET", lambda row: row["secret"]),
    Column("OWNER", lambda row: row["owner"]),
    Column("STATE", lambda row: row["state"]),
    Column("GENERATION", lambda row: row["generation"]),
    Column("MESSAGE", lambda row: row["message"], wraps=True),
)


@click.command(
    epilog=example(
        "trueup rotate shop/production/shop-api-key",
        "trueup rotate --owner team-shop --dry-run",
        "trueup rotate --label vendor=mailer --at-once --yes",
    )
)
@click.argument("secret", metavar="[SECRET]", type=names.UNIT, required=False)
@click.option("--owner", help="All secrets of the products of this owner.")
@click.option("--label", metavar="KEY=VALUE", help="All secrets with this label.")
@click.option("--all", "everything", is_flag=True, help="All secrets.")
@click.option("--drill", metavar="ID", help="Go on watching a drill that was begun.")
@click.option("--dry-run", is_flag=True, help="Show what would be rotated, and do nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--at-once",
    is_flag=True,
    help="End old values without a grace: consumers that have not read the new one fail.",
)
@click.option("--reason", default="", help="Why, for the events.")
@click.option("--no-wait", is_flag=True, help="Do not wait until it is done.")
@output.OUTPUT
@asks_controller
def command(
    client: Client, /, *, secret: str | None, drill: str | None, form: str, **asked: Any
) -> ExitCode:
    """Rotate a secret, or all that an owner or a label holds, now.

    New values are made and delivered; the old ones are retired when their consumers have the new
    ones. Rotations of many go on without this command; `--drill ID` watches them again.
    """
    selector = _selector(secret, drill, asked)
    if secret is not None:
        acting.ask(client, "rotate", secret, f"asked for a rotation of {secret} now", form=form)
        return ExitCode.DONE
    found = (
        client.get(f"drills/{drill}") if drill else client.get("drills/preview", selector=selector)
    )
    if drill is None and asked["dry_run"]:
        _show(found, form)
        return ExitCode.DONE
    if drill is None:
        found = _begin(client, selector, found, asked)
    if not asked["no_wait"]:
        found = _watch(client, found, quiet=form == "json")
    _show(found, form)
    if any(row["state"] not in OVER for row in found["rows"]):
        click.echo(f"note: it goes on; look with `trueup rotate --drill {found['id']}`", err=True)
        return ExitCode.WAITING
    return ExitCode.DONE


def _selector(secret: str | None, drill: str | None, asked: Mapping[str, Any]) -> str:
    ways = {
        secret or "": secret is not None,
        f"owner={asked['owner']}": asked["owner"] is not None,
        f"label:{asked['label']}": asked["label"] is not None,
        "all": asked["everything"],
        drill or " ": drill is not None,
    }
    chosen = [way for way, is_given in ways.items() if is_given]
    if len(chosen) != 1:
        raise click.UsageError("name one of SECRET, --owner, --label, --all, --drill")
    if asked["label"] is not None and "=" not in asked["label"]:
        raise click.UsageError("write the label as KEY=VALUE")
    return chosen[0]


def _begin(
    client: Client, selector: str, found: Mapping[str, Any], asked: Mapping[str, Any]
) -> Mapping[str, Any]:
    many = len(found["rows"])
    if not asked["yes"]:
        output.print_table(COLUMNS, found["rows"], empty="there are no secrets")
        click.confirm(f"Rotate these {many} secrets now?", abort=True, err=True)
    return client.begin_drill(
        selector, expect=many, at_once=asked["at_once"], reason=asked["reason"]
    )


def _watch(client: Client, found: Mapping[str, Any], *, quiet: bool) -> Mapping[str, Any]:
    """Tell of each change of state, until all is over or somebody presses Ctrl-C."""
    states: dict[str, str] = {}
    pause = threading.Event()
    try:
        while True:
            for row in found["rows"]:
                if states.get(row["secret"]) != row["state"] and not quiet:
                    click.echo(f"{row['secret']}: {row['state']}", err=True)
                states[row["secret"]] = row["state"]
            if all(state in OVER for state in states.values()):
                return found
            pause.wait(SECONDS)
            found = client.get(f"drills/{found['id']}")
    except KeyboardInterrupt:
        return found


def _show(found: Mapping[str, Any], form: str) -> None:
    if form == "json":
        output.print_json(found)
    else:
        output.print_table(COLUMNS, found["rows"], empty="there are no secrets")
