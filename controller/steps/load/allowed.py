"""What the Exceptions of a commit let through: secrets in clear that somebody answers for."""

from collections.abc import Callable, Iterable
from datetime import date

from controller.diagnostics.diagnostic import Diagnostic
from controller.model.catalog import Reference
from controller.steps.load.documents import Parsed
from schemas.kinds.exception import AllowedFinding

Told = Callable[[Parsed], tuple[Diagnostic, ...]]
"""What is told of a document."""


def told_by(parsed: Iterable[Parsed], today: date | None) -> Told:
    """Give what is told of each document: all that was found, but what is allowed."""
    allowed = [
        model
        for each in parsed
        if isinstance(model := each.model, AllowedFinding)
        and not each.diagnostics
        and model.spec.code is not None
        and not (today is not None and model.has_expired(today))
    ]

    def told(each: Parsed) -> tuple[Diagnostic, ...]:
        if not allowed or not each.diagnostics:
            return each.diagnostics
        return tuple(found for found in each.diagnostics if not _is_allowed(found, each, allowed))

    return told


def _is_allowed(found: Diagnostic, each: Parsed, allowed: Iterable[AllowedFinding]) -> bool:
    reference = each.reference or Reference("", "", "")
    product = reference.name if reference.kind == "Product" else reference.product
    document = f"{reference.kind}/{reference.name}"
    return any(
        exception.spec.code == found.code
        and exception.covers(product=product, document=document, path=each.sheet.path)
        for exception in allowed
    )
