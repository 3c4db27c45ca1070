"""A file of numbers → a series: every fault at once, each with its place."""

import csv
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from controller.diagnostics.diagnostic import Diagnostic, Related, Severity
from controller.model.series import HOURS_A_DAY, YEARS, Every, Series, spacing, without_gaps
from controller.steps.load.sheet import Sheet
from controller.steps.load.suggest import did_you_mean, one_of
from schemas.kinds.forecast import CsvSource

MOST_BYTES = 16 << 20
MOST_TOLD = 50
"""So many faults of one file are told one by one."""
MOST_FOUND = 1000
"""After so many nothing more is looked for: a file may be garbage from end to end."""
FEWEST = 8
MOST_MISSING = 0.25
"""More missing numbers than this share, and what would be filled in is no series any more."""
_REST = {4: "-01-01", 7: "-01"}
"""A year, or a month, begins with its first day."""
SEPARATORS = (",", ";", "\t")


_QUOTED = {each: re.compile(f'{each}(?=(?:[^"]*"[^"]*")*[^"]*$)') for each in SEPARATORS}
"""A separator with an even number of quotes behind it: one that stands in none."""


@dataclass
class _Reading:
    sheet: Sheet
    faults: list[Diagnostic] = field(default_factory=list)
    rows: list[tuple[int, datetime, bool, float]] = field(default_factory=list)
    """Line, wall-clock time, whether it is the second one of a doubled hour, number."""

    def duplicate(
        self, message: str, line: int, hint: str, related: tuple[Related, ...] = ()
    ) -> None:
        """Say that a line says again what was said."""
        at = self.sheet.characters(line, 1, len(self.sheet.line(line)))
        found = self.sheet.find("load/csv-duplicate", message, at, hint=hint, related=related)
        self.faults.append(found)

    @property
    def is_wrong(self) -> bool:
        return any(each.severity == Severity.ERROR for each in self.faults)


