"""Plans that wait for a person: what an approval is bound to, and how it is asked for."""

import hashlib
import json
from typing import NoReturn

from controller.diagnostics.errors import ApprovalPending, ProviderMoved
from controller.model.names import Digest
from controller.model.plan import Plan
from controller.workflows.wishes import Wishes


def approval_subject(plan: Plan) -> Digest:
    """Give what an approval of a plan is bound to: unit, workspace, state and the very changes.

    A plan file differs each time it is made, so its bytes cannot be what a person approved. With
    the state an approval counts once: going there and back and there again makes the same changes,
    and ends, or leaves behind, something else each time.
    """
    changes = [
        [change.action, change.address, *(f"{a.path}={a.after}" for a in change.attributes)]
        for change in plan.changes
    ]
    binding = plan.binding
    subject: list[object] = [
        str(plan.unit), binding.workspace, binding.lineage, binding.serial, changes, plan.moved
    ]  # fmt: skip
    text = json.dumps(subject, separators=(",", ":"))
    return Digest("sha256:" + hashlib.sha256(text.encode()).hexdigest())


async def ask(wishes: Wishes, plan: Plan, message: str) -> NoReturn:
    """Let a plan wait. Raises ApprovalPending, or ProviderMoved."""
    await wishes.plan_waits(plan.unit, approval_subject(plan))
    kind = ProviderMoved if plan.moved else ApprovalPending
    raise kind.because(message, hint=f"`trueup approve {plan.unit}` lets exactly this plan through")
