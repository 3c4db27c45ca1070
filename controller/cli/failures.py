"""Errors on stderr: what is wrong, where, and the way out; a report for what nobody foresaw."""

import json
import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Sequence
from itertools import pairwise

import click

from controller import __version__
from controller.cli.output import clean
from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.errors import Bug, Transient, TrueupError, Waiting
from controller.diagnostics.for_programs import for_programs

_LOOKS_SECRET = re.compile(r"(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_+=-]{20,}")
_NAMED_SECRET = re.compile(
    r"(?i)((?:password|passwd|secret|token|api[_-]?key|authorization)[\"']?\s*[:=]\s*)\S+"
)
_IN_ADDRESS = re.compile(r"(://)[^/\s@]*@")


_FORM = frozenset({"-o", "--output", "--format"})


def asks_for_json(arguments: Sequence[str]) -> bool:
    """Tell whether a command was to answer in JSON, also where it was not understood."""
    joined = {f"{option}{sign}json" for option in _FORM for sign in ("=", "")}
    pairs = pairwise(arguments)
    return any(a in _FORM and b == "json" for a, b in pairs) or not joined.isdisjoint(arguments)


def tell_programs(error: BaseException) -> None:
    """Say on stdout what stopped the command, as the API says it; nothing of an interruption."""
    if isinstance(error, TrueupError):
        told = for_programs(error)
    elif isinstance(error, click.ClickException):
        path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else ""
        told = {
            "code": "cli/wrong-use",
            "message": error.format_message(),
            "hint": f"`{path or 'trueup'} --help` tells how it is used",
            "kind": "stalled",
        }
    elif isinstance(error, click.Abort | KeyboardInterrupt):
        return
    else:
        told = {
            "code": Bug.code,
            "message": "a bug of ours stopped this command",
            "hint": "the report to send is named on standard error",
            "kind": "bug",
        }
    click.echo(json.dumps(told, ensure_ascii=False))


def show(error: TrueupError) -> None:
    """Say on stderr what stopped the command."""
    word = "error"
    if isinstance(error, Waiting):
        word = "waiting"
    elif isinstance(error, Transient):
        word = "failed for now"
    elif isinstance(error, Bug):
        word = "bug"
    for diagnostic in error.diagnostics:
        _say(word, diagnostic)


def _say(word: str, diagnostic: Diagnostic) -> None:
    place = f"{diagnostic.span}: " if diagnostic.span else ""
    click.echo(f"{place}{word}[{diagnostic.code}]: {clean(diagnostic.message)}", err=True)
    if diagnostic.expected:
        click.echo(f"  expected {clean(diagnostic.expected)}", err=True)
    if diagnostic.hint:
        click.echo(f"hint: {clean(diagnostic.hint)}", err=True)


def report(error: BaseException, command: str) -> None:
    """Write a report of a bug to a file, and say where it is."""
    lines = [
        "A bug in Trueup stopped a command. The environment and the arguments are not in here.",
        "",
        f"version: {__version__}",
        f"python: {platform.python_version()} on {platform.system()} {platform.machine()}",
        f"command: {command or '(none)'}",
        "",
        redacted("".join(traceback.format_exception(error))),
    ]
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", prefix="trueup-crash-", suffix=".txt", delete=False
        ) as file:
            file.write("\n".join(lines))
    except OSError:
        click.echo("\n".join(lines), err=True)
        return
    click.echo(f"a bug of ours stopped this command; the report to send is {file.name}", err=True)
    sys.stderr.flush()


def redacted(text: str) -> str:
    """Leave out what looks like a secret."""
    text = _IN_ADDRESS.sub(r"\1…@", text)
    text = _NAMED_SECRET.sub(r"\1…", text)
    return _LOOKS_SECRET.sub("…", text)