def read_series(path: str, content: bytes, source: CsvSource) -> tuple[
    Series | None, tuple[Diagnostic, ...]
]:  # fmt: skip
    """Give the series of a file, None when it is wrong, and what is to be said of it."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        sheet = Sheet(path, content[: error.start].decode())
        end = len(sheet.text)
        fault = sheet.find("load/not-utf-8", f"`{path}` is not UTF-8", (end, end))
        return None, (fault,)
    reading = _Reading(Sheet(path, text))
    if len(content) > MOST_BYTES:
        message = f"`{path}` has more than {MOST_BYTES >> 20} MiB"
        reading.faults.append(reading.sheet.find("load/too-large", message, (0, 0)))
        return None, tuple(reading.faults)
    columns = _columns(reading, source)
    if columns is None:
        return None, tuple(reading.faults)
    for line, fields in _lines(text, columns.separator):
        _row(reading, line, fields, columns, ZoneInfo(source.zone))
        if len(reading.faults) >= MOST_FOUND:
            break
    return _finish(reading, source.zone)


@dataclass(frozen=True, slots=True)
class _Columns:
    separator: str
    time: int
    value: int
    count: int


def _columns(reading: _Reading, source: CsvSource) -> _Columns | None:
    first = reading.sheet.line(1) if reading.sheet.text else ""
    separator = max(SEPARATORS, key=first.count)
    names = [name.strip() for name in next(csv.reader([first], delimiter=separator), [])]
    for wanted in (source.time, source.value):
        if wanted not in names:
            reading.faults.append(
                reading.sheet.find(
                    "load/csv-column",
                    f"`{reading.sheet.path}` has no column `{wanted}`",
                    (0, len(first)),
                    expected=one_of(names),
                    hint=did_you_mean(wanted, names),
                )
            )
    if reading.faults:
        return None
    return _Columns(separator, names.index(source.time), names.index(source.value), len(names))


def _lines(text: str, separator: str) -> Iterator[tuple[int, list[tuple[int, str]]]]:
    """Give the fields of each line with their columns; a quoted line break is not looked for."""
    for number, line in enumerate(text.splitlines(), 1):
        if number == 1 or not line.strip():
            continue
        fields, at = [], 1
        parts = line.split(separator) if '"' not in line else _QUOTED[separator].split(line)
        for raw in parts:
            inner = raw.strip().strip('"')
            fields.append((at + raw.find(inner) if inner else at, inner))
            at += len(raw) + 1
        yield number, fields


def _row(
    reading: _Reading,
    line: int,
    fields: list[tuple[int, str]],
    columns: _Columns,
    zone: ZoneInfo,
) -> None:
    if len(fields) != columns.count:
        text = reading.sheet.line(line)
        message = f"this line has {len(fields)} fields, the first has {columns.count}"
        at = reading.sheet.characters(line, 1, len(text))
        reading.faults.append(reading.sheet.find("load/csv-value", message, at))
        return
    (time_at, time_text), (value_at, value_text) = fields[columns.time], fields[columns.value]
    when = _time(time_text, zone)
    if when is None:
        at = reading.sheet.characters(line, time_at, len(time_text))
        expected = "a day such as `2026-01-31`, or with an hour, `2026-01-31T13:00:00Z`"
        message = f"`{time_text}` is no time"
        reading.faults.append(reading.sheet.find("load/csv-time", message, at, expected=expected))
    value = _number(value_text)
    if value_text and value is None:
        at = reading.sheet.characters(line, value_at, len(value_text))
        expected = "a number from 0 with a point, such as `1234.5`"
        message = f"`{value_text}` is no number that can be counted"
        reading.faults.append(reading.sheet.find("load/csv-value", message, at, expected=expected))
    if when is not None and value is not None:
        reading.rows.append((line, when.replace(tzinfo=None), bool(when.fold), value))


def _time(text: str, zone: ZoneInfo) -> datetime | None:
    """Read a time as the clock on the wall shows it in the zone."""
    try:
        found = datetime.fromisoformat(text + _REST.get(len(text), ""))
    except ValueError:
        return None
    if found.year not in YEARS:
        return None
    if found.tzinfo is None:
        return found.replace(tzinfo=zone)
    try:
        return found.astimezone(UTC).astimezone(zone)
    except OverflowError:
        return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 and "_" not in text else None


def _finish(reading: _Reading, zone: str) -> tuple[Series | None, tuple[Diagnostic, ...]]:
    every = spacing(when for _, when, _, _ in reading.rows)
    found = _without_duplicates(reading, every, zone)
    if not reading.is_wrong and len(found) < FEWEST:
        expected = f"at least {FEWEST}, and two whole seasons for a forecast that says much"
        message = f"there are {len(found)} numbers in it"
        reading.faults.append(
            reading.sheet.find("load/csv-short", message, (0, 0), expected=expected)
        )
    if not reading.is_wrong:
        _tell_gaps(reading, found, every, ZoneInfo(zone))
    told = reading.faults[:MOST_TOLD]
    if len(reading.faults) > MOST_TOLD:
        more = f"{len(reading.faults) - MOST_TOLD}"
        if len(reading.faults) >= MOST_FOUND:
            more = f"at least {more}"
        last = reading.faults[MOST_TOLD - 1]
        told[-1] = Diagnostic(
            last.code, f"{last.message}, and {more} more like it in this file", last.span,
            last.expected, last.hint, last.severity, last.related, last.source,
        )  # fmt: skip
    if reading.is_wrong:
        return None, tuple(told)
    values = {number: value for number, (_, value) in found.items()}
    return without_gaps(values, every, zone), tuple(told)


def _without_duplicates(reading: _Reading, every: Every, zone: str) -> dict[int, tuple[int, float]]:
    """Give line and number of each step; what is finer than an hour is added up."""
    found: dict[int, tuple[int, float]] = {}
    seen: dict[tuple[datetime, bool], int] = {}
    for line, when, is_second, value in reading.rows:
        number = every.number(when)
        is_doubled = _is_doubled(when.replace(minute=0, second=0, microsecond=0), zone)
        earlier = seen.setdefault((when, is_second), line)
        if earlier != line and not is_doubled:
            first = reading.sheet.characters(earlier, 1, 0)
            reading.duplicate(
                f"there is a second number for {when}", line, "take one of the two lines away",
                (Related("the first stands here", reading.sheet.span(*first)),),
            )  # fmt: skip
            if len(reading.faults) >= MOST_FOUND:
                break
            continue
        before = found.get(number)
        if before is None:
            found[number] = (line, value)
        elif is_doubled and before:
            found[number] = (before[0], (before[1] + value) / 2)
        elif every is Every.HOUR:
            found[number] = (before[0], before[1] + value)
        else:
            message = f"there is a second number for this {every}"
            reading.duplicate(message, line, f"give one number a {every}")
    return found


@lru_cache(maxsize=1 << 12)
def _is_doubled(when: datetime, zone: str) -> bool:
    """Tell whether the clock shows this time twice, on the night when it is put back."""
    local = when.replace(tzinfo=ZoneInfo(zone))
    return local.utcoffset() != local.replace(fold=1).utcoffset()


def _tell_gaps(
    reading: _Reading, found: dict[int, tuple[int, float]], every: Every, zone: ZoneInfo
) -> None:
    numbers = sorted(found)
    missing = 0
    for before, after in pairwise(numbers):
        absent: Sequence[int] = range(before + 1, after)
        if len(absent) <= HOURS_A_DAY:
            absent = [n for n in absent if not _is_skipped(every.instant(n), every, zone)]
        if absent:
            missing += len(absent)
            count = f"{len(absent)} {every}{'s are' if len(absent) > 1 else ' is'}"
            line = found[after][0]
            at = reading.sheet.characters(line, 1, len(reading.sheet.line(line)))
            reading.faults.append(
                reading.sheet.find(
                    "load/csv-gap",
                    f"{count} missing before this line",
                    at,
                    severity=Severity.WARNING,
                    hint="what is missing is filled with what was there a season before",
                )
            )
    if missing > MOST_MISSING * (numbers[-1] - numbers[0] + 1):
        message = f"{missing} of {numbers[-1] - numbers[0] + 1} numbers are missing"
        reading.faults.append(
            reading.sheet.find("load/csv-gap", message, (0, 0), expected="at most a quarter")
        )


def _is_skipped(when: datetime, every: Every, zone: ZoneInfo) -> bool:
    """Tell whether no clock shows this hour, on the night when it is put forward."""
    if every is not Every.HOUR:
        return False
    local = when.replace(tzinfo=zone)
    return local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != when
