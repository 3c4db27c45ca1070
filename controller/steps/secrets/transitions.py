"""The steps of a rotation; `deliver` walks them. Each gives the next record, or None to wait."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from controller.diagnostics.errors import Bug, Transient
from controller.diagnostics.secret import SecretText
from controller.model.delivery import RotationPhase
from controller.steps.secrets.publish import publish
from controller.steps.secrets.record import AHEAD, Material, RotationRecord, ensure_latest, save
from controller.steps.secrets.render import login_fields, random_fields
from controller.steps.secrets.request import PostgresLogin, Random, SecretPorts, SecretRequest

PASSWORD_LENGTH = 40

Step = Callable[
    [SecretRequest, SecretPorts, RotationRecord], Awaitable[tuple[RotationRecord | None, int]]
]


def logins(kind: PostgresLogin) -> tuple[str, str]:
    """Name the two logins of a role."""
    return f"{kind.role}_a", f"{kind.role}_b"


def is_due(request: SecretRequest, record: RotationRecord, now: datetime) -> bool:
    """Tell whether a rotation is to begin: the first value, its age, a wish, or another role."""
    if record.current is None:
        return True
    if isinstance(request.kind, PostgresLogin) and record.current.login not in logins(request.kind):
        return True
    asked = request.requested_at
    if asked is not None and record.changed_at < asked <= now:
        return True
    return request.rotation is not None and now >= record.changed_at + request.rotation.every


async def begin(
    request: SecretRequest, ports: SecretPorts, record: RotationRecord
) -> RotationRecord:
    """Make the new value and keep it, before anything in the world is touched."""
    if isinstance(request.kind, PostgresLogin):
        first, second = logins(request.kind)
        in_use = record.current is not None and record.current.login == first
        made = Material(second if in_use else first, ports.new_secret(PASSWORD_LENGTH))
    else:
        length = request.kind.length if isinstance(request.kind, Random) else PASSWORD_LENGTH
        made = Material("", ports.new_secret(length))
    prepared = replace(
        record, phase=RotationPhase.PREPARED, upcoming=made, changed_at=ports.now(), deadline=None
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
    return await publish(ports, request, record, _fields(request, record.current, None))


async def tend_login(request: SecretRequest, ports: SecretPorts, record: RotationRecord) -> None:
    """Make the login in use work again, as after its database was made anew."""
    kind, used = request.kind, record.delivered
    if not isinstance(kind, PostgresLogin) or used is None:
        return
    if await ports.credentials.can_log_in(kind.database, used.login, used.text):
        return
    await ensure_latest(ports.store, request, record)
    await ports.credentials.set_password(kind.database, kind.role, used.login, used.text)
    if not await ports.credentials.can_log_in(kind.database, used.login, used.text):
        raise Transient.because(f"the login `{used.login}` is refused", code="secrets/refused")


async def _apply(
    request: SecretRequest, ports: SecretPorts, record: RotationRecord
) -> tuple[RotationRecord, int]:
    """Set the new password on the standby login; a random text needs neither this nor a test."""
    made = _upcoming(record)
    phase = RotationPhase.VERIFIED
    if isinstance(request.kind, PostgresLogin):
        await ensure_latest(ports.store, request, record)
        await ports.credentials.set_password(
            request.kind.database, request.kind.role, made.login, made.text
        )
        phase = RotationPhase.APPLIED
    return await save(ports.store, request, replace(record, phase=phase)), 0


async def _verify(
    request: SecretRequest, ports: SecretPorts, record: RotationRecord
) -> tuple[RotationRecord, int]:
    """Log in as consumers do; goes one step back when that is refused. Raises Transient."""
    made = _upcoming(record)
    if isinstance(request.kind, PostgresLogin) and not await ports.credentials.can_log_in(
        request.kind.database, made.login, made.text
    ):
        await save(ports.store, request, replace(record, phase=RotationPhase.PREPARED))
        raise Transient.because(f"the new login `{made.login}` is refused", code="secrets/refused")
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
) -> tuple[RotationRecord | None, int]:
    """End the old value when the grace is over, and prove that it is dead. Raises Transient."""
    if not _is_over(record, ports.now()):
        return None, 0
    version = 0
    if isinstance(request.kind, PostgresLogin):
        await ensure_latest(ports.store, request, record)
        await _end_login(request.kind, ports, record.current)
    else:
        record, version = await _publish_upcoming(request, ports, record)
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


async def _end_login(kind: PostgresLogin, ports: SecretPorts, old: Material | None) -> None:
    if old is None:
        return
    await ports.credentials.disable(kind.database, old.login)
    if await ports.credentials.can_log_in(kind.database, old.login, old.text):
        raise Transient.because(f"the old login `{old.login}` still works", code="secrets/not-dead")


async def _publish_upcoming(
    request: SecretRequest, ports: SecretPorts, record: RotationRecord
) -> tuple[RotationRecord, int]:
    over = record.phase is RotationPhase.RETIRED or _is_over(record, ports.now())
    old = None if over else record.current
    return await publish(ports, request, record, _fields(request, _upcoming(record), old))


def _is_over(record: RotationRecord, now: datetime) -> bool:
    return record.deadline is not None and now >= record.deadline


def _fields(
    request: SecretRequest, material: Material, previous: Material | None
) -> dict[str, SecretText]:
    if isinstance(request.kind, PostgresLogin):
        return login_fields(request.kind, material)
    return random_fields(material, previous)


def _upcoming(record: RotationRecord) -> Material:
    if record.upcoming is None:
        raise Bug.because(f"a rotation is {record.phase} without a new value")
    return record.upcoming
