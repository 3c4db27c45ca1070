"""Who changed what: one suite for every log, and what only files can get wrong."""

import gzip
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.adapters.audit_log.cloudtrail import CloudTrailFolder
from controller.adapters.audit_log.memory import MemoryAuditLog
from controller.diagnostics.errors import Stalled
from controller.model.audit import AuditRecord
from controller.ports.audit_log import AuditLog

NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)
GROUP = "sg-0123456789"
ARN = "arn:aws:iam::111111111111:user/robin"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def event(minutes: float, name: str = "AuthorizeSecurityGroupIngress", **more: object) -> dict:
    """An entry as CloudTrail writes it."""
    return {
        "eventTime": at(minutes).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventName": name,
        "userIdentity": {"type": "IAMUser", "arn": ARN, "userName": "robin"},
        "sourceIPAddress": "192.0.2.7",
        "requestParameters": {"groupId": GROUP, "ipPermissions": {"items": [{"fromPort": 22}]}},
        "readOnly": False,
        **more,
    }


EVENTS = [
    event(5),
    event(3, "CreateTags", requestParameters={"resourcesSet": {"items": [{"resourceId": GROUP}]}}),
    event(4, errorCode="Client.UnauthorizedOperation"),
    event(4, "DescribeSecurityGroups", readOnly=True),
    event(6, requestParameters={"groupId": "sg-another"}),
    event(-1),
    event(61),
]
EXPECTED = [
    AuditRecord(at(3), ARN, "CreateTags", GROUP, "192.0.2.7"),
    AuditRecord(at(4), ARN, "AuthorizeSecurityGroupIngress", GROUP, "192.0.2.7", failed=True),
    AuditRecord(at(5), ARN, "AuthorizeSecurityGroupIngress", GROUP, "192.0.2.7"),
]


def memory(_folder: Path) -> AuditLog:
    others = [
        AuditRecord(at(4), ARN, "x", "sg-another"), AuditRecord(at(-1), ARN, "x", GROUP),
        AuditRecord(at(61), ARN, "x", GROUP),
    ]  # fmt: skip
    return MemoryAuditLog([*reversed(EXPECTED), *others])


def one_file(folder: Path) -> AuditLog:
    (folder / "a.json").write_text(json.dumps({"Records": EVENTS}))
    return CloudTrailFolder(folder)


def many_zipped(folder: Path) -> AuditLog:
    inner = folder / "AWSLogs" / "2030"
    inner.mkdir(parents=True)
    for number, each in enumerate([*EVENTS, EVENTS[0]]):
        with gzip.open(inner / f"{number}.json.gz", "wt") as file:
            json.dump({"Records": [each]}, file)
    return CloudTrailFolder(folder)


def lines(folder: Path) -> AuditLog:
    text = "\n".join(json.dumps(each) for each in EVENTS)
    (folder / "a.jsonl").write_text(f"not json\n{text}\n[1]\n")
    return CloudTrailFolder(folder)


@pytest.mark.parametrize("make", [memory, one_file, many_zipped, lines])
async def test_changes_of_a_thing_are_given_in_order(
    make: Callable[[Path], AuditLog], tmp_path: Path
) -> None:
    log = make(tmp_path)
    found = await log.changes_of(frozenset({GROUP, "web"}), since=at(0), until=at(60))
    assert list(found) == EXPECTED
    assert list(await log.changes_of(frozenset(), since=at(0), until=at(60))) == []


async def test_a_log_that_is_not_there_is_said(tmp_path: Path) -> None:
    gone = MemoryAuditLog()
    gone.missing = "there is no log"
    for log in (gone, CloudTrailFolder(tmp_path / "nothing")):
        with pytest.raises(Stalled):
            await log.changes_of(frozenset({GROUP}), since=at(0), until=at(60))


BAD = [
    b"", b"{", b"[" * 100_000, b'{"Records": 5}', b'{"Records": [1, null]}', b"\x1f\x8b\x00",
    json.dumps({"Records": [event(5, eventTime="yesterday"), event(5, userIdentity=1)]}).encode(),
]  # fmt: skip


@pytest.mark.parametrize("content", BAD)
@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "a.jsonl"])
async def test_what_cannot_be_read_is_passed_over(
    content: bytes, name: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "good.json").write_text(json.dumps({"Records": [EVENTS[0]]}))
    log = CloudTrailFolder(tmp_path)
    found = await log.changes_of(frozenset({GROUP}), since=at(0), until=at(60))
    assert EXPECTED[2] in found


async def test_files_from_before_and_other_files_are_not_opened(tmp_path: Path) -> None:
    old, other = tmp_path / "old.json", tmp_path / "digest.txt"
    for path in (old, other):
        path.write_text(json.dumps({"Records": [EVENTS[0]]}))
    os.utime(old, (at(-5).timestamp(), at(-5).timestamp()))
    log = CloudTrailFolder(tmp_path)
    assert list(await log.changes_of(frozenset({GROUP}), since=at(0), until=at(60))) == []
