"""What callers name → what the ledger knows of it; what is not there is asked about."""

import difflib
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TypeVar

from controller.model.names import SecretName, StageName, UnitName
from controller.model.status import SecretStatus, StageStatus, UnitStatus
from controller.permission import NotFound
from controller.ports.ledger import Ledger

Name = TypeVar("Name")
MOST = 2000
"""Among so many names a close one is looked for: comparing takes its time."""


async def unit_named(ledger: Ledger, text: str) -> UnitStatus:
    """Give a unit, `product/environment/stack`. Raises NotFound."""
    status = await ledger.unit(_parsed(UnitName.parse, text))
    if status is None:
        raise not_there("unit", text, (each.name for each in await ledger.units()))
    return status


async def stage_named(ledger: Ledger, text: str) -> StageStatus:
    """Give a stage, `product/environment`. Raises NotFound."""
    status = await ledger.stage(_parsed(StageName.parse, text))
    if status is None:
        raise not_there("stage", text, (each.name for each in await ledger.stages()))
    return status


async def secret_named(ledger: Ledger, text: str) -> SecretStatus:
    """Give a secret, `product/environment/secret`. Raises NotFound."""
    status = await ledger.secret(_parsed(SecretName.parse, text))
    if status is None:
        raise not_there("secret", text, (each.name for each in await ledger.secrets()))
    return status


def not_there(what: str, text: str, known: Iterable[object], listed_by: str = "") -> NotFound:
    """Make the error that names what may have been meant, and the command that lists them all."""
    names = [str(each) for each in islice(known, MOST)]
    close = difflib.get_close_matches(text, names, n=1)
    lists = f"`{listed_by or f'trueup get {what}s'}` lists them"
    hint = f"did you mean `{close[0]}`? {lists}" if close else lists
    return NotFound.because(f"there is no {what} `{text}`", hint=hint)


def _parsed(parse: Callable[[str], Name], text: str) -> Name:
    try:
        return parse(text)
    except ValueError as error:
        raise NotFound.because(str(error)) from error
