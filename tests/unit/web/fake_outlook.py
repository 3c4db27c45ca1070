"""An `Outlook` of one forecast and one plan, whose words come from outside."""

from functools import cache

from controller.model.caller import Role
from controller.model.capacity import Run
from controller.model.forecast import Answers
from controller.outlook import ForecastView
from controller.permission import NotFound, require
from controller.steps.capacity import capacity
from controller.steps.forecast.forecast import conclude, prepare
from controller.steps.usl import fit
from controller.workflows.capacity import Proposal
from schemas.kinds.capacity_plan import CapacityPlan
from tests.unit.forecast.traffic import daily, document

RUNS = [Run(1, 40.0), Run(2, 70.0), Run(4, 100.0), Run(8, 110.0), Run(16, 100.0)]


@cache
def looked_ahead(reason):
    """Give a forecast; it takes a quarter of a second, and each test of a page has one."""
    event = {"date": "2025-08-01", "factor": 2, "reason": reason}
    wanted = document(horizon="28d", events=[event])
    return conclude(wanted, prepare(daily(), wanted.spec), Answers(problem=reason))


@cache
def grown():
    return fit(RUNS)


class FakeOutlook:
    """Has the methods of `Outlook`."""

    def __init__(self, reason="sale"):
        self.made = looked_ahead(reason)
        self.view = ForecastView(
            "shop/traffic", "shop", "pageViews", self.made.chosen, 0.8, 9.5, 12.5, "2025-08-04"
        )
        plan = CapacityPlan.model_validate(
            {
                "apiVersion": "platform/v1",
                "kind": "CapacityPlan",
                "metadata": {"name": "size", "product": "shop"},
                "spec": {
                    "forecast": "traffic", "stack": "api", "environment": "dev", "input": "size",
                    "runs": [{"concurrency": 1, "rate": 1}],
                    "choices": [{"value": reason, "worth": 1, "price": 10}],
                },
            }
        )  # fmt: skip
        self.plan = capacity(plan, self.made, grown(), None, self.made.days[0].day)
        self.proposed = []

    async def forecasts(self):
        return [self.view]

    async def forecast(self, name):
        if name != self.view.name:
            raise NotFound.because(f"there is no forecast `{name}`")
        return self.view, self.made

    async def capacities(self, name):
        return [self.plan]

    async def capacity(self, name):
        return self.plan

    async def propose(self, caller, name, *, dry_run):
        require(caller, Role.OPERATOR)
        self.proposed.append((caller.name, name, dry_run))
        return Proposal(self.plan, "--- a/x\n", "" if dry_run else "trueup/capacity/x")
