"""The secret server that the controller runs itself: is there room, and may we do what we need."""

from controller.diagnostics.diagnostic import Diagnostic, Severity
from controller.diagnostics.errors import Transient
from controller.model.delivery import ServerHealth
from controller.model.names import Commit
from controller.workflows.parts import Parts
from controller.workflows.reach import HEAD

SUBJECT = "secret-server:embedded"
SEEN = "secret-server/seen"
MIB = 1 << 20


async def look_at_server(parts: Parts) -> None:
    """Make findings of what is wrong with the server, and events when that begins or ends."""
    health = parts.world.oversight.health()
    if health is None:
        return
    found = _found(health)
    codes = " ".join(each.code for each in found)
    before = await parts.world.ledger.fact(SEEN) or ""
    if health.was_restored and not before.startswith("+"):
        await parts.recording.event(
            SUBJECT, "RestoreFinished", "a restore that was cut off was finished", warning=True
        )
    mark = "+" if health.was_restored else ""
    if mark + codes == before:
        return
    commit = Commit(await parts.world.ledger.fact(HEAD) or "")
    await parts.world.ledger.put_findings(SUBJECT, commit, found)
    said = "; ".join(each.message for each in found)
    if codes != before.removeprefix("+"):
        reason = "ServerUnwell" if found else "ServerWell"
        await parts.recording.event(
            SUBJECT, reason, said or "there is room again", warning=bool(found)
        )
    await parts.world.ledger.set_fact(SEEN, mark + codes)


def require_room(parts: Parts) -> None:
    """Begin nothing that a full disk would cut off. Raises Transient."""
    health = parts.world.oversight.health()
    if health is not None and health.is_full:
        full = _full(health)
        raise Transient([full])


def _found(health: ServerHealth) -> list[Diagnostic]:
    found = []
    if health.is_full:
        found.append(_full(health))
    elif health.is_low:
        found.append(
            Diagnostic(
                "secrets/disk-low",
                "little room is left where the secret server keeps its data and its audit log: "
                f"less than {health.low_bytes // MIB} MiB in `{health.folder}`",
                severity=Severity.WARNING,
                hint=_hint(health),
            )
        )
    if health.lacks_rights:
        found.append(
            Diagnostic(
                "secrets/server-outdated",
                "the secret server was set up by an earlier version and lacks rights",
                severity=Severity.WARNING,
                hint="stop the controller and run `trueup secrets upgrade --yes`",
            )
        )
    return found


def _full(health: ServerHealth) -> Diagnostic:
    return Diagnostic(
        "secrets/disk-full",
        "no secret is worked on: less than "
        f"{health.full_bytes // MIB} MiB are left in `{health.folder}`",
        hint=_hint(health),
    )


def _hint(health: ServerHealth) -> str:
    return (
        "make room on that disk; `audit/audit.old` and `server.before` in "
        f"`{health.folder}` may be moved away"
    )
