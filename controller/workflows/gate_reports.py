"""The page of a gate's answer: made when somebody first asks for it, then kept as evidence."""

from pydantic import TypeAdapter

from controller.diagnostics.errors import Transient
from controller.model.capacity import Headroom
from controller.model.chart import Chart, Picture
from controller.model.measurement import GateResult, Measurement
from controller.model.names import Digest
from controller.steps.gate.charts import charts
from controller.steps.gate.report import Told, report
from controller.workflows.baselines import Baselines
from controller.workflows.world import World

Room = Headroom | str | dict[str, object] | None
_TOLD = TypeAdapter(tuple[str, str, GateResult, Room] | tuple[str, str, GateResult])
"""Stage, commit, answer, and the headroom or a sentence in its place; once another mapping."""


class GateReports:
    """Writes and finds reports; an answer is named by its evidence."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def note(
        self, stage: str, commit: str, result: GateResult, headroom: Room = None
    ) -> None:
        """Keep what a report of an answer is made of."""
        if result.evidence is not None:
            told = _TOLD.dump_json((stage, commit, result, headroom)).decode()
            await self._world.ledger.set_fact(f"gate-told/{result.evidence}", told)

    async def page(self, evidence: Digest) -> bytes | None:
        """Give the report of an answer; None when there is no such answer."""
        world = self._world
        known = await world.ledger.fact(f"gate-report/{evidence}")
        kept = await world.artifacts.get(Digest(known)) if known else None
        if kept is not None:
            return kept
        told = await world.ledger.fact(f"gate-told/{evidence}")
        if not told:
            return None
        stage, commit, result, *rest = _TOLD.validate_json(told)
        runs, baseline = await self._runs(result.measurements), await self._runs(result.baseline)
        drawn = await self._drawn(charts(runs, baseline))
        room = rest[0] if rest else None
        found = room if isinstance(room, Headroom) else None
        why = room if isinstance(room, str) else ""
        page = report(Told(stage, commit, result, runs, baseline, found, why), drawn)
        if drawn:  # a page without its charts is made again
            digest = await world.artifacts.put(page)
            await world.ledger.set_fact(f"gate-report/{evidence}", digest)
        return page

    async def headroom(self, evidence: Digest) -> Room:
        """Give the headroom that an answer told, by its evidence."""
        told = await self._world.ledger.fact(f"gate-told/{evidence}")
        _, _, _, *rest = _TOLD.validate_json(told) if told else ("", "", None)
        return rest[0] if rest else None

    async def _runs(self, digests: tuple[Digest, ...]) -> tuple[Measurement, ...]:
        found = [await Baselines(self._world).measurement(digest) for digest in digests]
        return tuple(run for run in found if run is not None)

    async def _drawn(self, wanted: tuple[Chart, ...]) -> list[tuple[Chart, Picture]]:
        if self._world.painter is None:
            return []
        try:
            return list(zip(wanted, await self._world.painter.paint(wanted), strict=True))
        except Transient:
            return []
