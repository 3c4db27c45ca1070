"""`trueup tree`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from controller.cli import output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.place import asks_controller

if TYPE_CHECKING:
    from rich.tree import Tree

WORDS = {"True": "ready", "False": "not ready", "Unknown": "unknown"}


@click.command(epilog=example("trueup tree shop"))
@click.argument("product", required=False)
@output.OUTPUT
@asks_controller
def command(client: Client, product: str | None, form: str) -> None:
    """Show what there is of a product, and what hangs on what.

    A unit stands below the one it needs that comes last; what else it needs is named beside it.
    """
    found = client.get("tree", product=product)
    if form == "json":
        output.print_json(found)
        return
    if not found:
        click.echo("there are no products", err=True)
    for each in found:
        output.print_tree(_product(each))


def _product(product: Mapping[str, Any]) -> "Tree":
    owner = f"({product['owner']})" if product["owner"] else ""
    root = output.branch(product["product"], product["title"], owner)
    for stage in product["stages"]:
        commit = output.short(stage["commit"]) if stage["commit"] else "no release yet"
        after = f"after {', '.join(stage['after'])}" if stage["after"] else ""
        name = stage["stage"].rpartition("/")[2]
        shown = output.branch(name, commit, after, state=stage["health"])
        root.children.append(shown)
        if stage["waiting_for"]:
            shown.children.append(output.branch("waiting:", stage["waiting_for"]))
        _hang(shown, stage["units"])
    return root


def _hang(stage: "Tree", units: Sequence[Mapping[str, Any]]) -> None:
    """Put each unit below the last of those it needs: they come in that order."""
    shown: dict[str, Tree] = {}
    for unit in units:
        wanted = set(unit["needs"])
        needs = [each for each in shown if each in wanted]
        others = [need.rpartition("/")[2] for need in needs[:-1]]
        also = f"needs {', '.join(others)}, too" if others else ""
        said = unit["message"] if unit["ready"] != "True" else ""
        name = unit["unit"].rpartition("/")[2]
        node = output.branch(name, unit["module"], also, said, state=WORDS[unit["ready"]])
        for secret in unit["secrets"]:
            state = "ready" if secret["ready"] else "not ready"
            name = secret["secret"].rpartition("/")[2]
            sources = ", ".join(unit.rpartition("/")[2] for unit in secret["made_from"])
            made = f"made from {sources}" if sources else ""
            node.children.append(output.branch(f"secret {name}", made, state=state))
        (shown[needs[-1]] if needs else stage).children.append(node)
        shown[unit["unit"]] = node
