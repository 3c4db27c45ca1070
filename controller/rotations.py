"""What may be asked of rotations; checks who may, as `app` does for all else."""

from controller.diagnostics.errors import Stalled
from controller.lookup import secret_named
from controller.model.caller import Caller, Role
from controller.model.delivery import RotationPhase
from controller.model.drill import Drill, DrillRow, DrillView
from controller.model.names import SecretName
from controller.model.status import SecretStatus
from controller.permission import NotFound, require
from controller.workflows import keys
from controller.workflows.catalogs import StageTarget
from controller.workflows.parts import Parts
from controller.workflows.secret_documents import find_secret
from schemas.kinds.product import Product
from schemas.kinds.secret import Secret

OUT = frozenset({RotationPhase.PUBLISHED, RotationPhase.DRAINING, RotationPhase.RETIRED})
"""The phases in which consumers can have the new value."""


def selects(selector: str, owner: str, document: Secret) -> bool:
    """Tell whether `owner=…`, `label:key=value` or `all` means a secret."""
    how, _, words = selector.partition(":")
    if how == "label":
        key, _, value = words.partition("=")
        return document.metadata.labels.get(key) == value
    return selector in {"all", f"owner={owner}"}


def owner_of(target: StageTarget, name: SecretName) -> str:
    """Name who owns a secret: its label `owner`, or the owner of its product."""
    document = find_secret(target, name)
    if document is not None and "owner" in document.metadata.labels:
        return document.metadata.labels["owner"]
    for loaded in (target.ahead, target.base):
        product = loaded.catalog.find(Product, name.product) if loaded is not None else None
        if product is not None:
            return product.spec.owner
    return ""


def row_of(
    status: SecretStatus, document: Secret | None, owner: str, drill: Drill | None
) -> DrillRow:
    """Tell how far one secret is, since a drill was begun."""
    delivery = status.delivery
    changed = delivery.changed_at if delivery is not None else None
    begun = drill is not None and changed is not None and changed >= drill.at
    state = "waits"
    if document is None or document.spec.generate is None:
        state = "by hand"
    elif begun and delivery is not None:
        state = "delivered" if delivery.phase in OUT else "rotating"
        state = "done" if delivery.phase == RotationPhase.IDLE else state
    message = status.message
    if state == "by hand":
        message = "a person has to write a new value" if document else "its document is gone"
    generation = delivery.generation if delivery is not None else 0
    return DrillRow(str(status.name), owner, state, generation, message)


class Rotations:
    """Answers and acts for callers. Every action is an event with the caller's name."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._ledger = parts.world.ledger

    async def acknowledge(self, caller: Caller, secret: str, said: str) -> str:
        """Note that a consumer has a generation: `CONSUMER`, or `CONSUMER GENERATION`.

        Without a generation it has what is delivered. Raises NotFound, Stalled.
        """
        require(caller, Role.OPERATOR)
        status = await secret_named(self._ledger, secret)
        consumer, _, number = said.partition(" ")
        document = find_secret(await self._parts.units.target(status.name.stage), status.name)
        known = [each.name for each in document.spec.consumers] if document else []
        if consumer not in known:
            named = ", ".join(f"`{name}`" for name in known)
            raise NotFound.because(
                f"`{secret}` has no consumer `{consumer}`", hint=f"it has {named or 'none'}"
            )
        delivered = status.delivery.generation if status.delivery else 0
        if number and not number.isdecimal():
            raise Stalled.because(f"a generation is a number, as {delivered}")
        generation = int(number) if number else delivered
        if not 1 <= generation <= delivered:
            raise Stalled.because(
                f"generation {generation} of `{secret}` is not delivered; {delivered} is"
            )
        await self._parts.wishes.acknowledge(status.name, consumer, generation)
        key = keys.secret_key(status.name)
        message = f"{caller.name}: `{consumer}` has generation {generation}"
        await self._parts.recording.event(key, "Acknowledged", message)
        await self._parts.world.dispatcher.wake(key, priority=5)
        return str(generation)

    async def rotate(self, caller: Caller, secret: str) -> str:
        """Rotate a secret now."""
        require(caller, Role.OPERATOR)
        name = (await secret_named(self._ledger, secret)).name
        await self._parts.wishes.rotate(name, self._parts.world.clock.now())
        key = keys.secret_key(name)
        message = f"{caller.name}: asked for a rotation now"
        await self._parts.recording.event(key, "RotationRequested", message)
        await self._parts.world.dispatcher.wake(key, priority=5)
        return key

    async def preview(self, selector: str) -> DrillView:
        """Show what a drill would rotate, and what only a person can."""
        rows = [row for row, _ in await self._selected(selector)]
        return DrillView("", self._parts.world.clock.now(), "", selector, "", tuple(rows))

    async def rotate_all(
        self, caller: Caller, selector: str, *, expect: int, at_once: bool, reason: str
    ) -> DrillView:
        """Rotate everything that a selector names; `expect` is how many secrets were shown.

        Raises NotFound when it names none, and Stalled when it names others than were shown.
        """
        require(caller, Role.OPERATOR)
        found = await self._selected(selector)
        if len(found) != expect:
            raise Stalled.because(
                f"`{selector}` names {len(found)} secrets, not {expect}",
                hint="look again with `--dry-run`",
                code="app/changed-meanwhile",
            )
        now = self._parts.world.clock.now()
        names = tuple(str(name) for _, name in found)
        drill = Drill(f"{now:%Y%m%d-%H%M%S}", now, caller.name, selector, names, at_once, reason)
        await self._parts.wishes.drills.begin(drill)
        told = f"{caller.name}: asked for a rotation now, in drill {drill.id}"
        told += f": {reason}" if reason else ""
        for _, name in found:
            key = keys.secret_key(name)
            await self._parts.recording.event(key, "RotationRequested", told)
            await self._parts.world.dispatcher.wake(key, priority=5)
        return await self.drill(drill.id)

    async def drill(self, identity: str) -> DrillView:
        """Show how far a drill is. Raises NotFound."""
        drill = await self._parts.wishes.drills.find(identity)
        if drill is None:
            known = ", ".join(each.id for each in await self._parts.wishes.drills.all())
            raise NotFound.because(f"there is no drill `{identity}`", hint=f"known: {known or '-'}")
        rows = []
        for text in drill.secrets:
            name = SecretName.parse(text)
            status = await self._ledger.secret(name) or SecretStatus(name)
            target = await self._parts.units.target(name.stage)
            rows.append(row_of(status, find_secret(target, name), owner_of(target, name), drill))
        return DrillView(
            drill.id, drill.at, drill.by, drill.selector, drill.reason, tuple(rows), drill.at_once
        )

    async def _selected(self, selector: str) -> list[tuple[DrillRow, SecretName]]:
        """Find the secrets of a selector. Raises NotFound when there are none."""
        found = []
        for status in await self._ledger.secrets():
            target = await self._parts.units.target(status.name.stage)
            document = find_secret(target, status.name)
            owner = owner_of(target, status.name)
            if document is not None and selects(selector, owner, document):
                found.append((row_of(status, document, owner, None), status.name))
        if not found:
            raise NotFound.because(f"`{selector}` names no secret", hint="`trueup get secrets`")
        return found
