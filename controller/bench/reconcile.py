"""`trueup bench reconcile`: from a commit to what was applied, beside the plain command line."""

from controller.bench.own_stacks import measure_own_stacks
from controller.bench.reconcile_aws import measure_aws
from controller.bench.reconcile_builtin import measure_builtin
from controller.bench.reconcile_world import Say, Wish
from controller.bench.report import Case, Report

OF_AWS = frozenset({"aws", "aws-drift", "same-plans", "levers"})


def bench_reconcile(wish: Wish, say: Say = lambda _text: None) -> Report:
    """Measure what is wished for. Raises Stalled, EngineRefused when something is missing."""
    if wish.own_stacks is not None:
        return Report("reconcile", (measure_own_stacks(wish, wish.own_stacks, say),))
    cases: list[Case] = []
    if wish.cases & OF_AWS:
        cases += measure_aws(wish, say)
    if wish.cases - OF_AWS:
        cases += measure_builtin(wish, say)
    return Report("reconcile", tuple(cases))
