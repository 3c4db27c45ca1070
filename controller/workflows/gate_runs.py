"""The runs of one gate for one release, noted one by one: a new life goes on where the last was."""

from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter

from controller.diagnostics.errors import TrueupError
from controller.model.measurement import Measurement, Observation
from controller.model.names import Digest
from controller.model.status import StageStatus
from controller.ports.metric_source import RangeQuery
from controller.steps.gate.judge import Question, judge
from controller.steps.gate.observe import Window, observe
from controller.workflows import keys
from controller.workflows.baselines import MEASUREMENT, Baselines
from controller.workflows.gate_orders import Asked, Watched
from controller.workflows.parts import Parts

POINTS = 30
"""Of a query, where the document does not say how far they are apart."""
_TAKEN = TypeAdapter(tuple[Digest, ...])


@dataclass
class GateRuns:
    """What was measured so far."""

    parts: Parts
    status: StageStatus
    gate: str
    asked: Asked
    digests: list[Digest] = field(default_factory=list)
    taken: list[Measurement] = field(default_factory=list)

    @classmethod
    async def resume(cls, parts: Parts, status: StageStatus, gate: str, asked: Asked) -> "GateRuns":
        """Take up what was measured of exactly this load; a run that is gone is made again."""
        runs = cls(parts, status, gate, asked)
        known = await parts.world.ledger.fact(runs._fact)
        for digest in _TAKEN.validate_json(known) if known else ():
            run = await Baselines(parts.world).measurement(digest)
            if run is not None and run.load == asked.load:
                runs.digests.append(digest)
                runs.taken.append(run)
        return runs

    async def make(self, question: Question) -> None:
        """Make one more run, and keep what it measured."""
        world = self.parts.world
        async with (
            self.parts.journal.run(
                keys.stage_key(self.status.name), str(self.status.commit)
            ) as run,
            run.step(f"gate {self.gate}") as step,
        ):
            measurement = await world.load_generator.run(self.asked.order)
            seen = tuple([await self._observe(one, measurement) for one in self.asked.watched])
            measurement = replace(measurement, load=self.asked.load, observations=seen)
            digest = await world.artifacts.put(MEASUREMENT.dump_json(measurement))
            self.digests.append(digest)
            self.taken.append(measurement)
            await world.ledger.set_fact(self._fact, _TAKEN.dump_json(tuple(self.digests)).decode())
            said = judge(question, [measurement])
            step.detail = f"{said.ruling}: {'; '.join(said.reasons)}"

    @property
    def _fact(self) -> str:
        return _fact(self.status, self.gate)

    async def _observe(self, watched: Watched, run: Measurement) -> Observation:
        query = watched.query
        least = query.step.total_seconds() if query.step else max(1.0, run.seconds / POINTS)
        window = Window(run.started_at, run.started_at + run.seconds, least)
        source = self.parts.world.metric_source
        if source is None:
            return Observation(watched.name, None, "no Prometheus can be asked here")
        told = RangeQuery(watched.url, query.query, window.start, window.end, window.step)
        try:
            series = await source.read(told)
        except TrueupError as error:
            return Observation(watched.name, None, str(error))
        return observe(watched.name, query.take, window, series)


def _fact(status: StageStatus, gate: str) -> str:
    return f"gate-taken/{status.name}/{status.release}/{gate}"


async def forget(parts: Parts, status: StageStatus, gate: str) -> None:
    """Let the next answer of a gate begin anew; called once the last one is kept."""
    await parts.world.ledger.set_fact(_fact(status, gate), "")
