"""Pointers as text: the files of the promotions branch."""

import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from pydantic import TypeAdapter, ValidationError

from controller.diagnostics.errors import Stalled
from controller.model.canonical import digest_of
from controller.model.decision import Decision, DecisionHead
from controller.model.names import Commit, Digest, StageName
from controller.model.pointer_change import TRAILER, PointerChange
from controller.model.release import Hold, Pointer

_DECISION = TypeAdapter(Decision)
_HEAD = TypeAdapter(DecisionHead)
_INSTANT = TypeAdapter(datetime)
DECISIONS = "decisions/"
HEADER = (
    "# Which release this stage is at. Written by Trueup; the branch's history is the record.\n"
)


def pointer_path(stage: StageName) -> str:
    """Tell the path of a stage's pointer on the promotions branch."""
    return f"{stage.product}/{stage.environment}.yaml"


def decisions_path(stage: StageName) -> str:
    """Tell the folder that a stage's decision records lie in, with a `/` at the end."""
    return f"{DECISIONS}{stage.product}/{stage.environment}/"


def decision_path(stage: StageName, decision: Digest) -> str:
    """Tell where a decision record lies on the promotions branch."""
    return f"{decisions_path(stage)}{decision.removeprefix('sha256:')[:16]}.json"


def bind(message: str, text: str) -> str:
    """Give a commit's message with the line that binds it to the text of the pointer it writes."""
    return f"{message.rstrip()}\n\n{TRAILER}: {digest_of(text)}\n"


def is_bound(change: PointerChange) -> bool:
    """Tell whether the message of a commit is of the text that it left."""
    if change.text is None:
        return False
    return f"{TRAILER}: {digest_of(change.text)}" in change.message.splitlines()


def read_decision(text: str) -> Decision | None:
    """Read a record; None for what is none."""
    try:
        return _DECISION.validate_json(text)
    except ValidationError:
        return None


def read_head(text: str) -> DecisionHead | None:
    """Read of a record when and what was decided; None for what is none."""
    try:
        head = _HEAD.validate_json(text)
    except ValidationError:
        return None
    return head if head.decided_at.tzinfo is not None else None  # somebody's hand wrote it


def write_pointer(pointer: Pointer) -> str:
    """Give the text of a pointer's file; the same pointer gives the same text."""
    lines = [
        f"product: {pointer.stage.product}",
        f"environment: {pointer.stage.environment}",
        f'commit: "{pointer.commit}"',  # quoted: some commits read as numbers
        f"release: {pointer.digest}",
    ]
    if pointer.decision:
        lines.append(f"decision: {pointer.decision}")
    if pointer.number:
        lines.append(f"number: {pointer.number}")
    if pointer.rejected:
        lines.append(f"rejected: {pointer.rejected}")
    if pointer.rejected_commit:
        lines.append(f'rejected_commit: "{pointer.rejected_commit}"')
    if pointer.rejected_by:
        lines.append(f"rejected_by: {json.dumps(pointer.rejected_by)}")
    if pointer.rejected_at:
        lines.append(f'rejected_at: "{pointer.rejected_at.isoformat()}"')
    if pointer.hold:
        lines += ["hold:", *(f"  {line}" for line in _hold_lines(pointer.hold))]
    return HEADER + "\n".join(lines) + "\n"


def _hold_lines(hold: Hold) -> list[str]:
    lines = [
        f"by: {json.dumps(hold.by)}",
        f'at: "{hold.at.isoformat()}"',
        f"reason: {json.dumps(hold.reason)}",
    ]
    return [*lines, f'until: "{hold.until.isoformat()}"'] if hold.until else lines


def read_pointer(stage: StageName, files: Mapping[str, str]) -> Pointer | None:
    """Read a stage's pointer; None when there is none. Raises Stalled when it says too little."""
    text = files.get(pointer_path(stage))
    return None if text is None else _read(stage, text)


@lru_cache(maxsize=1024)
def _read(stage: StageName, text: str) -> Pointer:
    """Read a pointer's text; a stage looks at every turn, and it seldom says another thing."""
    path = pointer_path(stage)
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        values = YAML(typ="safe", pure=True).load(io.StringIO(text))
        commit, digest = values["commit"], values["release"]
        hold = _hold(values.get("hold"))
        rejected_at = _instant(values.get("rejected_at"))
    except (YAMLError, KeyError, TypeError, ValueError) as error:
        raise Stalled.because(
            f"`{path}` on the promotions branch does not say a commit and a release, or its hold"
            " cannot be read",
            hint="revert the last commit to that file, or write what is missing",
        ) from error
    number = values.get("number")
    return Pointer(
        stage=stage,
        commit=Commit(str(commit)),
        digest=Digest(str(digest)),
        decision=_digest(values.get("decision")),
        rejected=_digest(values.get("rejected")),
        rejected_commit=_commit(values.get("rejected_commit")),
        rejected_by=str(values.get("rejected_by") or ""),
        rejected_at=rejected_at,
        hold=hold,
        number=number if isinstance(number, int) else 0,
    )


def _hold(value: object) -> Hold | None:
    """Read a hold; one that cannot be read is not taken for none. Raises ValueError, KeyError."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise TypeError("a hold is a mapping")
    at = _instant(value["at"])
    if at is None:
        raise ValueError("a hold says since when")
    return Hold(str(value["by"]), at, str(value["reason"]), _instant(value.get("until")))


def _instant(value: object) -> datetime | None:
    if value is None:
        return None
    found = _INSTANT.validate_python(value)
    if found.tzinfo is None:
        raise ValueError("an instant has an offset")
    try:
        found.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("an instant lies between the years 1 and 9999") from error
    return found


def _commit(value: object) -> Commit | None:
    return Commit(value) if isinstance(value, str) else None


def _digest(value: object) -> Digest | None:
    return Digest(value) if isinstance(value, str) else None
