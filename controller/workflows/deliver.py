"""Make, deliver and rotate one secret of one environment; then let go on who waited for it."""

from dataclasses import replace
from datetime import datetime, timedelta

from controller.diagnostics.diagnostic import Diagnostic, Severity
from controller.diagnostics.errors import DependencyNotReady, TrueupError
from controller.model.delivery import Delivery, RotationPhase
from controller.model.names import Commit, SecretName
from controller.model.status import SecretStatus
from controller.steps.secrets.deliver import deliver as deliver_step
from controller.steps.secrets.request import SecretPorts, SecretRequest, Written, reference_of
from controller.workflows import keys
from controller.workflows.catalogs import StageTarget
from controller.workflows.consumers import open_consumers
from controller.workflows.parts import Parts
from controller.workflows.quiet import Basis
from controller.workflows.reach import HEAD
from controller.workflows.requests import access_of, request_of
from controller.workflows.secret_copies import (
    note_store,
    noted_stores,
    open_copies,
    retire_everywhere,
    store_document,
)
from controller.workflows.secret_documents import digest_of, find_secret, may_be_broken
from controller.workflows.secret_server import look_at_server, require_room
from schemas.kinds.environment import Environment
from schemas.kinds.secret import Secret

GONE = "its document is gone"
LOOK_AGAIN = timedelta(minutes=10)
"""A delivered secret is looked at again after this time: its file or its login may be gone."""


async def deliver(parts: Parts, name: SecretName) -> datetime | None:
    """Bring one secret further; gives the instant of its next step."""
    target = await parts.units.target(name.stage)
    document = find_secret(target, name)
    parts.used_secrets[name] = digest_of(target, name)
    status = await parts.world.ledger.secret(name) or SecretStatus(name)
    if _is_suspended(target, name):
        return parts.world.clock.now() + LOOK_AGAIN
    try:
        await look_at_server(parts)
        require_room(parts)
        if document is None:
            await _withdraw(parts, target, status)
            return None
        basis = await _basis(parts, target, document, name)
        store = await parts.world.secret_store(store_document(target, document.spec.store))
        prints = await parts.quiet.prints(name, document, store)
        same = None
        if prints is not None and status.ready:
            same = await parts.quiet.unchanged(name, basis, prints)
        delivery = same or await _advance(parts, target, document, status)
    except TrueupError as error:
        parts.quiet.forget(name)
        await parts.recording.secret(
            replace(status, ready=status.delivery is not None, message=str(error))
        )
        await _tell(parts, status, findings_of(status.delivery, document, parts.world.clock.now()))
        raise
    soon = parts.world.clock.now() + LOOK_AGAIN
    if same is not None:
        return min(same.come_again or soon, soon)
    await parts.quiet.ended(name, basis, prints, delivery)
    await _record(parts, document, status, delivery)
    before = status.delivery.generation if status.ready and status.delivery else None
    is_new = before != delivery.generation
    for unit in target.graph.of_stage(name.stage):
        if is_new and name in unit.needs_secrets:
            await parts.world.dispatcher.wake(keys.unit_key(unit.name))
    await parts.world.dispatcher.wake(keys.stage_key(name.stage))
    return min(delivery.come_again or soon, soon)


async def _basis(parts: Parts, target: StageTarget, document: Secret, name: SecretName) -> Basis:
    return Basis(
        document=parts.used_secrets.get(name),
        asked_at=await parts.wishes.rotation_asked_at(name),
        access=access_of(document.spec.deliver.file),
        store=store_document(target, document.spec.store).model_dump_json(),
    )


async def _advance(
    parts: Parts, target: StageTarget, document: Secret, status: SecretStatus
) -> Delivery:
    world, spec = parts.world, document.spec
    drifted: list[str] = []
    if spec.deliver.copies:
        await note_store(world, status.name, spec.store)
    ports = replace(
        await _ports(parts, target, spec.store),
        copies=await open_copies(world, target, status.name, spec.deliver.copies),
        told=drifted.append,
    )
    request = await request_of(parts, target, document, status)
    place = world.secret_target.address(status.name)
    consumers = open_consumers(parts, spec.consumers, status.name.stage, place)
    ports = replace(ports, consumers=consumers)
    delivery = await deliver_step(request, ports)  # its journal is the rotation record in the store
    await retire_everywhere(world, target, request, ports)
    addresses = tuple(copy.place.address for copy in ports.copies)
    reasons = tuple(each.reason for each in consumers if each.reason)
    return replace(delivery, copies=addresses, drifted=tuple(drifted), unasked=reasons)


