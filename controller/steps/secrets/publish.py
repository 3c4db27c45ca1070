"""Brings a value to the places that consumers read: the store's path, the target, the copies."""

from collections.abc import Mapping
from dataclasses import replace

from controller.diagnostics.errors import PlanStale, StateLocked
from controller.diagnostics.secret import SecretText
from controller.steps.secrets.copies import bring_copies
from controller.steps.secrets.record import RotationRecord, save
from controller.steps.secrets.render import digest_of, rendered
from controller.steps.secrets.request import SecretPorts, SecretRequest


async def publish(
    ports: SecretPorts,
    request: SecretRequest,
    record: RotationRecord,
    fields: Mapping[str, SecretText],
) -> tuple[RotationRecord, int]:
    """Make both places hold `fields`; give the record as it is now, and the path's version.

    Looks first and may be repeated. Raises StateLocked, and what the ports raise.
    """
    text = rendered(request.template, fields)
    version = await _write(ports, request, fields)
    record = await bring(ports, request, record, text)
    await bring_copies(ports, request, fields)
    return record, version


async def bring(
    ports: SecretPorts, request: SecretRequest, record: RotationRecord, text: SecretText
) -> RotationRecord:
    """Make the target hold `text`, under an edition that no other text ever had.

    The edition is kept before it is used. A target that is ahead of the record tells of a store
    that was lost or restored: then the edition jumps over it.
    """
    there = await ports.target.generation(request.name, request.access)
    digest = digest_of(text)
    if digest != record.digest or (there is not None and there > record.edition):
        edition = max(record.edition, there or 0) + 1
        record = await save(ports.store, request, replace(record, digest=digest, edition=edition))
    if there != record.edition:
        await ports.target.put(request.name, text, generation=record.edition, access=request.access)
    return record


async def _write(
    ports: SecretPorts, request: SecretRequest, fields: Mapping[str, SecretText]
) -> int:
    description = await ports.store.describe(request.reference)
    version = 0 if description is None else description.version
    if description is not None and not description.deleted:
        there = await ports.store.read(request.reference, version=version)
        if there is not None and dict(there) == dict(fields):
            return version
    try:
        return await ports.store.write(request.reference, fields, expect=version)
    except PlanStale:
        raise StateLocked.because(
            f"somebody else wrote the secret `{request.name}` at this moment",
            code="secrets/rotated-elsewhere",
        ) from None
