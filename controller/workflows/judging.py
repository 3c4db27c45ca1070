"""Plan → verdict: gather what risk and policy have to know, and ask both."""

from controller.model.allowance import Allowance
from controller.model.drift import rules_that_let_be
from controller.model.names import UnitName
from controller.model.plan import Plan
from controller.model.verdict import Verdict
from controller.steps.policy import judge as policy_step
from controller.steps.policy.allowed import allowances, rego_for, rules_for
from controller.steps.policy.ask import ask
from controller.steps.risk.assess import assess
from controller.steps.risk.findings import RiskFacts
from controller.workflows.catalogs import Catalogs, StageTarget, Wanted
from controller.workflows.world import World


class Judging:
    """Asks risk and policy about plans; changes nothing."""

    def __init__(self, world: World, catalogs: Catalogs) -> None:
        self._world = world
        self._catalogs = catalogs

    async def judge(
        self, wanted: Wanted, plan: Plan, target: StageTarget, approved_by: tuple[str, ...]
    ) -> Verdict:
        """Judge a plan. Policies hold as they are at the head, whatever the release is."""
        unit = wanted.unit
        today = self._world.clock.now().date()
        allowed = allowances(wanted.catalog, unit.name, today)
        risk = assess(plan, await self._facts(wanted, plan, target, allowed))
        traits = policy_step.StackTraits(
            name=unit.stack.metadata.name,
            protect=unit.stack.spec.protect,
            risk=risk,
            lets_be=rules_that_let_be(unit.stack.spec.drift.ignore, today),
        )
        head = self._catalogs.known_head().snapshot
        rego = rego_for(wanted.catalog, unit.name, head, self._world.shipped)
        answers = await ask(rego, plan, unit, traits, engine=self._world.policies)
        return policy_step.judge(
            plan, traits, rules_for(wanted.catalog, unit.name), answers,
            allowed=allowed, approved_by=approved_by,
        )  # fmt: skip

    async def _facts(
        self, wanted: Wanted, plan: Plan, target: StageTarget, allowed: tuple[Allowance, ...]
    ) -> RiskFacts:
        if plan.is_empty:
            return RiskFacts(applied_before=True)
        name = wanted.unit.name
        status = await self._world.ledger.unit(name)
        earlier = self._earlier(name)
        return RiskFacts(
            dependents=tuple(str(each) for each in target.graph.all_dependents(name)),
            applied_before=status is not None and status.outcome is not None,
            earlier_stages=tuple(str(each.stage) for each in earlier),
            tried_in_earlier_stage=any([await self._has_tried(each, wanted) for each in earlier]),
            allowed=allowed,
        )

    def _earlier(self, name: UnitName) -> tuple[UnitName, ...]:
        """Give the same unit in the stages that come right before this one."""
        pipeline = self._catalogs.pipeline(name.product)
        return tuple(
            UnitName(name.product, before, name.stack)
            for stage in (pipeline.spec.stages if pipeline else ())
            if stage.environment == name.environment
            for before in stage.after
        )

    async def _has_tried(self, earlier: UnitName, wanted: Wanted) -> bool:
        """Tell whether the module was applied there with the content that it has now."""
        status = await self._world.ledger.unit(earlier)
        if status is None or status.outcome is None:
            return False
        path = wanted.unit.stack.spec.module
        then = (await self._catalogs.at(status.outcome.commit)).catalog.modules.get(path)
        now = wanted.catalog.modules.get(path)
        return then is not None and now is not None and then.digest == now.digest