async def _withdraw(parts: Parts, target: StageTarget, status: SecretStatus) -> None:
    """Treat the copies of a secret whose document is gone as the document last said.

    Raises DependencyNotReady while the document may be there, in a file that cannot be read.
    """
    world, name = parts.world, status.name
    if status.delivery is not None and status.delivery.copies:
        await note_store(world, name, status.delivery.reference.store)
    stores = await noted_stores(world, name)
    if not stores and (status.delivery is None or status.message.startswith(GONE)):
        return
    if may_be_broken(parts.catalogs.known_head().catalog, name):
        raise DependencyNotReady.because(
            f"the document of `{name}` is not there, or it is in one that is broken",
            hint="mend what `trueup get findings` names",
        )
    left: list[str] = []
    if stores:
        reference = reference_of(stores[0], name)
        ports = replace(await _ports(parts, target, stores[0]), told=left.append)
        request = SecretRequest(name, reference, Written())
        await retire_everywhere(world, target, request, ports)
    message = "; ".join((GONE, *left))
    await parts.recording.event(keys.secret_key(name), "Withdrawn", message)
    await world.dispatcher.wake(keys.STOCK)
    delivery = status.delivery and replace(status.delivery, copies=(), drifted=())
    await parts.recording.secret(replace(status, delivery=delivery, message=message))


async def _ports(parts: Parts, target: StageTarget, store: str) -> SecretPorts:
    world = parts.world
    return SecretPorts(
        store=await world.secret_store(store_document(target, store)),
        target=world.secret_target,
        credentials=world.credentials,
        new_secret=world.new_secret,
        now=world.clock.now,
    )


async def _record(parts: Parts, document: Secret, status: SecretStatus, delivery: Delivery) -> None:
    before = status.delivery
    subject = keys.secret_key(status.name)
    if before is None:
        await parts.recording.event(subject, "Delivered", f"generation {delivery.generation}")
    elif before.generation != delivery.generation:
        await parts.recording.event(
            subject,
            "Rotated",
            f"generation {delivery.generation} is delivered: {delivery.cause or 'asked for'}",
        )
    if before is not None and before.phase != delivery.phase == RotationPhase.IDLE:
        await parts.recording.event(subject, "Retired", "the old one is dead")
    if before is None or before.generation != delivery.generation:
        await parts.world.dispatcher.wake(keys.STOCK)
    message = _message(delivery)
    await parts.recording.secret(replace(status, delivery=delivery, ready=True, message=message))
    await _tell(parts, status, findings_of(delivery, document, parts.world.clock.now()))


async def _tell(parts: Parts, status: SecretStatus, found: list[Diagnostic]) -> None:
    """Keep the findings; where there were none and are none, nothing is written."""
    subject, ledger = keys.secret_key(status.name), parts.world.ledger
    if found or any(scope == subject for scope, _ in await ledger.findings()):
        await ledger.put_findings(subject, Commit(await ledger.fact(HEAD) or ""), found)


def _message(delivery: Delivery) -> str:
    if delivery.phase == RotationPhase.IDLE:
        return "delivered"
    waits = f", waits for {', '.join(delivery.waits_for)}" if delivery.waits_for else ""
    reasons = "".join(f"; {each}" for each in delivery.unasked)
    return f"rotating: {delivery.phase}{waits}{reasons}"


def findings_of(
    delivery: Delivery | None, document: Secret | None, now: datetime
) -> list[Diagnostic]:
    """Tell what somebody should look at: copies, consumers that do not tell, an age."""
    if delivery is None or document is None:
        return []
    found = [
        Diagnostic("secrets/copy-changed", text, severity=Severity.WARNING)
        for text in delivery.drifted
    ]
    if delivery.waits_for and delivery.late_at is not None and now >= delivery.late_at:
        named = ", ".join(f"`{name}`" for name in delivery.waits_for)
        found.append(
            Diagnostic(
                "secrets/not-acknowledged",
                f"the old value waits since {delivery.late_at:%Y-%m-%d %H:%M} UTC for {named}",
                severity=Severity.WARNING,
                hint="find out whether they use the new one: `trueup secrets ack`",
            )
        )
    rotation, changed = document.spec.rotation, delivery.changed_at
    oldest = rotation.max_age if rotation is not None else None
    rests = delivery.phase is RotationPhase.IDLE
    if oldest is not None and changed is not None and rests and now >= changed + oldest:
        found.append(
            Diagnostic(
                "secrets/overdue",
                f"the value is of {changed:%Y-%m-%d}, which is older than its `maxAge`",
                severity=Severity.WARNING,
                hint="write a new one" if document.spec.generate is None else "look at its message",
            )
        )
    return found


def _is_suspended(target: StageTarget, name: SecretName) -> bool:
    for loaded in (target.base, target.ahead):
        if loaded is not None:
            environment = loaded.catalog.find(Environment, name.environment)
            if environment is not None:
                return environment.spec.suspended
    return False
