"""`trueup secrets request`, `fetch`, `reject`, `revoke`."""

from pathlib import Path

import click

from controller.cli import acting, names
from controller.cli.client import Client
from controller.cli.examples import example
from controller.cli.output import OUTPUT, clean, print_json
from controller.cli.place import asks_controller

REQUEST = "r-0123456789ab"


@click.command(
    epilog=example(
        'trueup secrets request database:main/shop-reader --ttl 1h --reason "orders of ticket 4711"'
    )
)
@click.argument("what", metavar="WHAT")
@click.option("--for", "who", default="", metavar="USER", help="Whom it is for; yourself.")
@click.option("--ttl", required=True, metavar="DURATION", help="How long: `1h`.")
@click.option("--reason", required=True, help="Why, for those who approve.")
@click.option("--user", default="", help="With ssh: the user to log in as.")
@click.option(
    "--public-key",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="With ssh: the file of the public key.",
)
@click.option("--common-name", default="", help="With pki: the name that it is for.")
@OUTPUT
@asks_controller
def request(client: Client, /, *, public_key: Path | None, form: str, **asked: str) -> None:
    """Ask for a secret or a credential.

    WHAT is `secret:product/environment/name`, `database:store/role`, `ssh:store/role` or
    `pki:store/role`.
    """
    key = public_key.read_text().strip() if public_key else ""
    made = client.ask_for(public_key=key, **asked)
    if form == "json":
        print_json(made)
    else:
        click.echo(f"{made['id']} is {made['phase']}: {made['target']} for {made['who']}")
        click.echo(f"then: trueup secrets fetch {made['id']}", err=True)


@click.command(epilog=example(f"trueup secrets fetch {REQUEST} -o json"))
@click.argument("name", metavar="REQUEST", type=names.REQUEST)
@click.option("--token-only", is_flag=True, help="Give the one-time token; open it yourself.")
@OUTPUT
@asks_controller
def fetch(client: Client, name: str, *, token_only: bool, form: str) -> None:
    """Take over what was approved: once.

    The store hands it over behind a token that opens once; the controller never sees what is in it.
    """
    from controller.cli.unwrapping import AlreadyOpen, unwrap

    handed = client.fetch(name)
    if token_only:
        found = {key: handed[key] for key in ("token", "address", "creation_path", "unwrap_by")}
    else:
        try:
            found = unwrap(handed)
        except AlreadyOpen:
            client.act("report-request", name)
            raise
        client.act("confirm-request", name)
    if form == "json":
        print_json(found)
    else:
        for key, value in found.items():
            click.echo(f"{clean(key)}: {value}")
        click.echo(f"note: it ends at {handed['ends_at']}", err=True)


@click.command(epilog=example(f'trueup secrets reject {REQUEST} --reason "use the dashboard"'))
@click.argument("name", metavar="REQUEST", type=names.REQUEST)
@click.option("--reason", required=True, help="Why; the requester is told.")
@OUTPUT
@asks_controller
def reject(client: Client, name: str, reason: str, form: str) -> None:
    """Say no to a request; it needs the role `approver`."""
    acting.ask(client, "reject-request", name, f"rejected {name}", form=form, reason=reason)


@click.command(epilog=example(f"trueup secrets revoke {REQUEST}"))
@click.argument("name", metavar="REQUEST", type=names.REQUEST)
@click.option("--reason", default="", help="Why.")
@OUTPUT
@asks_controller
def revoke(client: Client, name: str, reason: str, form: str) -> None:
    """End a request now, and what was made for it: your own, or as an operator any."""
    acting.ask(client, "revoke-request", name, f"asked to end {name}", form=form, reason=reason)


COMMANDS = (request, fetch, reject, revoke)
