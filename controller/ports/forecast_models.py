"""Models of time series that are too heavy for the controller's own process."""

from collections.abc import Sequence
from typing import Protocol

from controller.model.forecast import Answers, Question


class ForecastModels(Protocol):
    """Answers questions about what is to come."""

    async def predict(self, questions: Sequence[Question]) -> Answers:
        """Give what every model says to every question, or none with the problem.

        The same questions get the same answers. A model that cannot answer one question is left out
        of that answer. Raises nothing for what goes wrong with models: a forecast without them is
        still one.
        """
