"""What may be asked of rotations; checks who may, as `app` does for all else."""

from controller.diagnostics.errors import Stalled
from controller.model.caller import Caller, Role
from controller.model.names import SecretName
from controller.model.status import SecretStatus
from controller.permission import NotFound, require
from controller.workflows import keys
from controller.workflows.parts import Parts
from controller.workflows.secret_documents import find_secret


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
        status = await self._status(secret)
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

    async def _status(self, secret: str) -> SecretStatus:
        try:
            status = await self._ledger.secret(SecretName.parse(secret))
        except ValueError as error:
            raise NotFound.because(str(error)) from error
        if status is None:
            raise NotFound.because(f"there is no secret `{secret}`", hint="`trueup get secrets`")
        return status
