"""`trueup decision`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from controller.cli import columns, names, output
from controller.cli.client import Client
from controller.cli.describe import show_decision
from controller.cli.examples import example
from controller.cli.exit_codes import ExitCode
from controller.cli.output import OUTPUT, cell, clean, print_json, print_table, short
from controller.cli.place import Place, asks_controller, names_controller
from controller.model.names import is_digest

VALID = "valid"


class DigestType(click.ParamType[str]):
    """A decision, as `trueup decision list` names it."""

    name = "digest"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Check a digest."""
        if not is_digest(str(value)):
            self.fail("a decision is named `sha256:` and 64 hexadecimal digits", param, ctx)
        return str(value)


_DECISION = click.argument("digest", metavar="DECISION", type=DigestType())


@click.group(
    epilog=example("trueup decision list shop/production", "trueup decision verify record.json")
)
def command() -> None:
    """List, show and check the records of decisions."""


@command.command(name="list", epilog=example("trueup decision list shop/production"))
@click.argument("stage", metavar="[STAGE]", type=names.STAGE, required=False)
@OUTPUT
@asks_controller
def list_(client: Client, stage: str | None, form: str) -> None:
    """List every decision about a stage, or about all, the newest first."""
    found = client.get("decisions", stage=stage)
    if form == "json":
        print_json(found)
    else:
        print_table(columns.DECISIONS, found, empty="nothing was decided yet")


@command.command(
    epilog=example(
        f"trueup decision show sha256:{'4' * 64} -o json > record.json",
        f"trueup decision show sha256:{'4' * 64} --bundle evidence.json",
    )
)
@_DECISION
@click.option(
    "--bundle", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Write the record with all that its gates measured, to be judged again elsewhere.",
)  # fmt: skip
@OUTPUT
@asks_controller
def show(client: Client, digest: str, bundle: Path | None, form: str) -> None:
    """Show a record: what was decided, and all that it rests on.

    With `-o json` it is printed as it was written, so that it can be checked elsewhere.
    """
    if bundle is not None:
        found = client.get(f"decisions/{digest}/bundle")
        bundle.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
        click.echo(f"wrote {bundle}", err=True)
    record = client.get(f"decisions/{digest}")
    if form == "json":
        print_json(record)
        return
    show_decision(record)
    output.print_section("What is known", columns.TOPICS, record.get("account") or ())
    _show_notes((record.get("background") or {}).get("notes"))
    found = client.get(f"decisions/{digest}/verification")
    click.echo(f"\nRecord: {found['standing']}")


@command.command(epilog=example(f"trueup decision notes sha256:{'4' * 64}"))
@_DECISION
@OUTPUT
@asks_controller
def notes(client: Client, digest: str, form: str) -> None:
    """Show the release notes of a decision: the commits that it brings, or takes back."""
    record = client.get(f"decisions/{digest}")
    found = (record.get("background") or {}).get("notes")
    if form == "json":
        print_json(found)
    elif found is None:
        click.echo("no commits are known of it", err=True)
    else:
        _show_notes(found)


@command.command(
    epilog=example(
        f"trueup decision verify sha256:{'4' * 64}",
        "trueup decision verify record.json --key decisions.pub",
    )
)
@click.argument("what", metavar="DECISION|FILE")
@click.option(
    "--key", "keys", multiple=True, metavar="PUBLIC",
    help="A public key that counts, or a file of them. With it, no controller is asked.",
)  # fmt: skip
@click.option("--address", type=DigestType(), help="What the record in FILE is called elsewhere.")
@OUTPUT
@names_controller
def verify(
    place: Place, what: str, keys: Sequence[str], address: str | None, form: str
) -> ExitCode:
    """Check a record: its address, its key, its seal, and that its evidence says the same.

    Gates are judged again from what they measured: as the controller keeps it, or as a bundle in
    FILE holds it. Ends with 1 unless it is valid.
    """
    found = _verified(place, what, keys, address or "")
    if form == "json":
        print_json(found)
    else:
        click.echo(f"{cell(found['digest'])} is {found['standing']}{_but(found['checks'])}")
        print_table(columns.CHECKS, found["checks"], empty="nothing was checked")
    return ExitCode.DONE if found["standing"] == VALID else ExitCode.REFUSED


@command.command(epilog=example("trueup decision key > decisions.pub"))
@OUTPUT
@asks_controller
def key(client: Client, form: str) -> None:
    """Print the public keys whose decisions count; the first is in use, others were before."""
    found = client.get("decision-keys")
    if form == "json":
        print_json(found)
    else:
        click.echo("\n".join(found["keys"]))


def _verified(place: Place, what: str, keys: Sequence[str], address: str) -> Mapping[str, Any]:
    if is_digest(what):
        if keys:
            raise click.UsageError("`--key` is for the record in a file")
        with place.connect() as client:
            found: Mapping[str, Any] = client.get(f"decisions/{what}/verification")
            return found
    if not keys:
        with place.connect() as client:
            keys = client.get("decision-keys")["keys"]
    from controller.wiring.auditor import verify_file

    return asdict(verify_file(Path(what), keys, address))


def _but(checks: Sequence[Mapping[str, Any]]) -> str:
    """Say at once what was not recomputed: nobody has to read a table to find it out."""
    told = (cell(each["said"]) for each in checks if each["said"].startswith("not recomputed"))
    return "".join(f"; {each}" for each in told)


def _show_notes(found: Mapping[str, Any] | None) -> None:
    if found is None:
        return
    verb = "takes back" if found["takes_away"] else "brings"
    at_least = "" if found["is_whole"] else "at least "
    count = found["total"]
    click.echo(f"\nIt {verb} {at_least}{count} commit{'' if count == 1 else 's'}:")
    if found["said"]:
        click.echo(f"  ({clean(found['said'])})")
    for group in found["groups"]:
        _show_group(group["title"], group["notes"], group["more"])
    _show_group("Merges", found["merges"], 0)


def _show_group(title: str, found: Sequence[Mapping[str, Any]], more: int) -> None:
    if found:
        click.echo(f"  {title}:")
    for note in found:
        breaking = " (breaking)" if note["breaking"] else ""
        by = f", {clean(note['author'])}" if note["author"] else ""
        click.echo(f"    {short(note['commit'])} {clean(note['subject'])}{breaking}{by}")
    if more:
        click.echo(f"    and {more} more")
