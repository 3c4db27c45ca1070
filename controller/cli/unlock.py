"""`trueup unlock`."""

import click

from controller.cli import acting, names, output
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.place import asks_controller


@click.command(epilog=example("trueup unlock shop/production/shop-db --lock 5f5e0b1c-0000-1111"))
@click.argument("name", metavar="UNIT", type=names.UNIT)
@click.option("--lock", required=True, metavar="ID", help="The lock's id, as the unit tells it.")
@output.OUTPUT
@asks_controller
def command(client: Client, name: str, lock: str, form: str) -> None:
    """Break the lock of a unit's state, by its id.

    For a lock whose holder cannot be proven dead from here: make sure that nobody works there. A
    lock of a process of the controller that is alive is not broken. It needs the role `admin`.
    """
    acting.ask(client, "unlock", name, f"broke the lock {lock} of {name}", form=form, expect=lock)
