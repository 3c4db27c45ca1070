"""Names as people type them."""

import re

import click

from controller.model.names import is_name

ENVIRONMENT_PARTS, STAGE_PARTS, UNIT_PARTS = 1, 2, 3
_WORDS = {
    (ENVIRONMENT_PARTS,): "lower-case letters, digits and hyphens",
    (STAGE_PARTS,): "`product/environment`",
    (UNIT_PARTS,): "`product/environment/name`",
    (STAGE_PARTS, UNIT_PARTS): "`product/environment` or `product/environment/name`",
    (ENVIRONMENT_PARTS, STAGE_PARTS, UNIT_PARTS): "`product/environment`, "
    "`product/environment/name`, or an environment",
}


class NameType(click.ParamType[str]):
    """A stage (`shop/dev`), a unit or a secret (`shop/dev/shop-api`)."""

    name = "name"

    def __init__(self, *parts: int) -> None:
        self.parts = parts

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Check a name."""
        text = str(value)
        pieces = text.split("/")
        if len(pieces) not in self.parts or not all(map(is_name, pieces)):
            self.fail(f"{text!r} is no such name; expected {_WORDS[self.parts]}", param, ctx)
        return text


GATE = NameType(ENVIRONMENT_PARTS)
STAGE = NameType(STAGE_PARTS)
UNIT = NameType(UNIT_PARTS)
STAGE_OR_UNIT = NameType(STAGE_PARTS, UNIT_PARTS)

ANY = NameType(ENVIRONMENT_PARTS, STAGE_PARTS, UNIT_PARTS)


_REQUEST = re.compile(r"r-[0-9a-f]{12}")


def is_request(name: str) -> bool:
    """Tell the name of a request for a credential."""
    return _REQUEST.fullmatch(name) is not None


class RequestType(click.ParamType[str]):
    """A request for a credential: `r-0123456789ab`."""

    name = "request"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Check a name."""
        if not is_request(str(value)):
            self.fail(f"{value!r} is no request; expected `r-` and 12 digits", param, ctx)
        return str(value)


REQUEST = RequestType()


def is_environment(name: str) -> bool:
    """Tell an environment from what has a product."""
    return "/" not in name


def is_stage(name: str) -> bool:
    """Tell a stage from a unit or a secret, by its number of parts."""
    return name.count("/") == STAGE_PARTS - 1


def event_subject(text: str) -> str:
    """Give the subject that events carry: `shop/dev` means `stage:shop/dev`."""
    if text == "source":
        return "source:repository"
    lane, _, name = text.partition(":")
    if not name:
        return f"{'stage' if is_stage(text) else 'unit'}:{text}"
    stage, _, secret = name.rpartition("/")
    if lane == "secret" and not secret.startswith("secret."):
        return f"secret:{stage}/secret.{secret}"
    return text
