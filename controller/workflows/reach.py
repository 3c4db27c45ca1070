"""Whether the repository answers, as events and a finding; everything else goes on meanwhile."""

from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.errors import Stalled, TrueupError
from controller.model.names import Commit
from controller.workflows import keys
from controller.workflows.backlog import FETCHED_AT
from controller.workflows.parts import Parts

HEAD = "source/head"
FAILED = "source/failed-fetches"
SCOPE = "repository"
PATIENCE = 3
"""So many fetches in a row fail before it is worth a finding; what is stalled is told at once."""


async def note_failure(parts: Parts, error: TrueupError) -> None:
    """Count a fetch that failed; tell when it is not the first."""
    ledger = parts.world.ledger
    failed = int(await ledger.fact(FAILED) or "0") + 1
    failed = max(failed, PATIENCE) if isinstance(error, Stalled) else failed
    is_news = failed >= PATIENCE > int(await ledger.fact(FAILED) or "0")
    if failed >= PATIENCE:
        reached = await ledger.fact(FETCHED_AT)
        since = f"last reached at {reached}" if reached else "never reached"
        told = [
            Diagnostic(code=each.code, message=f"{each.message} ({since})", hint=each.hint)
            for each in error.diagnostics
        ]
        await ledger.put_findings(SCOPE, Commit(await ledger.fact(HEAD) or ""), told)
    if is_news:
        await parts.recording.event(keys.SOURCE, error.reason, str(error), warning=True)
    await ledger.set_fact(FAILED, str(min(failed, PATIENCE)))


async def note_success(parts: Parts) -> None:
    """Note when the repository was reached; tell when it had not answered before."""
    ledger = parts.world.ledger
    if int(await ledger.fact(FAILED) or "0") >= PATIENCE:
        await ledger.put_findings(SCOPE, Commit(await ledger.fact(HEAD) or ""), ())
        reached = await ledger.fact(FETCHED_AT)
        since = f"had not answered since {reached}" if reached else "was never reached before"
        await parts.recording.event(keys.SOURCE, "RepositoryReached", f"answers again; {since}")
    await ledger.set_fact(FAILED, "0")
    await parts.breaker.reached(await ledger.fact(FETCHED_AT))
    await ledger.set_fact(FETCHED_AT, parts.world.clock.now().isoformat())
