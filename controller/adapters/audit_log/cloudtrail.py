"""CloudTrail's log files in a folder, as `aws s3 sync` brings them from the trail's bucket.

A file holds `{"Records": [...]}` or one record a line, plain or with gzip.
"""

import asyncio
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controller.diagnostics.errors import Stalled
from controller.model.audit import AuditRecord

ENDINGS = (".json", ".json.gz", ".jsonl", ".jsonl.gz")
LARGEST_FILE = 64 << 20
MOST_VALUES = 10_000
"""So many values of one record are looked at for a name."""
SHORTEST_NAME = 3
LONGEST_TEXT = 300


class CloudTrailFolder:
    """Implements `AuditLog` over a folder; files are read anew each time, for they keep coming."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def changes_of(
        self, names: frozenset[str], *, since: datetime, until: datetime
    ) -> Sequence[AuditRecord]:
        """See the port. Files that were last written before `since` are not opened."""
        return await asyncio.to_thread(self._read, names, since, until)

    def _read(
        self, names: frozenset[str], since: datetime, until: datetime
    ) -> Sequence[AuditRecord]:
        if not self._folder.is_dir():
            raise Stalled.because(
                f"there is no folder `{self._folder}` with logs",
                hint="`audit_logs` in the settings names it",
                code="audit/no-log",
            )
        telling = frozenset(name for name in names if len(name) >= SHORTEST_NAME)
        found = {
            record
            for path in sorted(self._folder.rglob("*"))
            if path.name.endswith(ENDINGS) and path.is_file()
            if path.stat().st_mtime >= since.timestamp()
            for entry in _entries(path)
            if (record := _record(entry, telling)) is not None and since <= record.at <= until
        }
        return sorted(found, key=lambda each: (each.at, each.actor, each.action))


def _entries(path: Path) -> Iterator[Mapping[str, Any]]:
    """Give the records of a file; what cannot be read is passed over: it may come again, whole."""
    opened = gzip.open if path.name.endswith(".gz") else open
    try:
        with opened(path, "rb") as file:
            content = file.read(LARGEST_FILE)
    except (OSError, EOFError, zlib.error):
        return
    is_lines = path.name.endswith((".jsonl", ".jsonl.gz"))
    for text in content.splitlines() if is_lines else [content]:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            continue
        records = document.get("Records", [document]) if isinstance(document, dict) else document
        if isinstance(records, list):
            yield from (each for each in records if isinstance(each, dict))


def _record(entry: Mapping[str, Any], names: frozenset[str]) -> AuditRecord | None:
    if entry.get("readOnly") in {True, "true"}:
        return None
    about = [entry.get(part) for part in ("requestParameters", "responseElements", "resources")]
    thing = next((text for text in _texts(about) if text in names), None)
    try:
        at = datetime.fromisoformat(str(entry["eventTime"]))
    except (KeyError, ValueError):
        return None
    if thing is None:
        return None
    return AuditRecord(
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        actor=_actor(entry.get("userIdentity")),
        action=str(entry.get("eventName", ""))[:LONGEST_TEXT],
        thing=thing,
        source=str(entry.get("sourceIPAddress", ""))[:LONGEST_TEXT],
        failed=bool(entry.get("errorCode")),
    )


def _actor(identity: object) -> str:
    if not isinstance(identity, Mapping):
        return "unknown"
    named = (identity.get(key) for key in ("arn", "userName", "principalId", "invokedBy", "type"))
    return next((str(each)[:LONGEST_TEXT] for each in named if each), "unknown")


def _texts(value: Any) -> Iterator[str]:
    """Give the texts in a value, level by level, as far as a budget goes."""
    waiting = [value]
    for _ in range(MOST_VALUES):
        if not waiting:
            return
        here = waiting.pop()
        if isinstance(here, str):
            yield here
        elif isinstance(here, Mapping):
            waiting.extend(here.values())
        elif isinstance(here, list):
            waiting.extend(here)
