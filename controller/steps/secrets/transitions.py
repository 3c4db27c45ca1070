"""The steps of a rotation; `deliver` walks them. One that stays in its phase waits."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from controller.diagnostics.errors import Bug, Transient
from controller.model.delivery import RotationPhase
from controller.model.material import Material
from controller.steps.secrets.publish import publish
from controller.steps.secrets.record import AHEAD, RotationRecord, ensure_latest, save
from controller.steps.secrets.request import SecretPorts, SecretRequest
from controller.steps.secrets.retirement import counts_still, hear
from controller.steps.secrets.rotated.choose import rotated

Step = Callable[[SecretRequest, SecretPorts, RotationRecord], Awaitable[tuple[RotationRecord, int]]]


async def begin(
    request: SecretRequest, ports: SecretPorts, record: RotationRecord, cause: str
) -> RotationRecord:
    """Make the new value and keep it, before anything in the world is touched."""
    made = await rotated(request).prepare(ports, record.generation + 1, record.current)
    prepared = replace(
        record,
        phase=RotationPhase.PREPARED,
        upcoming=made,
        changed_at=ports.now(),
        deadline=None,
        acknowledged=(),
        cause=cause,
    )
    return await save(ports.store, request, prepared)


async def settle(
    request: SecretRequest, ports: SecretPorts, record: RotationRecord
) -> tuple[RotationRecord, int]:
    """Make store and target hold what consumers are to have in this phase."""
    if record.phase in AHEAD:
        return await _publish_upcoming(request, ports, record)
    if record.current is None:
        return record, 0
    fields = rotated(request).fields(record.current, None)
    return await publish(ports, request, record, fields)


async def tend(request: SecretRequest, ports: SecretPorts, record: RotationRecord) -> bool:
    """Look whether what consumers have works, and repair it; False when it must be replaced."""
    kind, used = rotated(request), record.delivered
    if used is None or await kind.still_works(ports, used):
        return True
    await ensure_latest(ports.store, request, record)
    if await kind.repair(ports, used):
        return True
    if record.phase is RotationPhase.IDLE:
        return False
    raise Transient.because(f"the new {kind.named(used)} is refused", code="secrets/refused")


async def _apply(
    request: SecretRequest, ports: SecretPorts, record: RotationRecord
) -> tuple[RotationRecord, int]:
    """Make the new value work; what no other system knows needs neither this nor a test."""
    kind, made = rotated(request), _upcoming(record)
    phase = RotationPhase.VERIFIED
    if kind.touches_world:
        await ensure_latest(ports.store, request, record)
        made = await kind.apply(ports, made, record.current)
        phase = RotationPhase.APPLIED
    return await save(ports.store, request, replace(record, phase=phase, upcoming=made)), 0


async def _verify(
    request: SecretRequest, ports: SecretPorts, record: RotationRecord
) -> tuple[RotationRecord, int]:
    """Use it as consumers do; goes one step back when that is refused. Raises Transient."""
    kind, made = rotated(request), _upcoming(record)
    if not await kind.verify(ports, made):
        await save(ports.store, request, replace(record, phase=RotationPhase.PREPARED))
        raise Transient.because(f"the new {kind.named(made)} is refused", code="secrets/refused")
    return await save(ports.store, request, replace(record, phase=RotationPhase.VERIFIED)), 0


async def _publish(
    request: SecretRequest, ports: SecretPorts, record: RotationRecord
) -> tuple[RotationRecord, int]:
    """Bring the new value to the store's path and to the target."""
    record, version = await _publish_upcoming(request, ports, record)
    published = replace(record, phase=RotationPhase.PUBLISHED)
    return await save(ports.store, request, published), version


async def _drain(
    request: SecretRequest, ports: SecretPorts, record: RotationRecord
) -> tuple[RotationRecord, int]:
    """Keep until when the old value counts; the grace begins now, after the delivery."""
    grace = request.rotation.grace if request.rotation and record.current else timedelta(0)
    draining = replace(record, phase=RotationPhase.DRAINING, deadline=ports.now() + grace)
    return await save(ports.store, request, draining), 0


async def _retire(
    request: SecretRequest, ports: SecretPorts, record: RotationRecord
) -> tuple[RotationRecord, int]:
    """End the old value when nobody needs it any more, and prove that it is dead."""
    record = await hear(request, ports, record)
    if counts_still(request, record, ports.now()):
        return record, 0
    kind, old, version = rotated(request), record.current, 0
    if kind.shows_previous:
        record, version = await _publish_upcoming(request, ports, record)
    if kind.touches_world:
        await ensure_latest(ports.store, request, record)
        if old is not None:
            await kind.end(ports, old, _upcoming(record))
            if not await kind.is_dead(ports, old):
                raise Transient.because(
                    f"the old {kind.named(old)} still works", code="secrets/not-dead"
                )
    retired = replace(record, phase=RotationPhase.RETIRED)
    return await save(ports.store, request, retired), version


async def _finish(
    request: SecretRequest, ports: SecretPorts, record: RotationRecord
) -> tuple[RotationRecord, int]:
    """Forget the old value: the new one is the current one."""
    idle = replace(
        record,
        phase=RotationPhase.IDLE,
        generation=record.generation + 1,
        current=_upcoming(record),
        upcoming=None,
        deadline=None,
    )
    return await save(ports.store, request, idle), 0


NEXT: Final[Mapping[RotationPhase, Step]] = {
    RotationPhase.PREPARED: _apply,
    RotationPhase.APPLIED: _verify,
    RotationPhase.VERIFIED: _publish,
    RotationPhase.PUBLISHED: _drain,
    RotationPhase.DRAINING: _retire,
    RotationPhase.RETIRED: _finish,
}
"""What leads out of a phase; out of IDLE leads `begin`, when a rotation is due."""


async def _publish_upcoming(
    request: SecretRequest, ports: SecretPorts, record: RotationRecord
) -> tuple[RotationRecord, int]:
    old = record.current if counts_still(request, record, ports.now()) else None
    fields = rotated(request).fields(_upcoming(record), old)
    return await publish(ports, request, record, fields)


def _upcoming(record: RotationRecord) -> Material:
    if record.upcoming is None:
        raise Bug.because(f"a rotation is {record.phase} without a new value")
    return record.upcoming
