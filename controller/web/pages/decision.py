"""`/decisions/{digest}`: a decision with its evidence, for who has to answer for it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from controller.model.record import Verification
from controller.web import reading
from controller.web.contexts import (
    ApprovalShown,
    DecisionPage,
    Frame,
    GateShown,
    ItemShown,
    ObjectiveShown,
    TopicShown,
)
from controller.web.pages.framing import frame
from controller.web.rendering import render
from controller.web.site import Site

Record = Mapping[str, Any]
"""A record as it was stored, maybe by an older version: what is missing is shown as empty."""


async def page(site: Site, request: Request) -> Response:
    """Show one decision. Raises NotFound."""
    digest = reading.digest(request)
    record = await site.app.decision(digest)
    checked = await site.app.decisions.verify(digest)
    return render("decision.html", shown(frame(site, request, "Decision"), record, checked))


def shown(around: Frame, record: Record, checked: Verification) -> DecisionPage:
    """Read a record."""
    release = _record(record.get("release"))
    stage = record.get("stage", "")
    if isinstance(stage, Mapping):
        stage = f"{stage.get('product', '')}/{stage.get('environment', '')}"
    return DecisionPage(
        frame=around,
        digest=checked.digest,
        kind=_text(record, "kind"),
        stage=str(stage),
        because=_text(record, "because"),
        decided_at=_instant(record.get("decided_at")),
        previous=_text(record, "previous"),
        commit=_text(release, "commit"),
        subject=_text(release, "subject"),
        author=_text(release, "author"),
        items=tuple(_item(one) for one in _records(record, "items")),
        gates=tuple(_gate(one) for one in _records(record, "gates")),
        approvals=tuple(
            ApprovalShown(_text(one, "by"), _instant(one.get("at")), _text(one, "reason"))
            for one in _records(record, "approvals")
        ),
        topics=tuple(
            TopicShown(_text(one, "topic"), _text(one, "answer"), _texts(one, "said"))
            for one in _records(record, "account")
        ),
        notes=tuple(_notes(_record(_record(record.get("background")).get("notes")))),
        standing=str(checked.standing),
        failed=tuple(check.said for check in checked.checks if check.ok is not True),
    )


def _notes(notes: Record) -> Iterator[str]:
    for group in _records(notes, "groups"):
        yield from (_text(one, "subject") for one in _records(group, "notes"))
        if group.get("more"):
            yield f"and {group['more']} more: {_text(group, 'title')}"


def _item(item: Record) -> ItemShown:
    ok = item.get("ok")
    answer = "ok" if ok is True else "not ok" if ok is False else "unknown"
    return ItemShown(_text(item, "check"), answer, _text(item, "detail"), _text(item, "evidence"))


def _gate(gate: Record) -> GateShown:
    return GateShown(
        gate=_text(gate, "gate"),
        release=_text(gate, "release"),
        ruling=_text(gate, "ruling"),
        reasons=_texts(gate, "reasons"),
        objectives=tuple(_objective(one) for one in _records(gate, "objectives")),
        evidence=_text(gate, "evidence"),
    )


def _objective(objective: Record) -> ObjectiveShown:
    measured = objective.get("measured")
    return ObjectiveShown(
        measure=_text(objective, "measure"),
        wanted=_text(objective, "wanted"),
        measured=float(measured) if isinstance(measured, int | float) else None,
        ruling=_text(objective, "ruling"),
    )


def _record(value: object) -> Record:
    return value if isinstance(value, Mapping) else {}


def _records(record: Record, key: str) -> list[Record]:
    found = record.get(key, ())
    if not isinstance(found, list | tuple):
        return []
    return [one for one in found if isinstance(one, Mapping)]


def _texts(record: Record, key: str) -> tuple[str, ...]:
    found = record.get(key, ())
    return tuple(map(str, found)) if isinstance(found, list | tuple) else ()


def _text(record: Record, key: str) -> str:
    value = record.get(key)
    return "" if value is None else str(value)


def _instant(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
