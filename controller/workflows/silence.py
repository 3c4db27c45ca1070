"""Units that were not looked at for too long: a silence that somebody should hear of.

Told by the turn that looks at the repository, which does not depend on the looks themselves.
"""

from controller.diagnostics.diagnostic import Diagnostic, Severity
from controller.model.condition import ConditionType, Truth
from controller.model.names import Commit
from controller.model.status import UnitStatus
from controller.workflows import keys
from controller.workflows.parts import Parts
from controller.workflows.reach import HEAD

SCOPE = "drift"
CODE = "drift/not-looked-at"


async def tell_of_silence(parts: Parts) -> None:
    """Keep a finding for each unit whose last look is too old; tell once of each that is new."""
    ledger, now = parts.world.ledger, parts.world.clock.now()
    silent = [status for status in await ledger.units() if status.look_by and status.look_by < now]
    found = {status.name: _finding(status) for status in silent}
    known = [each for scope, each in await ledger.findings() if scope == SCOPE]
    if known == list(found.values()):
        return
    await ledger.put_findings(SCOPE, Commit(await ledger.fact(HEAD) or ""), tuple(found.values()))
    for name, each in found.items():
        if each.message not in {before.message for before in known}:
            await parts.recording.event(
                keys.unit_key(name), "NotLookedAt", each.message, warning=True
            )


def _finding(status: UnitStatus) -> Diagnostic:
    looked_at = status.drift_looked_at
    since = f"{looked_at:%Y-%m-%d %H:%M:%SZ}" if looked_at else "it was made"
    in_sync = status.condition(ConditionType.IN_SYNC)
    why = in_sync.message if in_sync and in_sync.status == Truth.UNKNOWN else ""
    return Diagnostic(
        code=CODE,
        message=f"`{status.name}` was not compared with what is there since {since}",
        severity=Severity.WARNING,
        hint=why
        or f"`trueup drift {status.name}` asks for a look; `limits.drift` says how many "
        "are made at a time",
    )
