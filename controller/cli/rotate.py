"""`trueup rotate`."""

import click

from controller.cli import acting, names
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.place import asks_controller


@click.command(epilog=example("trueup rotate shop/production/shop-api-key"))
@click.argument("secret", metavar="SECRET", type=names.UNIT)
@asks_controller
def command(client: Client, secret: str) -> None:
    """Rotate a secret now.

    A new one is made and delivered; the old one is retired when its consumers have the new one.
    """
    acting.ask(client, "rotate", secret, f"asked for a rotation of {secret} now")
