"""The document of a secret → what the step is asked for."""

from dataclasses import replace
from datetime import timedelta

from controller.diagnostics.secret import SecretText
from controller.model.delivery import DatabaseAddress, FileAccess, RotationPhase
from controller.model.names import SecretName
from controller.model.status import SecretStatus
from controller.steps.secrets.request import (
    Cron,
    Issued,
    PostgresLogin,
    Random,
    Rotation,
    SecretRequest,
    Window,
    Written,
    reference_of,
)
from controller.workflows.catalogs import StageTarget
from controller.workflows.parts import Parts
from controller.workflows.secret_copies import store_document
from controller.workflows.world import MakerOrder
from schemas.generate import Generate
from schemas.generate import PostgresLogin as PostgresLoginDocument
from schemas.kinds.secret import DeliverFile, Secret
from schemas.rotation import Rotation as RotationDocument

NOTHING = timedelta(0)


async def request_of(
    parts: Parts, target: StageTarget, document: Secret, status: SecretStatus
) -> SecretRequest:
    """Fill a document in, with the outputs and places that it names. Raises Stalled."""
    spec, name = document.spec, status.name
    file, rotation = spec.deliver.file, _rotation(spec.rotation) if spec.rotation else None
    if await _is_at_once(parts, status):
        rotation = replace(
            rotation or Rotation(None, NOTHING), grace=NOTHING, ack_timeout=None, retire_anyway=True
        )
    return SecretRequest(
        name=name,
        reference=reference_of(spec.store, name),
        kind=await _kind(parts, target, spec.generate, name),
        template=file.template if "template" in file.model_fields_set else None,
        access=access_of(file),
        rotation=rotation,
        requested_at=await parts.wishes.rotation_asked_at(name),
        consumers=tuple(each.name for each in spec.consumers if each.ack != "none"),
    )


async def _is_at_once(parts: Parts, status: SecretStatus) -> bool:
    """Tell whether the rotation that is wanted, or under way, is one whose old value leaked."""
    drill = await parts.wishes.drills.latest_of(status.name)
    if drill is None or not drill.at_once:
        return False
    delivery = status.delivery
    changed = delivery.changed_at if delivery is not None else None
    is_answered = changed is not None and changed >= drill.at
    return not is_answered or (delivery is not None and delivery.phase != RotationPhase.IDLE)


async def _kind(
    parts: Parts, target: StageTarget, generate: Generate | None, name: SecretName
) -> Random | PostgresLogin | Issued | Written:
    if generate is None:
        return Written()
    text = generate.random or generate.webhook_hmac
    if text is not None:
        return Random(text.length)
    if generate.postgres_login is not None:
        return await _login(parts, target, generate.postgres_login, name)
    wanted = filled(generate, name)
    stores = [store_document(target, store) for _, store in wanted.stores()]
    order = MakerOrder(name, wanted, stores[0] if stores else None)
    return Issued(await parts.world.maker(order))


async def _login(
    parts: Parts, target: StageTarget, login: PostgresLoginDocument, name: SecretName
) -> PostgresLogin:
    outputs = await parts.units.secret_inputs(target, name)
    values = {(unit.stack, output): value for (unit, output), value in outputs.items()}
    return PostgresLogin(
        DatabaseAddress(
            admin=SecretText(str(values[login.admin.stack, login.admin.output])),
            url=str(values[login.url.stack, login.url.output]),
        ),
        login.role,
    )


def filled(generate: Generate, name: SecretName) -> Generate:
    """Fill the names of product and environment in, wherever a text stands."""
    words = {"{product}": name.product, "{environment}": name.environment}

    def fill(value: object) -> object:
        if isinstance(value, str):
            for key, word in words.items():
                value = value.replace(key, word)
            return value
        if isinstance(value, dict):
            return {key: fill(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [fill(inner) for inner in value]
        return value

    return Generate.model_validate(
        fill(generate.model_dump(mode="json", by_alias=True, exclude_none=True))
    )


def _rotation(rotation: RotationDocument) -> Rotation:
    return Rotation(
        every=rotation.every,
        grace=rotation.grace,
        cron=Cron(rotation.cron, rotation.time_zone) if rotation.cron else None,
        windows=tuple(
            Window(Cron(each.cron, each.time_zone), each.length) for each in rotation.windows
        ),
        max_age=rotation.max_age,
        ack_timeout=rotation.ack_timeout,
        retire_anyway=rotation.retire_anyway,
    )


def access_of(file: DeliverFile) -> FileAccess:
    """Tell who may read a delivered file."""
    owner, _, group = file.owner.partition(":")
    return FileAccess(int(file.mode, 8), owner, group)
