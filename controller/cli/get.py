"""`trueup get`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from controller.cli import columns, names, output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.output import Column
from controller.cli.place import asks_controller

OLD = frozenset({"repository", "machine"})
"""Scopes of findings that make what is shown old: Git does not answer, or nothing can be noted."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of thing is fetched and shown."""

    fetch: Callable[[Client, str | None, str | None], list[dict[str, Any]]]
    columns: Sequence[Column]
    empty: str
    wide: Sequence[Column] = ()


def _units(client: Client, stage: str | None, product: str | None) -> list[dict[str, Any]]:
    return _of_product(client.get("units", stage=stage), product)


def _stages(client: Client, stage: str | None, product: str | None) -> list[dict[str, Any]]:
    """Give stages in the order of their pipelines; those of no pipeline come last."""
    shown = [one for each in client.get("overview")["products"] for one in each["stages"]]
    names = {one["name"] for one in shown}
    shown += [one for one in client.get("stages") if one["name"] not in names]
    return _of_product([one for one in shown if stage in (None, one["name"])], product)


def _environments(client: Client, stage: str | None, product: str | None) -> list[dict[str, Any]]:
    stages = _stages(client, stage, product)
    return [
        {
            "environment": name,
            "stages": [one["name"] for one in inside],
            "products": [one["product"] for one in inside],
            "healthy": sum(one["health"] == "healthy" for one in inside),
        }
        for name in dict.fromkeys(one["environment"] for one in stages)
        for inside in [[one for one in stages if one["environment"] == name]]
    ]


def _releases(client: Client, stage: str | None, product: str | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("releases", product=product)
    return [one for one in found if stage is None or stage in one["stages"]]


def _secrets(client: Client, stage: str | None, product: str | None) -> list[dict[str, Any]]:
    found = [
        one for one in client.get("secrets") if stage is None or one["name"].startswith(f"{stage}/")
    ]
    return _of_product(found, product)


def _findings(client: Client, stage: str | None, product: str | None) -> list[dict[str, Any]]:
    del stage, product
    found: list[dict[str, Any]] = client.get("findings")
    return found


def _requests(client: Client, stage: str | None, product: str | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("requests")
    secret = f"secret:{stage}/"
    return [
        one
        for one in _of_product(found, product)
        if stage is None or one["target"].startswith(secret)
    ]


def _products(client: Client, stage: str | None, product: str | None) -> list[dict[str, Any]]:
    del stage
    return _of_product(client.get("overview")["products"], product)


def _of_product(found: list[dict[str, Any]], product: str | None) -> list[dict[str, Any]]:
    return [one for one in found if product in (None, one["product"])]


def _forecasts(client: Client, stage: str | None, product: str | None) -> list[dict[str, Any]]:
    del stage
    return _of_product(client.get("forecasts"), product)


KINDS = {
    "units": Kind(_units, columns.UNITS, "there are no units"),
    "stages": Kind(_stages, columns.STAGES, "there are no stages"),
    "environments": Kind(_environments, columns.ENVIRONMENTS, "there are no environments"),
    "releases": Kind(_releases, columns.RELEASES, "there are no releases yet"),
    "secrets": Kind(_secrets, columns.SECRETS, "there are no secrets", columns.SECRETS_WIDE),
    "requests": Kind(_requests, columns.REQUESTS, "nobody has asked for anything"),
    "findings": Kind(_findings, columns.FINDINGS, "nothing was found"),
    "forecasts": Kind(_forecasts, columns.FORECASTS, "there are no forecasts"),
    "products": Kind(_products, columns.PRODUCTS, "there are no products"),
}


@click.command(
    epilog=example(
        "trueup get stages",
        "trueup get units --stage shop/production -o json",
        "trueup get secrets -o wide",
    )
)
@click.argument("kind", metavar="KIND", type=click.Choice(list(KINDS)))
@click.option("--stage", type=names.STAGE, metavar="STAGE", help="Only of `product/environment`.")
@click.option("--product", help="Only of this product.")
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["table", "wide", "json"]),
    default="table",
    show_default=True,
    help="Text for people, with more columns where there are more, or JSON for programs.",
)
@asks_controller
def command(
    client: Client, kind: str, *, stage: str | None, product: str | None, form: str
) -> None:
    """List things: units, stages, releases, secrets, findings and more.

    KIND is units, stages, environments, releases, secrets, requests, findings, forecasts or
    products. In a pipe nothing is cut or coloured.
    """
    chosen = KINDS[kind]
    found = chosen.fetch(client, stage, product)
    if stage and not found:
        client.get(f"stages/{stage}")  # one that is not there is asked about
    if form == "json":
        output.print_json(found)
    else:
        shown = chosen.wide if form == "wide" and chosen.wide else chosen.columns
        output.print_table(shown, found, empty=chosen.empty)
        if kind != "findings":
            _tell_of_age(client)


def _tell_of_age(client: Client) -> None:
    """Say that what is shown may be old, while the repository or the disk makes it so."""
    for finding in client.get("findings"):
        if finding["scope"] in OLD:
            click.echo(f"note: {output.clean(finding['message'])}", err=True)
