"""What people asked of gates: that one is run again, or that its run is ended."""

from pydantic import TypeAdapter

from controller.model.measurement import GateResult
from controller.model.names import Digest, StageName
from controller.ports.ledger import DecisionLedger
from controller.workflows.baselines import RESULT, result_fact

CANCELLED = "nothing is run until somebody asks for it again"
_TEXTS = TypeAdapter(tuple[str, ...])


class GateWishes:
    """Reads and writes them; each is of one gate, one stage and one release."""

    def __init__(self, ledger: DecisionLedger) -> None:
        self._ledger = ledger

    async def cancel(self, stage: StageName, release: Digest, gate: str, by: str) -> None:
        """Have a gate not be run until somebody asks for it."""
        await self._ledger.set_fact(_cancelled(stage, release, gate), by)

    async def cancelled_by(self, stage: StageName, release: Digest, gate: str) -> str:
        """Tell who cancelled a gate; empty when nobody did."""
        return await self._ledger.fact(_cancelled(stage, release, gate)) or ""

    async def ask_again(self, stage: StageName, release: Digest, gate: str, by: str) -> None:
        """Drop the answer of a gate; what it was stays beside the next one.

        Who asks until the answer is liked is seen to have done so.
        """
        fact = result_fact(stage, release, gate)
        known = await self._ledger.fact(fact)
        said = [f"{by} asked for it again"]
        if known:
            answer: GateResult = RESULT.validate_json(known)
            said = [f"{by} asked for it again after {answer.ruling}: {answer.reasons[0]}"]
        earlier = (*await self.earlier(stage, release, gate), *said)
        await self._ledger.set_fact(
            _earlier(stage, release, gate), _TEXTS.dump_json(earlier).decode()
        )
        await self._ledger.set_fact(_cancelled(stage, release, gate), "")
        await self._ledger.set_fact(fact, "")

    async def earlier(self, stage: StageName, release: Digest, gate: str) -> tuple[str, ...]:
        """Give who asked for a gate again, and what it had said before."""
        known = await self._ledger.fact(_earlier(stage, release, gate))
        return _TEXTS.validate_json(known) if known else ()


def _cancelled(stage: StageName, release: Digest, gate: str) -> str:
    return f"gate-cancelled/{stage}/{release}/{gate}"


def _earlier(stage: StageName, release: Digest, gate: str) -> str:
    return f"gate-earlier/{stage}/{release}/{gate}"
