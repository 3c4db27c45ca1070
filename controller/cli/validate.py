"""`trueup validate`."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import click

from controller.cli.exit_codes import ExitCode
from controller.cli.offline import offline
from controller.diagnostics.diagnostic import Diagnostic, Severity

if TYPE_CHECKING:
    from controller.model.catalog import Catalog

FORMATS = {
    "text": "full",
    "concise": "concise",
    "json": "as_json",
    "sarif": "sarif",
    "github": "github",
}
"""A format → the module of `controller.diagnostics` that writes it."""


class _Renderer(Protocol):
    def render(self, diagnostics: Sequence[Diagnostic]) -> str: ...


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="How diagnostics are written: for people, for editors, for programs, or for CI.",
)
def command(path: Path, form: str) -> ExitCode:
    """Check documents without touching the world.

    Every problem is told at once. Ends with 1 when there is an error.

    \b
    Example:
      trueup validate platform-config
      trueup validate platform-config --format sarif > trueup.sarif
    """
    catalog = offline().validate(path)
    renderer = cast("_Renderer", importlib.import_module(f"controller.diagnostics.{FORMATS[form]}"))
    text = renderer.render(catalog.diagnostics).rstrip("\n")
    if text:
        click.echo(text)
    if form in {"text", "concise"}:
        click.echo(_summary(catalog), err=True)
    is_wrong = any(found.severity == Severity.ERROR for found in catalog.diagnostics)
    return ExitCode.REFUSED if is_wrong else ExitCode.DONE


def _summary(catalog: "Catalog") -> str:
    errors = sum(found.severity == Severity.ERROR for found in catalog.diagnostics)
    warnings = len(catalog.diagnostics) - errors
    parts = [_plural(len(catalog.documents), "document"), _plural(errors, "error")]
    if warnings:
        parts.append(_plural(warnings, "warning"))
    return ", ".join(parts)


def _plural(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
