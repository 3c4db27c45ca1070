"""Templates → pages. Everything is escaped; nothing in a template is marked as safe."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from controller.model import view
from controller.model.names import is_digest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FOLDER = Path(__file__).parent
MINUTE, HOUR, DAY = 60, 3600, 86400

_TONES: Mapping[str, str] = {
    **dict.fromkeys(
        ("healthy", "pass", "True", "ok", "in sync", "ready", "promote", "verified"), "good"
    ),
    **dict.fromkeys(("progressing", "working", "wait", "waiting", "approved", "issuing"), "busy"),
    **dict.fromkeys(
        ("warn", "invalid", "unknown", "Unknown", "warning", "Warning", "roll-back", "not ready"),
        "warn",
    ),
    **dict.fromkeys(("degraded", "fail", "False", "not ok", "error", "drifted"), "bad"),
}


def tone(word: str) -> str:
    """Tell how a word is coloured: `good`, `busy`, `warn`, `bad` or `quiet`."""
    return _TONES.get(str(word), "quiet")


def condition_tone(kind: str, status: str) -> str:
    """Tell how a condition is coloured: those of trouble are bad when True."""
    if kind == "Stalled" and status == "True":
        return "bad"
    if kind == "Reconciling" and status == "True":
        return "busy"
    return tone(status)


def short(text: str | None) -> str:
    """Give the first digits of a commit or a digest."""
    return (text or "").removeprefix("sha256:")[:8]


def ago(at: datetime, now: datetime) -> str:
    """Say how long ago, or in how long, roughly."""
    seconds = (now - at).total_seconds()
    size = abs(seconds)
    if size < 1.5:  # noqa: PLR2004 - a moment
        return "now"
    if size < MINUTE:
        text = f"{size:.0f} s"
    elif size < HOUR:
        text = f"{size // MINUTE:.0f} min"
    elif size < 2 * DAY:
        text = f"{size // HOUR:.0f} h"
    else:
        text = f"{size // DAY:.0f} days"
    return f"{text} ago" if seconds > 0 else f"in {text}"


def utc(at: datetime) -> str:
    """Give an instant to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def subject_path(subject: str) -> str:
    """Give the page of what an event is about; empty when it has none."""
    kind, _, name = subject.partition(":")
    if kind == "issue":
        return f"/requests/{name}"
    parts = name.split("/")
    if kind not in {"unit", "drift", "secret", "stage"} or len(parts) < 2:  # noqa: PLR2004 - a stage
        return ""
    return f"/stages/{parts[0]}/{parts[1]}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "tone": tone, "short": short, "utc": utc, "subject_path": subject_path,
    }  # fmt: skip
    environment.tests["digest"] = is_digest
    environment.globals |= {
        "ago": ago, "measured": view.measured, "condition_tone": condition_tone,
    }  # fmt: skip
    return environment


def render(template: str, context: "DataclassInstance", status: int = 200) -> HTMLResponse:
    """Fill a template with the fields of its context."""
    given = {field.name: getattr(context, field.name) for field in fields(context)}
    return HTMLResponse(_environment().get_template(template).render(given), status)
