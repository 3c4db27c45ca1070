"""A load generator that answers from a list, for tests."""

from collections.abc import Iterable

from controller.diagnostics.errors import Stalled, Transient
from controller.model.measurement import Measurement
from controller.ports.load_generator import LoadOrder, LoadProgress, OnLoadProgress

Answer = Measurement | BaseException


class MemoryLoadGenerator:
    """Gives the scripted answers in turn, raises those that are errors, remembers the orders."""

    def __init__(self, answers: Iterable[Answer] = ()) -> None:
        self._answers = list(answers)
        self._kept: dict[str, Measurement] = {}
        self.orders: list[LoadOrder] = []

    async def run(
        self, order: LoadOrder, *, on_progress: OnLoadProgress | None = None
    ) -> Measurement:
        """Give the next answer, or the one of this key; raises Transient when there is none."""
        if order.key in self._kept:
            return self._kept[order.key]
        self.orders.append(order)
        if not self._answers:
            raise Transient.because(
                f"nobody said what the load test `{order.load_test}` measures",
                code="gate/generator-broke-off",
            )
        answer = self._answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        if on_progress is not None:
            for second, requests, failures, p95 in answer.series:
                on_progress(LoadProgress(second, requests, p95, p95, p95, int(failures)))
        if order.key:
            self._kept[order.key] = answer
        return answer

    async def cancel(self, key: str) -> bool:
        """Have the next order of a key be one that somebody cancelled."""
        self._answers.insert(0, Stalled.because(f"`{key}` was cancelled", code="gate/cancelled"))
        return bool(key)

    async def forget(self, key: str) -> None:
        """Drop what was measured."""
        self._kept.pop(key, None)
