"""The runs of one gate for one release, noted one by one: a new life goes on where the last was."""

from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter

from controller.diagnostics.errors import TrueupError
from controller.model.measurement import EarlierAnswer, GateRuling, Measurement, Observation
from controller.model.names import Digest, StageName
from controller.model.status import StageStatus
from controller.ports.load_generator import LoadOrder, LoadProgress, OnLoadProgress
from controller.ports.metric_source import RangeQuery
from controller.steps.gate.judge import Question, judge
from controller.steps.gate.observe import Window, observe
from controller.workflows import keys
from controller.workflows.baselines import MEASUREMENT, Baselines
from controller.workflows.gate_orders import Asked, Watched
from controller.workflows.gate_profiles import forget_steps
from controller.workflows.gate_wishes import AskedBefore, GateWishes
from controller.workflows.live_runs import LiveRun
from controller.workflows.parts import Parts

POINTS = 30
"""Of a query, where the document does not say how far they are apart."""


@dataclass(frozen=True)
class Series:
    """The runs for one answer: when it was asked for, and the measurements so far."""

    began: str
    taken: tuple[Digest, ...] = ()
    before: AskedBefore = field(default_factory=AskedBefore)
    """What was asked and answered of the release as these runs began."""


_SERIES = TypeAdapter(Series)


@dataclass
class GateRuns:
    """What was measured so far."""

    parts: Parts
    status: StageStatus
    gate: str
    asked: Asked
    began: str = ""
    before: AskedBefore = field(default_factory=AskedBefore)
    digests: list[Digest] = field(default_factory=list)
    taken: list[Measurement] = field(default_factory=list)

    @classmethod
    async def resume(cls, parts: Parts, status: StageStatus, gate: str, asked: Asked) -> "GateRuns":
        """Take up what was measured of exactly this load; a run that is gone is made again."""
        known = await parts.world.ledger.fact(_fact(status, gate))
        series = _SERIES.validate_json(known) if known else None
        if series is None:  # kept before the first run: a new life knows it by the same key
            wishes = GateWishes(parts.world.ledger)
            before = await wishes.asked(status.name, _release(status), gate)
            series = Series(parts.world.clock.now().isoformat(), before=before)
            await parts.world.ledger.set_fact(
                _fact(status, gate), _SERIES.dump_json(series).decode()
            )
        runs = cls(parts, status, gate, asked, series.began, series.before)
        for digest in series.taken:
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
            order = replace(self.asked.order, key=self._key(len(self.taken)))
            try:
                measurement = await world.load_generator.run(order, on_progress=self._live(order))
            finally:
                self.parts.live_runs.pop(self._place, None)
            seen = tuple([await self._observe(one, measurement) for one in self.asked.watched])
            measurement = replace(measurement, load=self.asked.load, observations=seen)
            digest = await world.artifacts.put(MEASUREMENT.dump_json(measurement))
            self.digests.append(digest)
            self.taken.append(measurement)
            series = Series(self.began, tuple(self.digests), self.before)
            await world.ledger.set_fact(
                _fact(self.status, self.gate), _SERIES.dump_json(series).decode()
            )
            await world.load_generator.forget(order.key)
            said = judge(question, [measurement])
            step.detail = f"{said.ruling}: {'; '.join(said.reasons)}"

    async def note(self, release: Digest, ruling: GateRuling, because: str) -> None:
        """Count an answer that proves nothing: the next one is not the first."""
        wishes = GateWishes(self.parts.world.ledger)
        answer = EarlierAnswer(ruling, because)
        await wishes.note(self.status.name, release, self.gate, answer, self.before)

    @property
    def _place(self) -> str:
        return f"{self.status.name}/{self.gate}"

    def _key(self, number: int) -> str:
        return f"{self._place}/{self.status.release}/{self.asked.load}/{self.began}/{number}"

    def _live(self, order: LoadOrder) -> OnLoadProgress:
        live = LiveRun(
            str(self.status.name), self.gate, order.key, len(self.taken) + 1,
            order.warm_up + order.steady,
        )  # fmt: skip
        self.parts.live_runs[self._place] = live

        def tell(progress: LoadProgress) -> None:
            self.parts.live_runs[self._place] = replace(live, progress=progress)

        return tell

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


async def end_runs(parts: Parts, stage: StageName) -> None:
    """End every run that puts load on a stage."""
    for live in [each for each in parts.live_runs.values() if each.stage == str(stage)]:
        await parts.world.load_generator.cancel(live.key)


def _release(status: StageStatus) -> Digest:
    return status.release or Digest("")


async def forget(parts: Parts, status: StageStatus, gate: str) -> int:
    """Let the next answer of a gate begin anew; called once the last one is kept.

    Gives how many runs of an answer are dropped.
    """
    known = await parts.world.ledger.fact(_fact(status, gate))
    await forget_steps(parts, status, gate)
    await parts.world.ledger.set_fact(_fact(status, gate), "")
    return len(_SERIES.validate_json(known).taken) if known else 0
