"""Plan and verdict → outcome: apply exactly the plan that was judged."""

from dataclasses import asdict
from pathlib import Path

from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.errors import (
    ApprovalPending,
    DependencyNotReady,
    PlanStale,
    PolicyDenied,
)
from controller.model.outcome import Outcome, fingerprint
from controller.model.plan import Plan, PlanBinding, digest_plan
from controller.model.verdict import Level, Ruling, Verdict
from controller.model.workspace import Workspace
from controller.past import NO_PAST, Past
from controller.ports.engine import Engine, EngineState, OnProcess
from controller.ports.workspaces import Workspaces

PLAN_FILE = "trueup.tfplan"


async def apply(
    plan: Plan,
    verdict: Verdict,
    workspace: Workspace,
    *,
    engine: Engine,
    workspaces: Workspaces,
    past: Past = NO_PAST,
    on_process: OnProcess | None = None,
) -> Outcome:
    """Apply a saved plan, write what was read back into the state, and give what is there now.

    The state is kept before and after, where the `past` has a history; without that nothing is
    applied. An empty plan is not. Must not be repeated blindly: after a failure, plan again.

    Raises PlanStale when the verdict is of another plan or anything that the plan is bound to has
    changed, PolicyDenied, ApprovalPending, DependencyNotReady for a provisional plan, and whatever
    the engine raises: EngineFailed, StateLocked, PlanStale.
    """
    _check_verdict(plan, verdict)
    async with workspaces.hold(plan.unit):
        directory = await workspaces.write(workspace)  # somebody may have asked about another one
        before = await engine.state(directory)
        _check_binding(plan, PlanBinding.to(workspace, str(engine.version), before), directory)
        if plan.is_empty:
            return _outcome(plan, workspace, engine, before)
        await past.keep(plan.unit, before, "before an apply", past.made_with)
        await engine.apply(directory, on_process=on_process)
        after = await engine.state(directory)
        if after is not None and after.resources:
            # Right after an apply providers read back more than they wrote: that is not drift.
            await engine.normalise(directory)
            after = await engine.state(directory)
        await past.keep(plan.unit, after, "after an apply", (workspace.places,))
        return _outcome(plan, workspace, engine, after, changed=True)


def _check_verdict(plan: Plan, verdict: Verdict) -> None:
    if verdict.plan != plan.digest:
        raise PlanStale.because(
            f"the verdict is of another plan of `{plan.unit}`",
            hint="plan and judge again",
        )
    match verdict.ruling:
        case Ruling.ALLOWED:
            pass
        case Ruling.NEEDS_APPROVAL:
            raise ApprovalPending(_findings(verdict, Level.APPROVAL, ApprovalPending.code))
        case Ruling.DENIED:
            raise PolicyDenied(_findings(verdict, Level.DENY, PolicyDenied.code))
    if plan.provisional:
        raise DependencyNotReady.because(
            f"the plan of `{plan.unit}` can be shown, not applied: {'; '.join(plan.provisional)}"
        )


def _findings(verdict: Verdict, level: Level, code: str) -> tuple[Diagnostic, ...]:
    found = [finding for finding in verdict.findings if finding.level == level]
    return tuple(
        Diagnostic(code=code, message=f"`{finding.rule}`: {finding.message}") for finding in found
    ) or (Diagnostic(code=code, message=f"the plan is {verdict.ruling}"),)


def _check_binding(plan: Plan, now: PlanBinding, directory: Path) -> None:
    then = asdict(plan.binding)
    changed = sorted(name for name, value in asdict(now).items() if value != then[name])
    if changed:
        raise PlanStale.because(
            f"since the plan of `{plan.unit}` was made, this changed: {', '.join(changed)}",
            hint="plan again",
        )
    file = directory / PLAN_FILE
    if not file.is_file() or digest_plan(file.read_bytes(), now) != plan.digest:
        raise PlanStale.because(
            f"the saved plan of `{plan.unit}` is not the one that was judged",
            hint="plan again",
        )


def _outcome(
    plan: Plan,
    workspace: Workspace,
    engine: Engine,
    state: EngineState | None,
    *,
    changed: bool = False,
) -> Outcome:
    return Outcome(
        unit=plan.unit,
        commit=workspace.commit,
        plan=plan.digest,
        engine=str(engine.version),
        lineage=state.lineage if state else "",
        serial=state.serial if state else 0,
        fingerprint=fingerprint(workspace.digest, str(engine.version)),
        outputs=dict(state.outputs) if state else {},
        changed=changed,
    )
