"""A load generator that answers from a list, for tests."""

from collections.abc import Iterable

from controller.diagnostics.errors import Transient
from controller.model.measurement import Measurement
from controller.ports.load_generator import LoadOrder, OnLoadProgress

Answer = Measurement | BaseException


class MemoryLoadGenerator:
    """Gives the scripted answers in turn, raises those that are errors, remembers the orders."""

    def __init__(self, answers: Iterable[Answer] = ()) -> None:
        self._answers = list(answers)
        self.orders: list[LoadOrder] = []

    def will_answer(self, answer: Answer) -> None:
        """Add an answer at the end of the list."""
        self._answers.append(answer)

    async def run(
        self, order: LoadOrder, *, on_progress: OnLoadProgress | None = None
    ) -> Measurement:
        """Give the next answer; raises Transient when the list is at its end."""
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
                on_progress(second, requests, p95, int(failures))
        return answer
