"""The copies that a secret's document names → places that can be looked at and written."""

import json

from controller.diagnostics.errors import Stalled
from controller.model.delivery import SecretReference
from controller.model.names import SecretName
from controller.ports.secret_copy import SecretCopy
from controller.steps.secrets.copies import forget, known_copies, withdraw
from controller.steps.secrets.request import Copy, SecretPorts, SecretRequest
from controller.workflows.catalogs import StageTarget
from controller.workflows.world import World
from schemas.kinds.secret import Copy as CopyDocument
from schemas.kinds.secret_store import SecretStore as SecretStoreDocument

RESERVED = frozenset({"rotation", "copies", "fingerprint", "requests"})
"""What paths in a store of ours begin with that are not for consumers."""
NAMES_OF_A_SECRET = 3


async def open_copies(
    world: World, target: StageTarget, name: SecretName, wanted: tuple[CopyDocument, ...]
) -> tuple[Copy, ...]:
    """Give the copies of a document, ready for use. Raises Stalled, StoreUnreachable."""
    return tuple([await _open(world, target, name, each) for each in wanted])


async def retire_copies(
    world: World, target: StageTarget, request: SecretRequest, ports: SecretPorts
) -> None:
    """Take away, or let go of, the copies that no document names any more."""
    known = await known_copies(ports.store, request)
    present = {copy.place.address for copy in ports.copies}
    gone = [address for address in known if address not in present]
    for address in gone:
        document = CopyDocument.model_validate_json(known[address])
        if document.removal == "delete":
            copy = await _open(world, target, request.name, document)
            await withdraw(ports, request, copy.place)
    if gone:
        await forget(ports.store, request, gone)


async def _open(
    world: World, target: StageTarget, name: SecretName, document: CopyDocument
) -> Copy:
    filled = _filled(document, name)
    template = filled.template
    place: SecretCopy
    if filled.store is not None:
        path = filled.store.path
        _check(path)
        store = await world.secret_store(store_document(target, filled.store.store))
        place = world.store_copy(store, SecretReference(filled.store.store, path))
    elif filled.github is not None:
        place = world.github_copy(filled.github.repository, filled.github.name)
        template = template or "{value}"
    else:
        raise Stalled.because("a copy names no place")
    return Copy(
        place,
        described=json.dumps(filled.model_dump(mode="json", by_alias=True)),
        template=template,
        takes_over=filled.existing == "overwrite",
        corrects=filled.drift == "correct",
    )


def _filled(document: CopyDocument, name: SecretName) -> CopyDocument:
    """Fill the names of product and environment in; templates of values are left alone."""
    words = {"product": name.product, "environment": name.environment}
    words |= {key.upper(): text.upper().replace("-", "_") for key, text in words.items()}

    def fill(text: str) -> str:
        for key, word in words.items():
            text = text.replace("{" + key + "}", word)
        return text

    if document.store is not None:
        path = fill(document.store.path)
        return document.model_copy(
            update={"store": document.store.model_copy(update={"path": path})}
        )
    if document.github is not None:
        filled = fill(document.github.name)
        return document.model_copy(
            update={"github": document.github.model_copy(update={"name": filled})}
        )
    return document


def _check(path: str) -> None:
    """Refuse paths at which secrets themselves, or what we note of them, may lie."""
    parts = path.split("/")
    if parts[0] in RESERVED or len(parts) == NAMES_OF_A_SECRET:
        raise Stalled.because(
            f"`{path}` may be the path of a secret itself",
            hint="use two, four or more names, as in `apps/shop/dev/db`",
            code="secrets/path-not-allowed",
        )


def store_document(target: StageTarget, name: str) -> SecretStoreDocument:
    """Find the document of a store. Raises Stalled."""
    for loaded in (target.base, target.ahead):
        if loaded is not None:
            found = loaded.catalog.find(SecretStoreDocument, name)
            if found is not None:
                return found
    raise Stalled.because(f"there is no secret store `{name}`")
