"""Take stock of all secrets: whose they are, who reads them, how old they are, where else they lie.

Reads only, but for findings and events. Cut off anywhere, the next look finds the same.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.errors import Stalled, TrueupError
from controller.model.inventory import Place, Reader, Sighting, StockItem
from controller.model.names import Commit, SecretName, StageName
from controller.model.status import SecretStatus
from controller.steps.secrets.sightings import Marks
from controller.steps.secrets.stock import Facts, findings
from controller.workflows import keys
from controller.workflows.catalogs import StageTarget
from controller.workflows.parts import Parts
from controller.workflows.reach import HEAD
from controller.workflows.secret_copies import store_document
from controller.workflows.secret_documents import find_secret, may_be_broken
from schemas.kinds.product import Product
from schemas.kinds.secret import Secret

LOOK_AGAIN = timedelta(minutes=10)
SOON = timedelta(seconds=5)
"""While files of the history are left that were not read."""
LATENESS = timedelta(days=1)
"""How long a rotation may be overdue before its secret is too old."""
SCOPE = "stock:"


async def take_stock(parts: Parts) -> datetime:
    """Look once; gives the instant of the next look."""
    world, stock = parts.world, parts.stock
    problem = await _read(parts)
    statuses = await world.ledger.secrets()
    targets = {
        stage: await _target(parts, stage) for stage in {status.name.stage for status in statuses}
    }
    values: dict[SecretName, tuple[Marks, ...]] = {}
    unknown: dict[SecretName, str] = {}
    for status in statuses:
        try:
            values[status.name] = await _value(parts, targets[status.name.stage], status)
        except TrueupError as error:
            unknown[status.name] = str(error)
    seen = await stock.sightings(values)
    files = frozenset(await world.secret_target.present())
    items = {}
    for status in statuses:
        name = status.name
        sightings = list(seen.get(name, ()))
        target = targets[name.stage]
        if name in files and target is not None and _is_gone(parts, target, name):
            sightings.append(Sighting(Place.FILE, world.secret_target.address(name)))
        same = _same(name, values)
        why = unknown.get(name, problem)
        items[name] = _item(parts, target, status, sightings, same, why)
    stock.items, stock.looked_at = items, world.clock.now()
    await _tell(parts, items)
    return world.clock.now() + (SOON if stock.unread else LOOK_AGAIN)


async def _read(parts: Parts) -> str:
    """Read what is new in the history and the states; gives why that is not all of it."""
    stock = parts.stock
    try:
        await stock.read_history()
        await stock.read_states()
    except TrueupError as error:
        return str(error)
    return f"{stock.unread} files of the history are still to be read" if stock.unread else ""


async def _target(parts: Parts, stage: StageName) -> StageTarget | None:
    """Give what a stage should be; None while that cannot be known."""
    try:
        return await parts.units.target(stage)
    except TrueupError:
        return None


def _is_gone(parts: Parts, target: StageTarget, name: SecretName) -> bool:
    """Tell whether nothing says any more that a secret is to be there: not knowing is not gone."""
    if find_secret(target, name) is not None:
        return False
    if target.base is None and parts.catalogs.pipeline(name.product) is not None:
        return False
    return not may_be_broken(parts.catalogs.known_head().catalog, name)


async def _value(
    parts: Parts, target: StageTarget | None, status: SecretStatus
) -> tuple[Marks, ...]:
    if status.delivery is None:
        return ()
    if target is None:
        raise Stalled.because("its stage cannot be looked at")
    store = store_document(target, status.delivery.reference.store)
    return await parts.stock.value(status, store)


def _same(
    name: SecretName, values: Mapping[SecretName, tuple[Marks, ...]]
) -> tuple[SecretName, ...]:
    mine = set(values.get(name, ()))
    if not mine:
        return ()
    return tuple(
        other for other, theirs in values.items() if other != name and not mine.isdisjoint(theirs)
    )


def _item(
    parts: Parts,
    target: StageTarget | None,
    status: SecretStatus,
    sightings: Sequence[Sighting],
    same: Sequence[SecretName],
    unknown: str,
) -> StockItem:
    name, now = status.name, parts.world.clock.now()
    document = find_secret(target, name) if target is not None else None
    labels = dict(document.metadata.labels) if document is not None else {}
    owner = labels.get("owner") or _owner(parts, name)
    readers = (*_readers(target, status), *_consumers(document, status))
    delivery = status.delivery
    limit = parts.world.oversight.max_age
    rotation = document.spec.rotation if document is not None else None
    if rotation is not None and rotation.max_age is not None:
        limit = rotation.max_age
    elif rotation is not None and rotation.every is not None:
        limit = rotation.every + LATENESS
    changed_at = delivery.changed_at if delivery is not None else None
    found = findings(
        Facts(name, document is not None, owner, changed_at, limit, readers, sightings, same), now
    )
    return StockItem(
        name=name,
        is_wanted=document is not None,
        owner=owner,
        labels=tuple(sorted(labels.items())),
        kind=_kind(document),
        readers=readers,
        sightings=tuple(sightings),
        findings=found,
        looked_at=now,
        unknown=unknown or ("its stage cannot be looked at" if target is None else ""),
    )


def _owner(parts: Parts, name: SecretName) -> str:
    head = parts.catalogs.known_head().catalog
    product = head.find(Product, name.product)
    if product is None:
        return "unknown" if may_be_broken(head, name) else ""
    return product.spec.owner


def _kind(document: Secret | None) -> str:
    if document is None:
        return ""
    generate = document.spec.generate
    made = generate.model_dump(by_alias=True, exclude_none=True) if generate is not None else {}
    return next(iter(sorted(made)), "written")


def _consumers(document: Secret | None, status: SecretStatus) -> tuple[Reader, ...]:
    """Give those whom the document names; 0: nobody knows what it has."""
    delivery = status.delivery
    if document is None or delivery is None:
        return ()
    late = delivery.waits_for
    return tuple(
        Reader(
            each.name,
            "consumer",
            0 if each.ack == "none" else delivery.generation - (each.name in late),
        )
        for each in document.spec.consumers
    )


def _readers(target: StageTarget | None, status: SecretStatus) -> tuple[Reader, ...]:
    delivery = status.delivery
    generation = delivery.generation if delivery is not None else 0
    units = target.graph.of_stage(status.name.stage) if target is not None else ()
    readers = [
        Reader(str(unit.name), "file", generation)
        for unit in units
        if status.name in unit.needs_secrets
    ]
    if delivery is not None:
        drifted = " ".join(delivery.drifted)
        readers += [
            Reader(copy, "copy", 0 if f"`{copy}`" in drifted else generation)
            for copy in delivery.copies
        ]
    return tuple(readers)


async def _tell(parts: Parts, items: Mapping[SecretName, StockItem]) -> None:
    """Write findings down where they are others than before, and tell of each that is new.

    What could not be looked at keeps what was found before: unknown is not well.
    """
    world = parts.world
    before: dict[str, list[Diagnostic]] = defaultdict(list)
    for scope, finding in await world.ledger.findings():
        before[scope].append(finding)
    commit = Commit(await world.ledger.fact(HEAD) or "")
    for name, item in items.items():
        scope = f"{SCOPE}{name}"
        known = {each.code for each in before[scope]}
        codes = {each.code for each in item.findings}
        kept = [each for each in before[scope] if item.unknown and each.code not in codes]
        found = [*item.findings, *kept]
        if found == before[scope]:
            continue
        await world.ledger.put_findings(scope, commit, found)
        for each in item.findings:
            if each.code not in known:
                await parts.recording.event(
                    keys.secret_key(name), "Found", each.message, warning=True
                )
        ended = sorted(known - {each.code for each in found})
        if ended:
            await parts.recording.event(keys.secret_key(name), "Mended", ", ".join(ended))
