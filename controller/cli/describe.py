"""`trueup describe`."""

import difflib
from typing import Any

import click

from controller.cli import columns, names, output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.output import cell, clean, instant, print_pairs, print_section
from controller.cli.place import asks_controller
from controller.diagnostics.errors import Stalled
from controller.model.names import is_digest

KINDS = ("unit", "stage", "secret", "request", "decision", "forecast")
RESOURCES = {
    "decision": "decisions", "stage": "stages", "unit": "units", "forecast": "forecasts",
}  # fmt: skip
"""Where the API has what is asked for by its name alone."""
Found = dict[str, Any]


class NotFound(Stalled):
    """There is no such thing."""

    code = "cli/not-found"


@click.command(
    epilog=example(
        "trueup describe shop/production", "trueup describe secret shop/dev/shop-api-key"
    )
)
@click.argument(
    "words", metavar="[unit|stage|secret|request|decision|forecast] NAME", nargs=-1, required=True
)
@output.OUTPUT
@asks_controller
def command(client: Client, words: tuple[str, ...], form: str) -> None:
    """Show all that is known of one thing.

    Without a kind it is guessed from the name: `product/environment` is a stage,
    `product/environment/name` a unit or a secret, `r-…` a request, `sha256:…` a decision.
    """
    kind, name = _read(words)
    kind, found = _find(client, kind, name)
    if form == "json":
        output.print_json(found)
    else:
        {
            "unit": _unit, "stage": _stage, "secret": _secret, "request": _request,
            "decision": show_decision, "forecast": _forecast,
        }[kind](found)  # fmt: skip


def _read(words: tuple[str, ...]) -> tuple[str, str]:
    match words:
        case (kind, name) if kind in KINDS:
            pass
        case (name,) if name not in KINDS:
            kind = ""
        case _:
            raise click.UsageError(f"expected a name, or one of {', '.join(KINDS)} and a name")
    if not kind:
        kind = "decision" if ":" in name else "stage" if names.is_stage(name) else ""
    if names.is_request(name) and kind in ("", "request"):
        return "request", name
    if kind == "request":
        raise click.UsageError("a request is named `r-` and 12 hexadecimal digits")
    if kind == "decision":
        if not is_digest(name):
            raise click.UsageError("a decision is named `sha256:` and 64 hexadecimal digits")
        return kind, name
    wanted = names.STAGE if kind in {"stage", "forecast"} else names.UNIT
    return kind, wanted.convert(name, None, None)


def _find(client: Client, kind: str, name: str) -> tuple[str, Found]:
    """Fetch the thing; with a name of three parts and no kind, a unit is looked for first."""
    if kind in RESOURCES:
        return kind, client.get(f"{RESOURCES[kind]}/{name}")
    if kind == "request":
        events = client.get("events", subject=f"issue:{name}", limit=200)
        return kind, {**client.get(f"requests/{name}"), "events": events}
    known: list[str] = []
    for each in ("unit", "secret") if kind == "" else (kind,):
        for found in client.get(f"{each}s"):
            if found["name"] == name:
                return each, found
            known.append(found["name"])
    close = difflib.get_close_matches(name, known, n=1)
    meant = f"did you mean `{close[0]}`? " if close else ""
    raise NotFound.because(
        f"there is no {kind or 'unit or secret'} `{name}`",
        hint=f"{meant}`trueup get units` and `trueup get secrets` list them",
    )


def _request(request: Found) -> None:
    approvals = f"{len(request['approvals'])} of {request['approvals_wanted']}"
    print_pairs(
        [
            ("Request", request["id"]),
            ("Phase", request["phase"]),
            ("For", request["who"]),
            ("Asked by", request["asked_by"]),
            ("What", request["target"]),
            ("How long", columns.age(request["ttl_seconds"])),
            ("Why", request["reason"]),
            ("Document", request["document"]),
            ("Approvals", " ".join([approvals, *request["approvals"]])),
            ("Digest", request["digest"]),
            ("Handed over", instant(request["issued_at"])),
            ("Unwrapped", instant(request["unwrapped_at"])),
            ("Ends", instant(request["ended_at"] or request["ends_at"])),
            ("Message", request["message"]),
        ]
    )
    print_section("Events", columns.EVENTS, request["events"])


def _forecast(found: Found) -> None:
    from controller.cli import forecast

    if found["status"]["problem"]:
        click.echo(f"problem: {clean(found['status']['problem'])}", err=True)
    if found["forecast"] is not None:
        forecast.show(found["forecast"])
    for plan in found["capacities"]:
        click.echo(
            f"\n{plan['name']}: {plan['input']} is {plan['present']}, should be {plan['chosen']}"
        )


def _unit(unit: Found) -> None:
    print_pairs(
        [
            ("Unit", unit["name"]),
            ("Ready", f"{unit['ready']}, {unit['reason']}: {unit['message']}"),
            *([("Next", unit["hint"])] if unit.get("hint") else []),
            ("Applied", unit["revision"]),
            ("Wanted", unit["wanted_revision"]),
            ("In sync", _in_sync(unit)),
            ("Engine", unit["engine"]),
            ("Suspended", unit.get("suspended_because") or unit["suspended"]),
            ("Plan waiting", unit.get("plan_waiting", "")),
            ("Updated", instant(unit["updated_at"])),
        ]
    )
    if unit.get("risk"):
        click.echo(f"\nRisk of the last plan: {cell(unit['risk'])}")
        for reason in unit["risk_reasons"]:
            click.echo(f"  {cell(reason)}")
    print_section("Conditions", columns.CONDITIONS, unit["conditions"])
    _unit_drift(unit)
    if unit["outputs"]:
        click.echo("\nOutputs:")
        print_pairs(sorted(unit["outputs"].items()), indent=2)


