"""When an old value may end: after the grace, and when every consumer has the new one.

That a consumer has it is kept in the record. What is not known does not count as yes: the old value
then stays, unless the document says `retireAnyway`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from controller.model.delivery import RotationPhase
from controller.steps.secrets.record import RotationRecord, save
from controller.steps.secrets.request import SecretPorts, SecretRequest
from controller.steps.secrets.rotated.choose import rotated


async def hear(
    request: SecretRequest, ports: SecretPorts, record: RotationRecord
) -> RotationRecord:
    """Ask those who were not heard yet whether they have the new value; keep what they say."""
    if record.current is None:
        return record
    generation = record.generation + 1
    heard = list(record.acknowledged)
    for consumer in ports.consumers:
        if consumer.name not in heard and await consumer.has(request.name, generation):
            heard.append(consumer.name)
    kind = rotated(request)
    if (
        kind.proof
        and kind.proof not in heard
        and record.upcoming is not None
        and await kind.is_used(record.upcoming)
    ):
        heard.append(kind.proof)
    if tuple(heard) == record.acknowledged:
        return record
    return await save(ports.store, request, replace(record, acknowledged=tuple(heard)))


def unheard(request: SecretRequest, record: RotationRecord) -> Sequence[str]:
    """Name who is not known to have the new value; a first value has nobody to wait for."""
    if record.current is None:
        return ()
    proof = rotated(request).proof
    wanted = (*request.consumers, *((proof,) if proof else ()))
    return [name for name in wanted if name not in record.acknowledged]


def gives_up_at(request: SecretRequest, record: RotationRecord) -> datetime | None:
    """Tell when waiting for consumers becomes too long; None: it has not begun."""
    rotation = request.rotation
    if record.deadline is None or rotation is None or rotation.ack_timeout is None:
        return record.deadline
    return max(record.deadline, record.deadline - rotation.grace + rotation.ack_timeout)


def counts_still(request: SecretRequest, record: RotationRecord, now: datetime) -> bool:
    """Tell whether the old value still counts beside the new one."""
    if record.phase is RotationPhase.RETIRED:
        return False
    if record.deadline is None or now < record.deadline:
        return True
    if not unheard(request, record):
        return False
    late = gives_up_at(request, record)
    anyway = request.rotation is not None and request.rotation.retire_anyway
    return not (anyway and late is not None and now >= late)
