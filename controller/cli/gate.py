"""`trueup gate`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from controller.cli import acting, names
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.exit_codes import ExitCode
from controller.cli.output import OUTPUT, Column, cell, print_json, print_table
from controller.cli.place import asks_controller
from controller.cli.surroundings import surroundings
from controller.diagnostics.errors import Stalled

EVERY = 1.0
_ENVIRONMENT = click.option("-e", "--environment", required=True, help="Where the gate is.")
_PRODUCT = click.option("-p", "--product", help="Whose it is, where several have one so called.")
_GATES: Sequence[Column] = (
    Column("STAGE", lambda one: one["stage"]),
    Column("GATE", lambda one: one["gate"]),
    Column("SAYS", lambda one: (one["result"] or {}).get("ruling")),
    Column("RUNS NOW", lambda one: one["live"] is not None),
    Column(
        "BECAUSE", lambda one: next(iter((one["result"] or {}).get("reasons", ())), ""), wraps=True
    ),
)
_OBJECTIVES: Sequence[Column] = (
    Column("OBJECTIVE", lambda one: one["measure"]),
    Column("WANTED", lambda one: one["wanted"]),
    Column("MEASURED", lambda one: _number(one["measured"])),
    Column("BASELINE", lambda one: _number(one["baseline"])),
    Column("SAYS", lambda one: one["ruling"]),
)
_MEASURES = {"errorRate": "errors", "throughput": "rate"}
_ROWS: Sequence[Column] = (
    Column("ENDPOINT", lambda one: one["endpoint"] or "all requests", wraps=True),
    Column("MEASURE", lambda one: _MEASURES.get(one["measure"], one["measure"])),
    Column("A", lambda one: one["shown"][0]),
    Column("B", lambda one: one["shown"][1]),
    Column("CHANGE", lambda one: "-" if one["change"] is None else f"{one['change']:+.1%}"),
    Column("B IS", lambda one: one["says"]),
)
_COMPARED = {
    "worse": "B is worse than A:",
    "better": "B is better than A:",
    "same": "B is like A:",
    "unknown": "Nobody can say whether B is worse than A:",
}


@click.group(epilog=example("trueup gate list", "trueup gate run shop-load -e dev"))
def command() -> None:
    """Look at load gates, run one by hand, cancel a run."""


@command.command(name="list", epilog=example("trueup gate list"))
@OUTPUT
@asks_controller
def list_(client: Client, form: str) -> None:
    """List every gate with its answer for the release that is there."""
    found = client.get("gates")
    if form == "json":
        print_json(found)
    else:
        print_table(_GATES, found, empty="no gates")


@command.command(epilog=example("trueup gate show shop-load -e dev"))
@click.argument("name", metavar="NAME", type=names.GATE)
@_ENVIRONMENT
@_PRODUCT
@OUTPUT
@asks_controller
def show(client: Client, name: str, environment: str, product: str | None, form: str) -> None:
    """Show the answer of a gate, with its objectives and its evidence."""
    _show(client.get(f"gates/{_find(client, name, environment, product)}"), form)


@command.command(
    epilog=example("trueup gate run shop-load -e dev", "trueup gate run shop-load -e dev --dry-run")
)
@click.argument("name", metavar="NAME", type=names.GATE)
@_ENVIRONMENT
@_PRODUCT
@click.option("--dry-run", is_flag=True, help="Show what would be run, and run nothing.")
@OUTPUT
@asks_controller
def run(
    client: Client, name: str, environment: str, product: str | None, dry_run: bool, form: str
) -> ExitCode:
    """Ask a gate once more of the release that is there, and watch it.

    The answer takes the place of the one before, which is told beside it. Ends with 1 when it
    lets nothing through.
    """
    place = _find(client, name, environment, product)
    if dry_run:
        _show_order(client.get(f"gates/{place}/order"), form)
        return ExitCode.DONE
    client.act("gate-run", place)
    found = _watch(client, place)
    _show(found, form)
    return ExitCode.DONE if found["result"]["ruling"] in {"pass", "warn"} else ExitCode.REFUSED


@command.command(epilog=example("trueup gate cancel shop-load -e dev"))
@click.argument("name", metavar="NAME", type=names.GATE)
@_ENVIRONMENT
@_PRODUCT
@OUTPUT
@asks_controller
def cancel(client: Client, name: str, environment: str, product: str | None, form: str) -> None:
    """End the run of a gate; it is not run again until somebody asks."""
    place = _find(client, name, environment, product)
    acting.ask(client, "gate-cancel", place, f"cancelled {place}", form=form)


@command.command(epilog=example("trueup gate report shop-load -e dev --out report.html"))
@click.argument("name", metavar="NAME", type=names.GATE)
@_ENVIRONMENT
@_PRODUCT
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write."
)
@asks_controller
def report(client: Client, name: str, environment: str, product: str | None, out: Path) -> None:
    """Write the report of a gate's answer: one page that opens without a network."""
    place = _find(client, name, environment, product)
    found = client.get(f"gates/{place}")["result"]
    if not found or not found["evidence"]:
        raise Stalled.because(f"{place} has not answered for this release")
    out.write_text(client.get(f"gate-reports/{found['evidence']}")["page"], encoding="utf-8")
    click.echo(f"wrote {out}")


