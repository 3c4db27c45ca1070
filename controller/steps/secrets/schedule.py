"""When a rotation begins: instants in UTC, from words about the clock of a place.

An hour that a change to summer time leaves out, or gives twice, is one instant: cronsim does as
Debian's cron does.
"""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from controller.steps.secrets.record import RotationRecord
from controller.steps.secrets.request import Cron, Rotation, SecretRequest, Window
from controller.steps.secrets.rotated.choose import rotated

NEVER: Final = datetime.max.replace(tzinfo=UTC)


def due(request: SecretRequest, record: RotationRecord, now: datetime) -> str | None:
    """Say why a rotation is to begin now; None: it is not.

    What is missing, wrong, asked for or about to end waits for no window.
    """
    if record.current is None:
        return "the first value"
    kind, asked = rotated(request), request.requested_at
    renewal = kind.renew_at(record.current)
    if not kind.fits(record.current):
        return "the document asks for another one"
    if asked is not None and record.changed_at < asked <= now:
        return "asked for"
    if renewal is not None and now >= renewal:
        return "the end of its life comes near"
    return _by_schedule(request.rotation, record.changed_at, now)


def _by_schedule(rotation: Rotation | None, changed_at: datetime, now: datetime) -> str | None:
    if rotation is None or now < scheduled_at(rotation, changed_at):
        return None
    if not rotation.windows or any(is_open(window, now) for window in rotation.windows):
        return "its time has come"
    if rotation.max_age is not None and now >= changed_at + rotation.max_age:
        return "older than its `maxAge`, outside of its windows"
    return None


def next_look(request: SecretRequest, record: RotationRecord, now: datetime) -> datetime | None:
    """Tell when `due` may have another answer, for a record that rests; None: only when asked."""
    found = []
    if record.current is not None:
        renewal = rotated(request).renew_at(record.current)
        found += [renewal] if renewal is not None else []
    rotation = request.rotation
    if rotation is not None:
        found.append(_begins_at(rotation, record.changed_at, now))
    return min(found, default=None)


def scheduled_at(rotation: Rotation, changed_at: datetime) -> datetime:
    """Tell when a value of this age is to be replaced, windows aside: what comes first counts."""
    found = [NEVER]
    if rotation.every is not None:
        found.append(changed_at + rotation.every)
    if rotation.max_age is not None:
        found.append(changed_at + rotation.max_age)
    if rotation.cron is not None:
        found.append(next_after(rotation.cron, changed_at))
    return min(found)


def next_after(cron: Cron, instant: datetime) -> datetime:
    """Give the first instant of an expression after this one, in UTC."""
    from cronsim import CronSim

    local = instant.astimezone(ZoneInfo(cron.time_zone))
    return next(CronSim(cron.expression, local)).astimezone(UTC)


def last_until(cron: Cron, instant: datetime) -> datetime:
    """Give the last instant of an expression that is not after this one, in UTC."""
    from cronsim import CronSim

    # With a microsecond left over, cronsim counts the second itself in.
    local = instant.astimezone(ZoneInfo(cron.time_zone)).replace(microsecond=1)
    return next(CronSim(cron.expression, local, reverse=True)).astimezone(UTC)


def is_open(window: Window, now: datetime) -> bool:
    """Tell whether a rotation may begin in this window now."""
    return now < last_until(window.opens, now) + window.length


def _begins_at(rotation: Rotation, changed_at: datetime, now: datetime) -> datetime:
    wanted = max(scheduled_at(rotation, changed_at), now)
    if not rotation.windows or any(is_open(window, wanted) for window in rotation.windows):
        return scheduled_at(rotation, changed_at)
    opens = min(next_after(window.opens, wanted) for window in rotation.windows)
    overdue = NEVER if rotation.max_age is None else changed_at + rotation.max_age
    return min(opens, overdue) if overdue > now else opens
