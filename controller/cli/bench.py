"""`trueup bench`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from controller.cli.examples import example
from controller.cli.exit_codes import ExitCode
from controller.cli.output import OUTPUT, Column, print_json, print_table

if TYPE_CHECKING:
    from controller.bench.report import Report

_COLUMNS: Sequence[Column] = (
    Column("CASE", lambda case: case["name"]),
    Column("UNITS", lambda case: case["units"]),
    Column("OURS", lambda case: f"{case['ours_seconds']:.3f} s"),
    Column("PLAIN", lambda case: _seconds(case["plain_seconds"])),
    Column("RATIO", lambda case: case["ratio"]),
    Column("GOAL", lambda case: case["goal"]),
    Column("MET", lambda case: case["detail"]["met"]),
    Column("MEMORY", lambda case: f"{case['peak_rss_mib']:.0f} MiB"),
)


@click.group(epilog=example("trueup bench load", "trueup bench fuzz --cases 1000000"))
def command() -> None:
    """Run a published benchmark, beside the plain tools."""


@command.command(epilog=example("trueup bench load"))
@click.option(
    "--documents",
    type=click.IntRange(100, 200_000),
    default=10_000,
    show_default=True,
    help="How many documents the repository holds.",
)
@OUTPUT
def load(documents: int, form: str) -> None:
    """Load a large config repository: all of it, and after one changed file."""
    from controller.bench.load import bench_load

    _print(bench_load(documents, _say), form)


@command.command(epilog=example("trueup bench kills --kills 1000"))
@click.option(
    "--kills",
    type=click.IntRange(1, 100_000),
    default=100,
    show_default=True,
    help="How often something is killed.",
)
@click.option("--seed", type=int, default=20261126, show_default=True, help="Of what is random.")
@OUTPUT
def kills(kills: int, seed: int, form: str) -> ExitCode:
    """Kill a controller and its engines at random instants, and look at what is left.

    Ends with 1 when anything was lost or made twice; `-o json` names it.
    """
    from controller.bench.kills import bench_kills

    report = bench_kills(kills, _say, seed=seed)
    _print(report, form)
    return ExitCode.DONE if all(case.is_met for case in report.cases) else ExitCode.REFUSED


@command.command(epilog=example("trueup bench fuzz --cases 1000000"))
@click.option(
    "--cases",
    type=click.IntRange(1, 100_000_000),
    default=10_000,
    show_default=True,
    help="How many mutilated repositories are loaded.",
)
@OUTPUT
def fuzz(cases: int, form: str) -> ExitCode:
    """Load mutilated repositories, and write what is found in every format.

    Ends with 1 when something breaks; `-o json` names the first cases that do.
    """
    from controller.bench.fuzz import bench_fuzz

    report = bench_fuzz(cases, _say)
    _print(report, form)
    return ExitCode.DONE if all(case.is_met for case in report.cases) else ExitCode.REFUSED


@command.command(epilog=example("trueup bench reconcile --case push --units 1000"))
@click.option(
    "--case",
    "cases",
    type=click.Choice(["aws", "aws-drift", "same-plans", "levers", "push", "no-change", "memory"]),
    multiple=True,
    help="What is measured; may be given several times.  [default: all]",
)
@click.option(
    "--units",
    type=click.IntRange(2, 10_000),
    default=100,
    show_default=True,
    help="How many units without providers are pushed.",
)
@click.option(
    "--plain-sample",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="How many of them the plain command line does; the rest is extrapolated.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="How many warm engines work, and how many units are worked on at a time.",
)
@click.option(
    "--own-stacks",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Compare plans of your own stacks: in this folder, a folder for each commit.",
)
@OUTPUT
def reconcile(
    cases: tuple[str, ...], units: int, plain_sample: int, workers: int,
    own_stacks: Path | None, form: str,
) -> ExitCode:  # fmt: skip
    """From a commit to what was applied, beside plain Terraform, unit after unit.

    Units of AWS run against moto; the provider is looked for in `TRUEUP_PROVIDER_MIRROR`, in
    Terraform's own folders, and below /opt, /srv, /var/lib, /usr/local and the home. Ends with 1
    when the fast path and plain Terraform make different plans (`same-plans`), or a plan is another
    one without one of the levers that make it fast (`levers`).

    With `--own-stacks` nothing else is measured. A commit holds `modules/`, products, pipelines and
    stacks for the environment `dev`, which leads to moto, as does the configuration `aws.there`.
    All is applied, commit after commit, and then planned by both: as applied, from nothing, with a
    tag taken away, to be destroyed, and as each commit before.
    """
    from controller.bench.reconcile import bench_reconcile
    from controller.bench.reconcile_world import CASES, Wish
    from controller.bench.serving import Limits

    wish = Wish(
        cases=frozenset(cases or CASES), units=units, plain_sample=plain_sample,
        limits=Limits(units=workers, drift=workers, workers=workers), own_stacks=own_stacks,
    )  # fmt: skip
    report = bench_reconcile(wish, _say)
    _print(report, form)
    of_plans = {"no difference", "the same plans"}
    differ = any(case.goal in of_plans and not case.is_met for case in report.cases)
    return ExitCode.REFUSED if differ else ExitCode.DONE


@command.command(epilog=example("trueup bench gates --case mutations"))
@click.option(
    "--case",
    "cases",
    type=click.Choice(["mutations", "aa", "power", "omission"]),
    multiple=True,
    help="What is measured; may be given several times.  [default: all]",
)
@click.option(
    "--comparisons",
    type=click.IntRange(1, 1000),
    default=50,
    show_default=True,
    help="How often a release is compared, with itself and with a slower one.",
)
@click.option(
    "--steady",
    type=click.FloatRange(2, 600),
    default=4.0,
    show_default=True,
    help="Seconds of each run that count.",
)
@click.option(
    "--median",
    type=click.FloatRange(1, 1000),
    default=4.0,
    show_default=True,
    help="Milliseconds of a healthy call in the middle; those of the way to it come on top.",
)
@OUTPUT
def gates(
    cases: tuple[str, ...], comparisons: int, steady: float, median: float, form: str
) -> ExitCode:
    """Load gates against faults that they must see, and against nothing at all.

    Real Locust, and a service whose faults are switched on from outside. Ends with 1 when a fault
    is let through, more than 5 % of comparisons of a release with itself are blocked, or more than
    5 % of those of a release that is a fifth slower at p95, as seen from outside, are not.
    """
    from controller.bench.gates import CASES, Wish, bench_gates

    asked = frozenset(cases or CASES)
    report = bench_gates(Wish(asked, comparisons, steady, median=median / 1000), _say)
    _print(report, form)
    return ExitCode.DONE if all(case.is_met for case in report.cases) else ExitCode.REFUSED


@command.command(epilog=example("trueup bench forecast --light"))
@click.option(
    "--series",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Forecast every column of the CSV files of this folder instead.",
)
@click.option(
    "--folds",
    type=click.IntRange(2, 52),
    default=8,
    show_default=True,
    help="How many places are tested; each is chosen for by as many before it.",
)
@click.option("--light", is_flag=True, help="Leave out the models of the extra `forecast`.")
@OUTPUT
def forecast(folder: Path | None, folds: int, *, light: bool, form: str) -> ExitCode:
    """Forecast many series, and compare with what came and with the seasonal naive.

    Ends with 1 when a series is forecast worse than by the seasonal naive.
    """
    from controller.bench.forecast import Wish, bench_forecast

    report = bench_forecast(Wish(folds, light, folder), _say)
    _print(report, form)
    worse = [case for case in report.cases if _rmase(case.detail) > 1]
    return ExitCode.REFUSED if worse else ExitCode.DONE


def _rmase(detail: Mapping[str, object]) -> float:
    found = detail.get("rmase", 0.0)
    return found if isinstance(found, float) else 0.0


@command.command(epilog=example("trueup bench secrets --secrets 1000"))
@click.option(
    "--secrets",
    type=click.IntRange(10, 100_000),
    default=1000,
    show_default=True,
    help="How many secrets the store holds.",
)
@OUTPUT
def secrets(secrets: int, form: str) -> None:
    """Look after many secrets in a real OpenBao, beside reading all of them with hvac."""
    from controller.bench.secrets import bench_secrets

    _print(bench_secrets(secrets, _say), form)


def _print(report: "Report", form: str) -> None:
    values = report.as_values()
    if form == "json":
        print_json(values)
    else:
        print_table(_COLUMNS, [case.as_values() for case in report.cases], empty="no cases")


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.3f} s"


def _say(text: str) -> None:
    click.echo(text, err=True)
