"""Models for tests: what was there two seasons ago, as two models say it."""

from collections.abc import Sequence

from controller.model.forecast import Answers, Question


class MemoryModels:
    """Implements `ForecastModels` without a library; with `problem` it never answers."""

    def __init__(self, problem: str = "") -> None:
        """Answer, unless there is a problem."""
        self._problem = problem
        self.asked: list[Question] = []

    async def predict(self, questions: Sequence[Question]) -> Answers:
        """See the port."""
        self.asked.extend(questions)
        if self._problem:
            return Answers(problem=self._problem)
        return Answers(
            tuple({"ets": _before(one, 1), "theta": _before(one, 2)} for one in questions),
            (("memory", "1"),),
        )


def _before(question: Question, seasons: int) -> tuple[float, ...]:
    values, season = question.values, question.seasons[0]
    start = max(0, len(values) - seasons * season)
    cycle = values[start : start + season] or values
    return tuple(cycle[step % len(cycle)] for step in range(question.horizon))