def _in_sync(unit: Found) -> str:
    text = f"{unit['in_sync']}, looked at {instant(unit['drift_looked_at'])}"
    if unit.get("drift_age") is None:
        return text
    return f"{text}, {columns.age(unit['drift_age'])} ago"


def _unit_drift(unit: Found) -> None:
    """Show what differs, attribute by attribute, and what is known of it."""
    changes = unit.get("drift_changes") or []
    if changes:
        click.echo("\nDrift:")
        for change in changes:
            click.echo(
                f"  {cell(change.get('drift') or change['action'])} {cell(change['address'])}"
            )
            for attribute in change["attributes"]:
                click.echo(f"    {_attribute(attribute)}")
    else:
        _drift(unit["drift"])
    records = [
        f"{instant(each['at'])} {each['actor']}: {each['action']} of {each['thing']}"
        + (f" from {each['source']}" if each["source"] else "")
        + (", refused" if each["failed"] else "")
        for each in unit.get("drift_by") or []
    ]
    _lines("Maybe by", records)
    ignored = [
        f"{each['change']['address']} {_attribute(attribute)} "
        f"(until {each['until']}, {each['owner']}: {each['reason']})"
        for each in unit.get("drift_ignored") or []
        for attribute in each["change"]["attributes"]
    ]
    _lines("Ignored drift", ignored)
    _lines("Ignored, but does not differ now", unit.get("drift_unused") or [])


def _attribute(attribute: Found) -> str:
    if attribute["sensitive"]:
        return f"{cell(attribute['path'])}: sensitive, not shown"
    found = (attribute["before"], attribute["after"])
    sides = ("(not there)" if side is None else side or '""' for side in found)
    return f"{cell(attribute['path'])}: {' → '.join(clean(side) for side in sides)}"


def _lines(title: str, lines: list[str]) -> None:
    if lines:
        click.echo(f"\n{title}:")
        for line in lines:
            click.echo(f"  {clean(line)}")


def _drift(lines: list[str]) -> None:
    if lines:
        click.echo("\nDrift:")
        for line in lines:
            click.echo(f"  {cell(line)}")


def _stage(stage: Found) -> None:
    print_pairs(
        [
            ("Stage", stage["name"]),
            ("Health", stage["health"]),
            ("Commit", stage["commit"]),
            ("Subject", stage["subject"]),
            ("Author", stage["author"]),
            ("Units ready", f"{stage['units_ready']} of {stage['units_total']}"),
            ("Verified", stage["verified"]),
            ("Held", _held(stage)),
            ("Edited by hand", stage.get("hand_edited") or "no"),
            ("Waiting for", stage["waiting_for"]),
            ("Candidate", stage["candidate"]),
            ("Approval wanted", stage["approval_wanted"]),
            ("Decision", stage["decision"]),
            ("Suspended", stage["suspended"]),
            ("Updated", instant(stage["updated_at"])),
        ]
    )
    _lines("Everything it waits for", stage.get("blocked_by") or [])
    _lines("Stopped half way", stage.get("partial") or [])
    _drift(stage["drift"])
    _gates(stage["gates"])


def _held(stage: Found) -> str:
    if not stage.get("held_by"):
        return "no"
    end = f" until {instant(stage['held_until'])}" if stage["held_until"] else ""
    return f"by {stage['held_by']}{end}: {stage['held_because']}"


def _gates(gates: list[Found]) -> None:
    for gate in gates:
        reasons = "; ".join(gate["reasons"])
        click.echo(f"\nGate {cell(gate['gate'])}: {cell(gate['ruling'])}")
        print_pairs([("because", reasons), ("evidence", gate["evidence"])], indent=2)
    print_section("Objectives", columns.OBJECTIVES, columns.objectives(gates))


def _secret(secret: Found) -> None:
    print_pairs(
        [
            ("Secret", secret["name"]),
            ("Ready", secret["ready"]),
            ("Message", secret["message"]),
            ("Owner", secret.get("owner")),
            ("Kind", secret.get("kind")),
            ("Store", secret.get("store")),
            ("Path in store", secret["path"]),
            ("Version", secret["version"]),
            ("Generation", secret["generation"]),
            ("Phase", secret["phase"]),
            ("Delivered to", secret["target"]),
            ("Changed", instant(secret.get("changed_at"))),
            ("Age", columns.age(secret.get("age"))),
            ("Next step", instant(secret["next_step"])),
            ("Updated", instant(secret["updated_at"])),
            ("Looked for", instant(secret.get("looked_at"))),
            ("Not known", secret.get("unknown")),
            ("Findings", ", ".join(secret.get("findings", ()))),
        ]
    )
    print_section("Readers", columns.READERS, secret.get("readers", ()))
    print_section("Found elsewhere", columns.SIGHTINGS, secret.get("sightings", ()))


def show_decision(decision: Found) -> None:
    """Print a decision with its evidence."""
    release = decision["release"]
    stage = decision["stage"]
    if isinstance(stage, dict):
        stage = f"{stage['product']}/{stage['environment']}"
    print_pairs(
        [
            ("Decision", decision["kind"]),
            ("Stage", stage),
            ("Because", decision["because"]),
            ("Release", f"{release['commit']} {release.get('subject') or ''}".strip()),
            ("Author", release.get("author")),
            ("Before", decision.get("previous")),
            ("Decided", instant(decision["decided_at"])),
        ]
    )
    print_section("Evidence", columns.ITEMS, decision["items"])
    _gates(decision["gates"])
    print_section("Approvals", columns.APPROVALS, decision["approvals"])