@command.command(
    epilog=example(
        "trueup gate compare shop/dev/shop-load@9c1f2a shop/dev/shop-load",
        "trueup gate compare shop/dev/shop-load shop/prod/shop-load --percent 10",
    )
)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option(
    "--percent",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="A difference counts beyond this, and beyond what noise explains.",
)
@OUTPUT
@asks_controller
def compare(client: Client, first: str, second: str, percent: int, form: str) -> ExitCode:
    """Compare the runs of two gates, or of two releases, or two runs.

    A and B are PRODUCT/ENVIRONMENT/GATE, with @COMMIT for the answer of an earlier release, or the
    sha256:... of a measurement. A difference counts as it does for a gate: by Student's t over
    runs, with a one-sided bound of 95 %. Ends with 1 when B is worse, or nobody can say.
    """
    found = client.get("gate-comparison", a=first, b=second, percent=percent)
    if form == "json":
        print_json(found)
    else:
        click.echo(_COMPARED[found["says"]])
        for reason in found["reasons"]:
            click.echo(f"  {cell(reason)}")
        click.echo(f"A: {found['first_runs']} run(s), B: {found['second_runs']} run(s)")
        print_table(_ROWS, found["rows"], empty="no endpoints")
    return ExitCode.DONE if found["says"] in {"same", "better"} else ExitCode.REFUSED


@command.command(epilog=example("trueup gate worker 10.0.0.5:5557 --token-file token"))
@click.argument("master", metavar="HOST:PORT")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    required=True,
    help="A file with the token of the controller's `load_workers.token_file`.",
)
@click.option("--once", is_flag=True, help="End after one run; else wait for the next one.")
def worker(master: str, token_file: Path, once: bool) -> None:
    """Make a share of the load of runs, for a controller that waits for workers.

    Waits until a run of a load test with `expectWorkers` begins at HOST:PORT, takes the Locust file
    from there, makes its share, and waits for the next one. It runs the code that it is sent by who
    knows the token. Ends with 1 when the controller turns it away, and says why.
    """
    host, _, port = master.rpartition(":")
    if not host or not port.isdecimal():
        raise click.BadParameter("it is not HOST:PORT", param_hint="HOST:PORT")
    from controller.wiring.load_workers import work

    click.echo(f"waits for runs at {master}", err=True)
    ended = work(host, int(port), token_file, once=once)
    click.get_current_context().exit(ExitCode.REFUSED if ended else ExitCode.DONE)


def _find(client: Client, name: str, environment: str, product: str | None) -> str:
    """Give `product/environment/gate` of exactly one gate. Raises Stalled."""
    found = [
        one["stage"]
        for one in client.get("gates")
        if one["gate"] == name
        and one["stage"].partition("/")[2] == environment
        and product in {None, one["stage"].partition("/")[0]}
    ]
    if len(found) != 1:
        raise Stalled.because(
            f"{len(found) or 'no'} gates are called `{name}` in `{environment}`",
            hint="name the product with `-p`" if found else "`trueup gate list` names all of them",
        )
    return f"{found[0]}/{name}"


def _watch(client: Client, place: str) -> dict[str, Any]:
    """Say how the run goes, until there is an answer."""
    click.echo(" RUN  SECOND     RPS   P50 MS   P95 MS   P99 MS  FAILED", err=True)
    last = None
    while True:
        found: dict[str, Any] = client.get(f"gates/{place}")
        live = found["live"]
        if found["is_current"]:
            return found
        seen = live and live["progress"]
        if seen and seen != last:
            click.echo(
                f"{live['number']:4d} {seen['seconds']:4.0f}/{live['seconds']:<4.0f}"
                f"{seen['rate']:6.0f} {seen['p50']:8.1f} {seen['p95']:8.1f} {seen['p99']:8.1f}"
                f" {seen['failures']:7d}",
                err=True,
            )
            last = seen
        surroundings().wait(EVERY)


def _show_order(order: dict[str, Any], form: str) -> None:
    if form == "json":
        print_json(order)
        return
    model = "arrivals" if order["is_open"] else f"{order['users']} users"
    if order["workers"] > 1:
        model += f" from {order['workers']} workers"
    click.echo(f"{order['gate']} would load {cell(order['target'])} in {order['stage']}:")
    click.echo(
        f"  {order['runs']} run(s) of {order['steady']:g} s after {order['warm_up']:g} s,"
        f" {order['rate']:g} requests a second by {model}"
    )
    for step in order["steps"]:
        click.echo(f"  {step['rate']:g} a second for {step['seconds']:g} s")
    for objective in order["objectives"]:
        click.echo(f"  wanted: {cell(objective)}")


def _show(found: dict[str, Any], form: str) -> None:
    if form == "json":
        print_json(found)
        return
    result = found["result"]
    if result is None:
        click.echo(f"{found['gate']} in {found['stage']} has not answered for this release")
        return
    click.echo(f"{found['gate']} in {found['stage']} says {result['ruling']}")
    for reason in (*result["reasons"], *result["warnings"]):
        click.echo(f"  {cell(reason)}")
    print_table(_OBJECTIVES, result["objectives"], empty="no objectives")
    _show_headroom(found)
    click.echo(f"measured in {cell(', '.join(result['measurements']) or result['evidence'])}")


def _show_headroom(found: dict[str, Any]) -> None:
    said, room = found["headroom_said"], found["headroom"]
    if said:
        click.echo(f"it {cell(said)}" if room else cell(said))
    for one in (room or {}).get("assumptions", ()):
        value = f"{one['value']:g} {one['unit']}"
        click.echo(f"  assumed: {cell(one['name'])} {cell(value)} ({cell(one['source'])})")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
