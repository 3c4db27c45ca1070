"""Windows and an instant → may a release come now, and when is that another answer?

A window lasts from each beginning for so long by a clock that is never changed; only the beginning
is one of the clock on the wall.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from controller.model.decision import EvidenceItem
from controller.steps.decide.question import WindowException
from schemas.windows import Freeze, Recurring, Windows

CHECK = "in a window"
_MOST_JOINED = 100
"""So many windows without a gap between them are joined; then the end is a first guess."""

_CHANGE = timedelta(hours=3)
"""Longer than any hour that a clock shows twice."""


@dataclass(frozen=True, slots=True)
class WindowAnswer:
    """Whether a release may come, why, and when to ask again."""

    ok: bool
    detail: str
    changes_at: datetime | None = None


def look(windows: Sequence[Windows], now: datetime) -> WindowAnswer:
    """Tell whether `now` lies in no freeze, and within an allowed window wherever there are any."""
    frozen = [
        (until, freeze.reason)
        for each in windows
        for freeze in each.freeze
        if (until := _frozen_until(freeze, now)) is not None
    ]
    if frozen:
        until, reason = max(frozen)
        return WindowAnswer(
            ok=False, detail=f"the freeze to end at {_said(until)}: {reason}", changes_at=until
        )
    closed = [
        min(openings)
        for each in windows
        if each.allow
        and not any(_is_open(one, now) for one in each.allow)
        and (openings := [_next(one, now) for one in each.allow])
    ]
    if closed:
        opens = max(closed)
        return WindowAnswer(
            ok=False, detail=f"the next window for releases, at {_said(opens)}", changes_at=opens
        )
    detail = "no freeze, and within every window" if windows else "at any time"
    return WindowAnswer(ok=True, detail=detail)


def window_item(
    windows: Sequence[Windows], exceptions: Sequence[WindowException], now: datetime
) -> tuple[EvidenceItem, datetime | None]:
    """Give the item of evidence, and when its answer changes by itself."""
    answer = look(windows, now)
    if answer.ok or not exceptions:
        return EvidenceItem(CHECK, ok=answer.ok, detail=answer.detail), answer.changes_at
    by = exceptions[0]
    detail = (
        f"let through by the Exception `{by.name}` of {by.owner} until {by.expires}: {by.reason};"
        f" else it would wait for {answer.detail}"
    )
    return EvidenceItem(CHECK, ok=True, detail=detail), None


def _frozen_until(freeze: Freeze, now: datetime) -> datetime | None:
    if freeze.cron is not None and freeze.for_ is not None:
        return _open_until(freeze.cron, freeze.time_zone, freeze.for_, now)
    return freeze.ends if freeze.begins <= now < freeze.ends else None


def _is_open(one: Recurring, now: datetime) -> bool:
    begins = next(_beginnings(one.cron, one.time_zone, now - one.for_), None)
    return begins is not None and begins <= now


def _open_until(cron: str, zone: str, length: timedelta, now: datetime) -> datetime | None:
    """Tell when a window that is open now closes; None when it is not open."""
    end = now
    for _ in range(_MOST_JOINED):
        begins = next(_beginnings(cron, zone, end - length), None)
        if begins is None or begins > end:
            break
        end = begins + length
    return end if end > now else None


def _next(one: Recurring, now: datetime) -> datetime:
    return next(_beginnings(one.cron, one.time_zone, now))


def _beginnings(cron: str, zone: str, after: datetime) -> Iterator[datetime]:
    """Give each beginning after an instant, in UTC.

    Where a clock was changed shortly before, it is counted from before that: from within an hour
    that comes twice it cannot be told that what begins in it has begun already.
    """
    from cronsim import CronSim

    since, earlier = (at.astimezone(ZoneInfo(zone)) for at in (after, after - _CHANGE))
    is_changed = since.utcoffset() != earlier.utcoffset()
    for begins in CronSim(cron, earlier if is_changed else since):
        found = begins.astimezone(UTC)
        if found > after:
            yield found


def _said(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
