"""The actions that API and pages pass on to the App: one table for both."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from controller.app import App
from controller.model.caller import Caller
from controller.model.names import DIGEST, NAME
from controller.web.refusals import RequestWrong

SUBJECT = re.compile(f"{NAME.pattern}(?:/{NAME.pattern}){{1,2}}")
OF_NAMES = frozenset(
    {
        "approve-backlog", "approve-request", "reject-request", "revoke-request",
        "confirm-request", "report-request",
    }
)  # fmt: skip
"""Actions whose subject is an environment or a request, a name without a product."""
OF_ALL = frozenset({"reconcile", "gc", "reload"})
"""Actions that may be without a subject."""
RELEASE = re.compile(rf"[0-9a-f]{{7,64}}|{DIGEST.pattern}")
REASON_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody asks for."""

    caller: Caller
    subject: str
    """An environment, a request, a stage, a unit or a secret; empty for the repository."""
    reason: str = ""
    expect: str = ""
    """What the caller was shown and means; empty when it does not matter."""
    until: str = ""
    """An instant with an offset; empty for no end."""
    release: str = ""
    """A commit, the beginning of one, or the digest of a release; empty for the obvious one."""

    def check(self, action: str) -> None:
        """Let through what can be meant. Raises RequestWrong."""
        form = NAME if action in OF_NAMES else SUBJECT
        if self.subject and form.fullmatch(self.subject) is None:
            raise RequestWrong.because(
                "`subject` does not name what the action is for",
                hint="write `product/environment` or `product/environment/name`",
            )
        for name, text in (("reason", self.reason), ("expect", self.expect)):
            if len(text) > REASON_LIMIT or not all(letter.isprintable() for letter in text):
                raise RequestWrong.because(
                    f"`{name}` is one line of at most {REASON_LIMIT} characters",
                    hint="leave out line breaks, and characters that cannot be seen",
                )
        if self.release and RELEASE.fullmatch(self.release) is None:
            raise RequestWrong.because(
                "`release` names no release", hint="write a commit, or at least 7 digits of it"
            )
        self.instant()

    def instant(self) -> datetime | None:
        """Read `until`, in UTC. Raises RequestWrong."""
        if not self.until:
            return None
        try:
            found = datetime.fromisoformat(self.until)
            in_utc = found.astimezone(UTC) if found.tzinfo is not None else None
        except (ValueError, OverflowError):
            in_utc = None
        if in_utc is None:
            raise RequestWrong.because(
                "`until` is no instant", hint="write it as `2026-12-24T18:00:00+01:00`"
            )
        return in_utc


def gate_of(subject: str) -> tuple[str, str]:
    """Read a stage and a gate from `product/environment/gate`. Raises RequestWrong."""
    if subject.count("/") != len(("product", "environment")):
        raise RequestWrong.because(
            "`subject` does not name a gate", hint="write `product/environment/gate`"
        )
    stage, _, gate = subject.rpartition("/")
    return stage, gate


Act = Callable[[App, Ask], Awaitable[str]]

ACTIONS: Mapping[str, Act] = {
    "reconcile": lambda app, ask: app.reconcile(ask.caller, ask.subject),
    "drift": lambda app, ask: app.look_for_drift(ask.caller, ask.subject),
    "approve": lambda app, ask: app.approve(ask.caller, ask.subject, ask.reason, expect=ask.expect),
    "approve-plan": lambda app, ask: app.approve_plan(
        ask.caller, ask.subject, ask.reason, expect=ask.expect
    ),
    "approve-backlog": lambda app, ask: app.approve_backlog(
        ask.caller, ask.subject, ask.reason, expect=ask.expect
    ),
    "promote": lambda app, ask: app.promotions.promote(ask.caller, ask.subject, ask.release),
    "accept-edit": lambda app, ask: app.promotions.accept_edit(ask.caller, ask.subject),
    "put-back": lambda app, ask: app.promotions.put_back(ask.caller, ask.subject, ask.reason),
    "revoke": lambda app, ask: app.promotions.revoke(ask.caller, ask.subject, ask.reason),
    "hold": lambda app, ask: app.promotions.hold(
        ask.caller, ask.subject, ask.reason, ask.instant()
    ),
    "lift": lambda app, ask: app.promotions.lift(ask.caller, ask.subject, ask.reason),
    "rollback": lambda app, ask: app.promotions.roll_back(
        ask.caller, ask.subject, ask.reason, ask.release
    ),
    "abort": lambda app, ask: app.promotions.abort(ask.caller, ask.subject, ask.reason),
    "suspend": lambda app, ask: app.suspend(ask.caller, ask.subject, suspended=True),
    "resume": lambda app, ask: app.suspend(ask.caller, ask.subject, suspended=False),
    "unlock": lambda app, ask: app.unlock(ask.caller, ask.subject, ask.expect),
    "restore-state": lambda app, ask: app.restore_state(ask.caller, ask.subject, ask.expect),
    "acknowledge": lambda app, ask: app.rotations.acknowledge(ask.caller, ask.subject, ask.expect),
    "gate-run": lambda app, ask: app.gates.run(ask.caller, *gate_of(ask.subject)),
    "gate-cancel": lambda app, ask: app.gates.cancel(ask.caller, *gate_of(ask.subject)),
    "rotate": lambda app, ask: app.rotations.rotate(ask.caller, ask.subject),
    "reload": lambda app, ask: app.reload(ask.caller),
    "gc": lambda app, ask: app.keeping.clean_up(ask.caller),
    "approve-request": lambda app, ask: app.requests.approve(
        ask.caller, ask.subject, ask.reason, expect=ask.expect
    ),
    "reject-request": lambda app, ask: app.requests.reject(ask.caller, ask.subject, ask.reason),
    "revoke-request": lambda app, ask: app.requests.revoke(ask.caller, ask.subject, ask.reason),
    "confirm-request": lambda app, ask: app.requests.confirm(ask.caller, ask.subject),
    "report-request": lambda app, ask: app.requests.report(ask.caller, ask.subject),
}


async def act(app: App, action: str, ask: Ask) -> str:
    """Do what is asked; gives what was woken or approved.

    Raises RequestWrong, and what the App raises: NotAllowed, NotFound, Stalled.
    """
    if action not in ACTIONS:
        raise RequestWrong.because(
            "there is no such action", hint=f"the actions are {', '.join(sorted(ACTIONS))}"
        )
    ask.check(action)
    if not ask.subject and action not in OF_ALL:
        raise RequestWrong.because(f"`{action}` needs a `subject`")
    return await ACTIONS[action](app, ask)
