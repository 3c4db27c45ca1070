"""Bring one secret to its consumers, and its rotation one or more steps further.

```
IDLE ──▶ PREPARED ──▶ APPLIED ──▶ VERIFIED ──▶ PUBLISHED ──▶ DRAINING ──▶ RETIRED ──▶ IDLE
      kept before     set on the   logs in as   at the store   the grace    the old one
      it is used      standby      consumers do and target     is kept      is dead
```

Each arrow looks first, does one thing that may be done twice, and then writes the record. The old
value works until the new one was delivered and the grace is over. The steps are in `transitions`.
"""

from dataclasses import replace
from datetime import datetime

from controller.diagnostics.errors import DependencyNotReady, Stalled
from controller.model.delivery import Delivery, RotationPhase
from controller.steps.secrets.copies import bring_copies
from controller.steps.secrets.publish import bring
from controller.steps.secrets.record import Material, RotationRecord, load
from controller.steps.secrets.render import rendered
from controller.steps.secrets.request import PostgresLogin, SecretPorts, SecretRequest, Written
from controller.steps.secrets.transitions import NEXT, begin, is_due, logins, settle, tend_login


async def deliver(request: SecretRequest, ports: SecretPorts) -> Delivery:
    """Make the secret if it is missing, deliver it, and rotate it when that is due or asked for.

    Never waits: `come_again` tells when there is more to do. May be repeated, and by two
    controllers at once. Stops with

    - StoreUnreachable, Transient: a server does not answer, or the new login does not work yet
    - StateLocked: another controller works on this secret
    - DependencyNotReady: a person has to write the value first
    - PlanStale, Stalled: a server refuses, or an address, template or record cannot be used
    """
    if isinstance(request.kind, Written):
        return await _deliver_written(request, ports)
    record = await _known(request, ports)
    version = 0
    if record.phase is not RotationPhase.VERIFIED:  # there the new value may be out already
        record, version = await settle(request, ports, record)
    if record.phase is RotationPhase.IDLE and is_due(request, record, ports.now()):
        record = await begin(request, ports, record)
    elif record.phase in {RotationPhase.IDLE, RotationPhase.DRAINING}:
        await tend_login(request, ports, record)
    while (step := NEXT.get(record.phase)) is not None:
        following, written = await step(request, ports, record)
        version = written or version
        if following is None:
            break
        record = following
    return _delivery(request, ports, record, version)


async def _known(request: SecretRequest, ports: SecretPorts) -> RotationRecord:
    """Give the record, or a fresh one; what lies at the secret's path already is kept.

    Raises Stalled when that, or the record, is of another kind: it is neither lost nor rotated.
    """
    record = await load(ports.store, request)
    if record is None:
        record = RotationRecord(RotationPhase.IDLE, 0, ports.now())
    if record.current is None and record.upcoming is None:
        record = await _adopted(request, ports, record)
    is_login = isinstance(request.kind, PostgresLogin)
    for material in (record.current, record.upcoming):
        if material is not None and bool(material.login) != is_login:
            raise _occupied(request)
    return record


async def _adopted(
    request: SecretRequest, ports: SecretPorts, record: RotationRecord
) -> RotationRecord:
    description = await ports.store.describe(request.reference)
    if description is None or description.deleted:
        return record
    fields = await ports.store.read(request.reference, version=description.version)
    if fields is None:
        return record
    if isinstance(request.kind, PostgresLogin):
        login, text = fields.get("username"), fields.get("password")
        name = login.reveal() if login is not None else ""
        known = name in logins(request.kind)
    else:
        name, text, known = "", fields.get("value"), True
    if text is None or not known:
        raise _occupied(request)
    return replace(
        record, generation=1, changed_at=description.created_at, current=Material(name, text)
    )


def _occupied(request: SecretRequest) -> Stalled:
    return Stalled.because(
        f"`{request.reference.path}` holds a value that is not of this secret's kind",
        hint="move it away, or give the secret another name",
        code="secrets/occupied",
    )


async def _deliver_written(request: SecretRequest, ports: SecretPorts) -> Delivery:
    """Deliver what a person wrote; a new version is delivered when it is seen."""
    description = await ports.store.describe(request.reference)
    fields = None
    if description is not None and not description.deleted:
        fields = await ports.store.read(request.reference, version=description.version)
    if description is None or fields is None:
        raise DependencyNotReady.because(
            f"nobody has written the secret `{request.name}` yet",
            hint=f"write it to `{request.reference.path}` of the store `{request.reference.store}`",
            code="secrets/not-written",
        )
    text = rendered(request.template, fields)
    record = await load(ports.store, request) or RotationRecord(
        RotationPhase.IDLE, 0, description.created_at
    )
    record = await bring(ports, request, record, text)
    await bring_copies(ports, request, fields)
    return Delivery(
        secret=request.name,
        reference=request.reference,
        version=description.version,
        generation=description.version,
        target=ports.target.address(request.name),
        phase=RotationPhase.IDLE,
        changed_at=description.created_at,
    )


def _delivery(
    request: SecretRequest, ports: SecretPorts, record: RotationRecord, version: int
) -> Delivery:
    return Delivery(
        secret=request.name,
        reference=request.reference,
        version=version,
        generation=record.delivered_generation,
        target=ports.target.address(request.name),
        phase=record.phase,
        changed_at=record.changed_at,
        come_again=_come_again(request, record),
    )


def _come_again(request: SecretRequest, record: RotationRecord) -> datetime | None:
    if record.phase is RotationPhase.DRAINING:
        return record.deadline
    return None if request.rotation is None else record.changed_at + request.rotation.every
