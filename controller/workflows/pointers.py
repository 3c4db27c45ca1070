"""Pointers as text: the files of the promotions branch."""

import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from pydantic import TypeAdapter, ValidationError

from controller.diagnostics.errors import Stalled
from controller.model.canonical import digest_of
from controller.model.decision import Decision, DecisionHead
from controller.model.names import Commit, Digest, StageName
from controller.model.pointer_change import TRAILER, PointerChange
from controller.model.release import Hold, Pointer, TakenBack

_DECISION = TypeAdapter(Decision)
_HEAD = TypeAdapter(DecisionHead)
_INSTANT = TypeAdapter(datetime)
_PLANE = 0xFFFF
"""The last character that four digits name."""
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
    lines += _taken_back_lines(pointer.taken_back)
    if pointer.hold:
        lines += ["hold:", *(f"  {line}" for line in _hold_lines(pointer.hold))]
    return HEADER + "\n".join(lines) + "\n"


def _taken_back_lines(taken_back: Sequence[TakenBack]) -> list[str]:
    """Write the newest as earlier versions did, which knew one; the others below it."""
    if not taken_back:
        return []
    newest, *others = ({"release": str(each.release), **_how(each)} for each in taken_back)
    lines = [f"rejected: {newest.pop('release')}"]
    lines += [f"rejected_{key}: {value}" for key, value in newest.items()]
    if others:
        lines.append("rejected_before:")
    flows = (", ".join(f"{key}: {value}" for key, value in each.items()) for each in others)
    return [*lines, *(f"  - {{{flow}}}" for flow in flows)]


def _how(one: TakenBack) -> dict[str, str]:
    said = {
        "commit": f'"{one.commit}"' if one.commit else "",
        "by": _quoted(one.by) if one.by else "",
        "at": f'"{one.at.isoformat()}"' if one.at else "",
    }
    return {key: value for key, value in said.items() if value}


def _hold_lines(hold: Hold) -> list[str]:
    lines = [
        f"by: {_quoted(hold.by)}",
        f'at: "{hold.at.isoformat()}"',
        f"reason: {_quoted(hold.reason)}",
    ]
    return [*lines, f'until: "{hold.until.isoformat()}"'] if hold.until else lines


def _quoted(text: str) -> str:
    """Quote a text for YAML, which joins no two halves of a character as JSON does."""
    beyond = (
        f"\\U{ord(sign):08x}" if ord(sign) > _PLANE else json.dumps(sign)[1:-1] for sign in text
    )
    return f'"{"".join(beyond)}"'


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
        taken_back = _taken_back(values)
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
        taken_back=taken_back,
        hold=hold,
        number=number if isinstance(number, int) else 0,
    )


def _taken_back(values: Mapping[str, object]) -> tuple[TakenBack, ...]:
    """Read what was taken back. Raises ValueError: what cannot be read is not taken for none."""
    newest = {
        "release": values.get("rejected"),
        **{key: values.get(f"rejected_{key}") for key in ("commit", "by", "at")},
    }
    before = values.get("rejected_before") or ()
    if not isinstance(before, Sequence):
        raise TypeError("releases that were taken back are a list")
    found = (_one_taken_back(each) for each in (newest, *before))
    return tuple(each for each in found if each is not None)


def _one_taken_back(value: object) -> TakenBack | None:
    if not isinstance(value, Mapping):
        raise TypeError("a release that was taken back is a mapping")
    release = _digest(value.get("release"))
    if release is None:
        return None
    by, at = _whole(value.get("by") or ""), _instant(value.get("at"))
    return TakenBack(release, _commit(value.get("commit")), by, at)


def _hold(value: object) -> Hold | None:
    """Read a hold; one that cannot be read is not taken for none. Raises ValueError, KeyError."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise TypeError("a hold is a mapping")
    at = _instant(value["at"])
    if at is None:
        raise ValueError("a hold says since when")
    by, reason = _whole(value["by"]), _whole(value["reason"])
    return Hold(by, at, reason, _instant(value.get("until")))


def _whole(value: object) -> str:
    """Read a text; halves of characters, as earlier versions wrote them, become whole again."""
    return str(value).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


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
