"""The one record of a secret's rotation, kept in the store beside the values it speaks of.

It is written before anything in the world is touched, each time only if nobody else wrote it
meanwhile: so a controller that was killed goes on where it was, and two exclude each other.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from controller.diagnostics.errors import PlanStale, Stalled, StateLocked
from controller.diagnostics.secret import SecretText
from controller.model.delivery import RotationPhase, SecretReference
from controller.model.material import Material
from controller.ports.secret_store import SecretStore
from controller.steps.secrets.request import SecretRequest

__all__ = [
    "AHEAD",
    "Material",
    "RotationRecord",
    "ensure_latest",
    "load",
    "record_reference",
    "save",
]

FORMAT = 1
AHEAD = frozenset({RotationPhase.PUBLISHED, RotationPhase.DRAINING, RotationPhase.RETIRED})
"""The phases in which consumers have the upcoming value already."""


@dataclass(frozen=True, slots=True)
class RotationRecord:
    """Where a rotation stands.

    `current` is what consumers had before the rotation and `upcoming` what they get; outside of a
    rotation there is only `current`. `edition` counts the texts that were delivered: it moves on
    with each rotation, and also when the template or the address changed.
    """

    phase: RotationPhase
    generation: int
    """Of `current`; `upcoming` has the next."""
    changed_at: datetime
    current: Material | None = None
    upcoming: Material | None = None
    deadline: datetime | None = None
    edition: int = 0
    digest: str = ""
    acknowledged: tuple[str, ...] = ()
    """The consumers that are known to have the upcoming value."""
    cause: str = ""
    """Why the last rotation began."""
    version: int = 0
    """Of this record in the store; 0: not there yet."""

    @property
    def delivered_generation(self) -> int:
        """The generation that consumers read."""
        return self.generation + 1 if self.phase in AHEAD else self.generation

    @property
    def delivered(self) -> Material | None:
        """What consumers read; None before the first delivery."""
        return self.upcoming if self.phase in AHEAD else self.current


def record_reference(request: SecretRequest) -> SecretReference:
    """Tell where the record lies; one name more than any secret, so that the two never meet."""
    return SecretReference(request.reference.store, f"rotation/{request.name}")


async def load(store: SecretStore, request: SecretRequest) -> RotationRecord | None:
    """Read the record; None when there is none. Raises Stalled when it cannot be understood."""
    reference = record_reference(request)
    description = await store.describe(reference)
    if description is None:
        return None
    fields = await store.read(reference, version=description.version)
    if fields is None:
        raise Stalled.because(
            f"the rotation record `{reference.path}` was deleted",
            hint="restore it, or delete all of its versions to begin anew",
            code="secrets/record-not-readable",
        )
    try:
        state = json.loads(fields["state"].reveal())
        if state["format"] != FORMAT:
            raise ValueError("written by another version of Trueup")  # noqa: TRY301 - one way out
        return RotationRecord(
            phase=RotationPhase(state["phase"]),
            generation=int(state["generation"]),
            changed_at=datetime.fromisoformat(state["changed_at"]),
            current=_material("current", state, fields),
            upcoming=_material("upcoming", state, fields),
            deadline=_instant(state["deadline"]),
            edition=int(state["edition"]),
            digest=str(state["digest"]),
            acknowledged=tuple(state.get("acknowledged", ())),
            cause=str(state.get("cause", "")),
            version=description.version,
        )
    except (KeyError, TypeError, ValueError):
        raise Stalled.because(
            f"the rotation record `{reference.path}` cannot be understood",
            hint="restore an earlier version of it",
            code="secrets/record-not-readable",
        ) from None


async def save(
    store: SecretStore, request: SecretRequest, record: RotationRecord
) -> RotationRecord:
    """Write the record over the version it was read at; raises StateLocked when that moved on."""
    state: dict[str, Any] = {
        "format": FORMAT,
        "phase": record.phase.value,
        "generation": record.generation,
        "changed_at": record.changed_at.isoformat(),
        "current": None if record.current is None else record.current.login,
        "upcoming": None if record.upcoming is None else record.upcoming.login,
        "deadline": None if record.deadline is None else record.deadline.isoformat(),
        "edition": record.edition,
        "digest": record.digest,
        "acknowledged": record.acknowledged,
        "cause": record.cause,
        "facts": {
            name: dict(material.facts)
            for name, material in (("current", record.current), ("upcoming", record.upcoming))
            if material is not None and material.facts
        },
    }
    fields = {"state": SecretText(json.dumps(state))}
    if record.current is not None:
        fields["current"] = record.current.text
    if record.upcoming is not None:
        fields["upcoming"] = record.upcoming.text
    try:
        version = await store.write(record_reference(request), fields, expect=record.version)
    except PlanStale:
        raise _elsewhere(request) from None
    return replace(record, version=version)


async def ensure_latest(store: SecretStore, request: SecretRequest, record: RotationRecord) -> None:
    """Raise StateLocked when the record moved on, just before a login is touched.

    A controller that was asleep for a whole rotation would otherwise end the login that is in use
    now, and learn of it only from its next write.
    """
    description = await store.describe(record_reference(request))
    if description is None or description.version != record.version:
        raise _elsewhere(request)


def _elsewhere(request: SecretRequest) -> StateLocked:
    return StateLocked.because(
        f"another controller works on the secret `{request.name}`",
        code="secrets/rotated-elsewhere",
    )


def _material(
    name: str, state: Mapping[str, Any], fields: Mapping[str, SecretText]
) -> Material | None:
    login, text = state[name], fields.get(name)
    if login is None:
        return None
    if text is None:
        raise ValueError("a login without its text")
    return Material(login, text, state.get("facts", {}).get(name, {}))


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
