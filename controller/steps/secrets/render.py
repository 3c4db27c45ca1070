"""The fields and the text that consumers get."""

import hashlib
from collections.abc import Mapping
from string import Formatter
from urllib.parse import urlsplit

from controller.diagnostics.errors import Stalled
from controller.diagnostics.secret import SecretText
from controller.model.material import Material
from controller.steps.secrets.request import PostgresLogin

POSTGRES_PORT = 5432


def random_fields(material: Material, previous: Material | None) -> dict[str, SecretText]:
    """Give `value`, and `previous` while the old one still counts."""
    fields = {"value": material.text}
    if previous is not None:
        fields["previous"] = previous.text
    return fields


def login_fields(kind: PostgresLogin, material: Material) -> dict[str, SecretText]:
    """Give what a consumer needs to connect; raises Stalled when the address cannot be read."""
    try:
        parts = urlsplit(kind.database.url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = parts = None
    database = parts.path.removeprefix("/") if parts else ""
    if host is None or not database or "/" in database:
        raise Stalled.because(
            "the address of the database cannot be read",
            hint="expected `postgresql://host:port/database`",
            code="secrets/address-not-readable",
        )
    return {
        "username": SecretText(material.login),
        "password": material.text,
        "host": SecretText(host),
        "port": SecretText(str(port or POSTGRES_PORT)),
        "database": SecretText(database),
    }


def rendered(template: str | None, fields: Mapping[str, SecretText]) -> SecretText:
    """Fill the template; without one, give `value` and `previous`, one line each.

    Only whole fields are filled in: a template comes from Git and must not reach into objects.
    Raises Stalled when it names a field that is not there; `previous` may be.
    """
    if template is None:
        template = "{value}\n{previous}\n" if "previous" in fields else "{value}\n"
    empty = {"previous": SecretText("")}
    text = ""
    for literal, name, form, conversion in _parts(template):
        text += literal
        if name is None:
            continue
        value = fields.get(name, empty.get(name))
        if value is None or form or conversion:
            known = ", ".join(f"`{{{field}}}`" for field in sorted(fields))
            raise Stalled.because(
                f"the template names `{{{name}}}`, which the secret does not have",
                hint=f"use {known}",
                code="secrets/unknown-field",
            )
        text += value.reveal()
    return SecretText(text)


def digest_of(text: SecretText) -> str:
    """Tell one text from another; kept beside the value itself, so that it needs no key."""
    return hashlib.sha256(text.reveal().encode()).hexdigest()


def _parts(template: str) -> list[tuple[str, str | None, str | None, str | None]]:
    try:
        return list(Formatter().parse(template))
    except ValueError as error:
        raise Stalled.because(
            f"the template cannot be read: {error}",
            hint="`{{` and `}}` stand for braces",
            code="secrets/template-not-readable",
        ) from error
