"""A file of numbers: every fault at once, each with its place; what a clock does is no fault."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from controller.model.series import Every
from controller.steps.load.series_file import MOST_TOLD, read_series
from schemas.kinds.forecast import CsvSource


def lines(*rows: str, head: str = "date,value") -> bytes:
    return "\n".join((head, *rows)).encode()


def days(count: int, first: int = 1) -> list[str]:
    start = datetime.fromisoformat("2026-01-01")
    return [f"{start + timedelta(first - 1 + n):%Y-%m-%d},{100 + n}" for n in range(count)]


def test_every_fault_is_told_at_once_with_its_place() -> None:
    content = lines(
        *days(8), "09.01.2026,1", "2026-01-10,many", "2026-01-11,-3", "2026-01-12", "2026-01-04,7",
    )  # fmt: skip
    series, faults = read_series("views.csv", content, CsvSource(file="views.csv"))
    assert series is None
    assert [(each.code, str(each.span)) for each in faults] == [
        ("load/csv-time", "views.csv:10:1"),
        ("load/csv-value", "views.csv:11:12"),
        ("load/csv-value", "views.csv:12:12"),
        ("load/csv-value", "views.csv:13:1"),
        ("load/csv-duplicate", "views.csv:14:1"),
    ]


def test_both_missing_columns_are_told_with_what_there_is() -> None:
    content = lines(*days(8), head="dat,val")
    _, faults = read_series("views.csv", content, CsvSource(file="views.csv"))
    assert [each.code for each in faults] == ["load/csv-column"] * 2
    assert faults[0].hint == "did you mean `dat`?"


def test_what_is_missing_is_filled_with_last_week_and_told() -> None:
    content = lines(*days(10), *days(5, first=13), "2026-01-18,")
    series, faults = read_series("views.csv", content, CsvSource(file="views.csv"))
    assert series is not None
    assert [each.code for each in faults] == ["load/csv-gap"]
    assert series.filled == (10, 11)
    assert series.values[10:12] == series.values[3:5]
    assert len(series.values) == 17


def test_a_file_that_is_mostly_gaps_is_refused() -> None:
    content = lines(*days(6), *days(6, first=60))
    series, faults = read_series("views.csv", content, CsvSource(file="views.csv"))
    assert series is None
    assert faults[-1].expected == "at most a quarter"


def test_only_so_many_faults_of_a_file_are_told() -> None:
    content = lines(*(f"2026-01-01,{n}" for n in range(500)))
    _, faults = read_series("views.csv", content, CsvSource(file="views.csv"))
    assert len(faults) == MOST_TOLD
    assert "449 more like it" in faults[-1].message


@pytest.mark.parametrize("night", ["2026-03-29", "2026-10-25"])
def test_the_nights_on_which_the_clock_is_moved_are_whole_days(night: str) -> None:
    zone = ZoneInfo("Europe/Paris")
    start = datetime.fromisoformat(f"{night}T00:00:00").replace(tzinfo=zone) - timedelta(days=2)
    rows = [
        f"{at.isoformat()},{n}"
        for n in range(24 * 5)
        for at in [datetime.fromtimestamp(start.timestamp() + 3600 * n, ZoneInfo("UTC"))]
    ]
    source = CsvSource(file="views.csv", zone="Europe/Paris")
    series, faults = read_series("views.csv", lines(*rows), source)
    assert faults == ()
    assert series is not None
    assert series.every == Every.HOUR
    assert len(series.values) in {24 * 5 - 1, 24 * 5 + 1}
    assert series.at(24 * 3).hour == 0


def test_a_leap_day_is_a_day_as_others() -> None:
    rows = [f"2028-02-{day:02},5" for day in range(20, 30)] + ["2028-03-01,5", "2028-03-02,5"]
    series, faults = read_series("v.csv", lines(*rows), CsvSource(file="v.csv"))
    assert faults == ()
    assert series is not None
    assert len(series.values) == 12


def test_numbers_finer_than_an_hour_are_added_up() -> None:
    start = datetime.fromisoformat("2026-01-01")
    rows = [f"{start + timedelta(minutes=15 * n)};2" for n in range(4 * 12)]
    series, faults = read_series("v.csv", lines(*rows, head="date;value"), CsvSource(file="v.csv"))
    assert faults == ()
    assert series is not None
    assert series.values == (8.0,) * 12


@pytest.mark.parametrize("content", [b"", b"\n", b"date,value", b"date,value\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_told(content: bytes) -> None:
    series, faults = read_series("v.csv", content, CsvSource(file="v.csv"))
    assert series is None
    assert faults


def test_bytes_that_are_no_text_are_told() -> None:
    _, (fault,) = read_series("v.csv", b"date,value\n\xff", CsvSource(file="v.csv"))
    assert fault.code == "load/not-utf-8"


def test_garbage_from_end_to_end_is_not_read_to_its_end() -> None:
    _, faults = read_series("v.csv", lines(*["never,1"] * 100_000), CsvSource(file="v.csv"))
    assert len(faults) == 50
    assert "and at least 950 more" in faults[-1].message


@pytest.mark.parametrize("day", ["0001-01-01", "1599-12-31", "9999-12-31"])
def test_a_day_that_no_calendar_of_ours_reaches_is_told(day: str) -> None:
    _, (fault, *_) = read_series("v.csv", lines(f"{day},1"), CsvSource(file="v.csv"))
    assert fault.code == "load/csv-time"


def test_one_day_of_another_century_is_a_gap_and_no_series() -> None:
    rows = [f"2028-02-{day:02}T{hour:02}:00,5" for day in range(1, 20) for hour in range(24)]
    series, faults = read_series("v.csv", lines("1700-01-01,5", *rows), CsvSource(file="v.csv"))
    assert series is None
    assert {fault.code for fault in faults} == {"load/csv-gap"}
