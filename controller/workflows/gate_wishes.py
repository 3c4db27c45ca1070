"""What people asked of gates: that one is run again, or that its run is ended."""

from dataclasses import dataclass, replace

from pydantic import TypeAdapter

from controller.model.measurement import EarlierAnswer, GateResult, GateRuling
from controller.model.names import Digest, StageName
from controller.ports.ledger import DecisionLedger
from controller.workflows.baselines import RESULT, result_fact

CANCELLED = "nothing is run until somebody asks for it again"


@dataclass(frozen=True)
class AskedBefore:
    """How often a gate was asked for one release, and what it had said each time."""

    times: int = 0
    """How often a person asked for it again."""
    answers: tuple[EarlierAnswer, ...] = ()
    """The oldest first."""

    def with_answer(self, one: EarlierAnswer) -> "AskedBefore":
        """Add an answer; those that it gave by itself, one like the other, are counted as one."""
        last = self.answers[-1] if self.answers else None
        if last and not last.by and not one.by and last.ruling == one.ruling:
            one = replace(one, times=last.times + 1)
            return replace(self, answers=(*self.answers[:-1], one))
        return replace(self, answers=(*self.answers, one))


_ASKED = TypeAdapter(AskedBefore)


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

    async def ask_again(
        self, stage: StageName, release: Digest, gate: str, by: str, broken_off: int = 0
    ) -> None:
        """Drop the answer of a gate; what it was stays beside the next one, and counts.

        `broken_off` runs were made for an answer that nobody waits for any more: they count as one.
        """
        fact = result_fact(stage, release, gate)
        known = await self._ledger.fact(fact)
        cancelled = await self.cancelled_by(stage, release, gate)
        before = await self.asked(stage, release, gate)
        if known:
            answer: GateResult = RESULT.validate_json(known)
            before = before.with_answer(EarlierAnswer(answer.ruling, answer.reasons[0], by))
        elif cancelled or broken_off:
            why = f"{cancelled} cancelled it" if cancelled else f"broken off after run {broken_off}"
            before = before.with_answer(EarlierAnswer(GateRuling.UNKNOWN, why, by))
        elif before.answers and not before.answers[-1].by:
            last = replace(before.answers[-1], by=by)
            before = replace(before, answers=(*before.answers[:-1], last))
        await self._write(stage, release, gate, replace(before, times=before.times + 1))
        await self._ledger.set_fact(_cancelled(stage, release, gate), "")
        await self._ledger.set_fact(fact, "")

    async def note(
        self,
        stage: StageName,
        release: Digest,
        gate: str,
        answer: EarlierAnswer,
        before: AskedBefore,
    ) -> None:
        """Count an answer that proves nothing, once: `before` is what was known as it began."""
        if await self.asked(stage, release, gate) == before:
            await self._write(stage, release, gate, before.with_answer(answer))

    async def asked(self, stage: StageName, release: Digest, gate: str) -> AskedBefore:
        """Give how often a gate was asked, and what it said before its present answer."""
        known = await self._ledger.fact(_asked(stage, release, gate))
        return _ASKED.validate_json(known) if known else AskedBefore()

    async def _write(
        self, stage: StageName, release: Digest, gate: str, asked: AskedBefore
    ) -> None:
        await self._ledger.set_fact(_asked(stage, release, gate), _ASKED.dump_json(asked).decode())


def _cancelled(stage: StageName, release: Digest, gate: str) -> str:
    return f"gate-cancelled/{stage}/{release}/{gate}"


def _asked(stage: StageName, release: Digest, gate: str) -> str:
    return f"gate-asked/{stage}/{release}/{gate}"
