"""The copies that a secret's document names → places that can be looked at and written."""

import hashlib
import json
from dataclasses import replace

from controller.diagnostics.errors import Stalled, TrueupError
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


async def note_store(world: World, name: SecretName, store: str) -> None:
    """Note, before the first copy is made, which store keeps the list of them.

    The secret's document may be gone before anything else is known of its copies.
    """
    known = await noted_stores(world, name)
    if store not in known:
        await world.ledger.set_fact(_fact(name), json.dumps(sorted({*known, store})))


async def noted_stores(world: World, name: SecretName) -> tuple[str, ...]:
    """Give the stores that may hold a list of copies of a secret."""
    found = await world.ledger.fact(_fact(name))
    return tuple(json.loads(found)) if found else ()


async def retire_everywhere(
    world: World, target: StageTarget, request: SecretRequest, ports: SecretPorts
) -> None:
    """Treat the copies that no document names any more as their entry last said.

    Cut off anywhere, it is done again. Raises what went wrong first; the others are done.
    """
    wanted = request.reference.store if ports.copies else ""
    for store in await noted_stores(world, request.name):
        there = await world.secret_store(store_document(target, store))
        of_store = replace(request, reference=replace(request.reference, store=store))
        await _retire(world, target, of_store, replace(ports, store=there))
        if store != wanted:
            left = {*await noted_stores(world, request.name)} - {store}
            await world.ledger.set_fact(_fact(request.name), json.dumps(sorted(left)))


async def _retire(
    world: World, target: StageTarget, request: SecretRequest, ports: SecretPorts
) -> None:
    known = await known_copies(ports.store, request)
    present = {copy.place.address for copy in ports.copies}
    gone, failures = [], []
    for address in sorted(known.keys() - present):
        try:
            await _let_go(world, target, request, ports, described=known[address])
        except TrueupError as error:
            failures.append(error)
        else:
            gone.append(address)
    if gone:
        await forget(ports.store, request, gone)
    if failures:
        raise failures[0]


async def _let_go(
    world: World, target: StageTarget, request: SecretRequest, ports: SecretPorts, *, described: str
) -> None:
    document, place = _read(described)
    if document.removal != "delete":
        return
    copy = await _open(world, target, request.name, document)
    if place not in {None, _place(target, document)}:
        # Nothing would be found at the new place, and that would say nothing of the old one.
        ports.told(f"`{copy.place.address}` is left: its store was moved since it was delivered")
        return
    await withdraw(ports, request, copy.place)


def _described(target: StageTarget, document: CopyDocument) -> str:
    """Describe a copy so that it is found when its document is gone."""
    copy = document.model_dump(mode="json", by_alias=True)
    return json.dumps({"copy": copy, "place": _place(target, document)})


def _read(described: str) -> tuple[CopyDocument, str | None]:
    """Read what `_described` wrote; earlier versions wrote the copy alone."""
    values = json.loads(described)
    if "copy" not in values:
        return CopyDocument.model_validate(values), None
    return CopyDocument.model_validate(values["copy"]), str(values["place"])


def _place(target: StageTarget, document: CopyDocument) -> str:
    """Tell one server of a store's name from another."""
    if document.store is None:
        return ""
    provider = store_document(target, document.store.store).spec.provider
    return hashlib.sha256(provider.model_dump_json().encode()).hexdigest()[:16]


def _fact(name: SecretName) -> str:
    return f"copies-in/{name}"


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
        described=_described(target, filled),
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
    raise Stalled.because(
        f"there is no secret store `{name}`",
        hint="put its document back until what was delivered through it is taken away",
    )
