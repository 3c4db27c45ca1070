"""`trueup validate`."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from controller import __version__
from controller.cli.examples import example
from controller.cli.exit_codes import ExitCode
from controller.diagnostics.as_json import as_json
from controller.diagnostics.concise import concise
from controller.diagnostics.diagnostic import Diagnostic, Severity
from controller.diagnostics.full import full
from controller.diagnostics.github import github
from controller.diagnostics.sarif import sarif

if TYPE_CHECKING:
    from controller.model.catalog import Catalog

FORMATS: Mapping[str, Callable[[tuple[Diagnostic, ...]], str]] = {
    "text": full,
    "concise": concise,
    "json": as_json,
    "sarif": partial(sarif, version=__version__),
    "github": github,
}


@click.command(
    epilog=example(
        "trueup validate platform-config",
        "trueup validate platform-config -o sarif > trueup.sarif",
    )
)
@click.argument("path", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "-o",
    "--output",
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
    """
    from controller.wiring import offline

    catalog = offline.validate(path)
    text = FORMATS[form](catalog.diagnostics).rstrip("\n")
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
