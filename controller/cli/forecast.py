"""`trueup forecast`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from controller.cli import output
from controller.cli.examples import example
from controller.cli.output import Column, Item, clean, print_pairs, print_section

if TYPE_CHECKING:
    from controller.model.forecast import Forecast

SHOWN_CANDIDATES = 8


def _rate(item: Item, of: str, which: str) -> str:
    return f"{item[of][which]:,.4g}"


MONTHS: Sequence[Column] = (
    Column("MONTH", lambda month: month["month"]),
    Column("HIGHEST DAY", lambda month: month["day"]),
    Column("LOW /s", lambda month: _rate(month, "rate", "low")),
    Column("MID /s", lambda month: _rate(month, "rate", "mid")),
    Column("HIGH /s", lambda month: _rate(month, "rate", "high")),
    Column("USERS AT ONCE", lambda month: f"{month['concurrency']['high']:,.0f}"),
    Column("PLAN AND EVENTS", lambda month: f"x {month['factor']:g}"),
)
CANDIDATES: Sequence[Column] = (
    Column("CANDIDATE", lambda score: score["candidate"]),
    Column("rMASE", lambda score: f"{score['rmase']:.3f}"),
    Column("OF PEAKS", lambda score: f"{score['peaks']:.3f}"),
    Column("MASE", lambda score: f"{score['mase']:.3f}"),
    Column("CHOSEN", lambda score: score["is_chosen"]),
)
ASSUMPTIONS: Sequence[Column] = (
    Column("ASSUMED", lambda each: each["name"]),
    Column("VALUE", lambda each: each["value"]),
    Column("UNIT", lambda each: each["unit"]),
    Column("FROM", lambda each: each["source"]),
    Column("WHY", lambda each: each["why"]),
)
EVENTS: Sequence[Column] = (
    Column("DAY", lambda each: each["day"]),
    Column("DAYS", lambda each: each["days"]),
    Column("FACTOR", lambda each: each["factor"]),
    Column("REASON", lambda each: each["reason"]),
)


@click.command(epilog=example("trueup forecast platform-config shop-traffic"))
@click.argument("path", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("name")
@click.option("--product", help="Of this product, where several have one of that name.")
@click.option("--light", is_flag=True, help="Leave out the models of the extra `forecast`.")
@click.option(
    "--chart",
    "picture",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Draw it into this file, as SVG, or as PNG when it is called so.",
)
@output.OUTPUT
def command(
    path: Path, name: str, *, product: str | None, light: bool, picture: Path | None, form: str
) -> None:
    """Show what load is to come, and what that rests on.

    PATH is a folder with documents, NAME that of a Forecast in it whose numbers are in a file.
    Candidates are tried on the past; the best is shown, never one that was worse than how it was a
    season ago.
    """
    from controller.wiring import forecasts

    made = forecasts.forecast(path, name, product=product, light=light)
    if picture is not None:
        forecasts.picture(made, picture)
    values = as_values(made)
    if form == "json":
        output.print_json(values)
    else:
        show(values)


def as_values(made: "Forecast") -> dict[str, Any]:
    """Give a forecast as values of JSON."""
    from pydantic import TypeAdapter

    from controller.model.forecast import Forecast

    values: dict[str, Any] = TypeAdapter(Forecast).dump_python(made, mode="json")
    return values


def show(made: dict[str, Any]) -> None:
    """Print a forecast for people."""
    tested = made["backtest"]
    score = next((each for each in tested["scores"] if each["is_chosen"]), None)
    print_pairs(
        [
            ("Forecast", f"{made['name']} of {made['product']}"),
            ("Counts", f"{made['metric']} by {made['every']}, {made['zone']}"),
            ("Chosen", _chosen(made["chosen"], score, tested)),
            ("Bounds", _covered(tested)),
            ("Peak today", f"{made['today']['mid']:,.4g} requests a second"),
        ]
    )
    print_section("The highest day of each month", MONTHS, months(made["days"]))
    print_section("Candidates on the past", CANDIDATES, tested["scores"][:SHOWN_CANDIDATES])
    print_section("Assumptions", ASSUMPTIONS, made["assumptions"])
    print_section("Events", EVENTS, made["happenings"])
    for note in made["notes"]:
        click.echo(f"note: {clean(note)}", err=True)


def _chosen(name: str, score: Item | None, tested: Item) -> str:
    if score is None:
        return f"{name}, untested"
    return (
        f"{name}: its errors are {score['rmase']:.2f} times those of the seasonal naive "
        f"({tested['folds']} folds, {tested['horizon']} steps ahead)"
    )


def _covered(tested: Item) -> str:
    if tested["coverage"] is None:
        return "half and twice: a guess"
    return (
        f"{tested['coverage']:.0%} of the daily peaks of left-out folds lay below the upper one, "
        f"which is {tested['oversizing']:.2f} times what came"
    )


def months(days: Sequence[Item]) -> list[dict[str, Any]]:
    """Give the highest day of each month."""
    found: dict[str, Item] = {}
    for day in days:
        month = str(day["day"])[:7]
        if month not in found or day["rate"]["high"] > found[month]["rate"]["high"]:
            found[month] = day
    return [{**day, "month": month} for month, day in found.items()]
