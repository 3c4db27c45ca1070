"""The errors of Trueup; the class says what happens next.

TrueupError
├── Stalled         somebody must change something; not tried again until they did
│   ├── ConfigurationWrong   all diagnostics of load, graph and render
│   ├── PolicyDenied         a policy said no to this plan
│   ├── PlanStale            the plan is not of what is there now
│   ├── EngineRefused        the engine said no and will say it again
│   └── GaveUp               it failed too often, or for too long
├── Waiting         nothing is wrong; come again later
│   ├── ApprovalPending      a person has to decide
│   │   └── ProviderMoved    … whether what is there may stay behind
│   ├── DependencyNotReady   another unit, secret or stage comes first
│   ├── BacklogApproval      after a pause more would change than goes unasked
│   ├── BacklogRamp          after a pause changes are let go a few at a time
│   └── StateLocked          somebody else works on the same state
├── Transient       the world failed; tried again with growing pauses
│   ├── StoreUnreachable     the secret store does not answer
│   │   ├── StoreSealed      it answers that somebody must unseal it
│   │   ├── StoreBusy        it asks for fewer requests
│   │   └── StoreFailed      it fails, as with a full disk
│   ├── RepositoryUnreachable  the Git repository does not answer
│   ├── EngineFailed         the engine or its provider broke off
│   └── Throttled            a provider asks for fewer requests
└── Bug             ours; asks for a report

Every error holds exactly one argument, a tuple of diagnostics, so that it can be stored and read
back.
"""

from collections.abc import Iterable
from typing import Self

from controller.diagnostics.diagnostic import Diagnostic

GENERAL = frozenset({"trueup/error", "trueup/stalled"})
"""Codes whose pages say nothing of a single fault."""


class TrueupError(Exception):
    """Something stopped; `diagnostics` says what, where, and how to go on."""

    code = "trueup/error"

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(self.diagnostics)

    @classmethod
    def because(cls, message: str, *, hint: str | None = None, code: str | None = None) -> Self:
        """Make the error from one plain message."""
        return cls((Diagnostic(code=code or cls.code, message=message, hint=hint),))

    @property
    def reason(self) -> str:
        """The class as a CamelCase reason, as conditions want it."""
        return type(self).__name__

    @property
    def hint(self) -> str:
        """How to go on: what the diagnostics say of it, and who has more; empty for neither."""
        hints = list(dict.fromkeys(filter(None, (each.hint for each in self.diagnostics))))
        if isinstance(self, Stalled):
            codes = dict.fromkeys(each.code for each in self.diagnostics)
            hints += [f"`trueup explain {code}`" for code in codes if code not in GENERAL]
        return "; ".join(hints)

    def __str__(self) -> str:
        return "; ".join(
            f"{diagnostic.span}: {diagnostic.message}" if diagnostic.span else diagnostic.message
            for diagnostic in self.diagnostics
        )


class Stalled(TrueupError):  # noqa: N818 - what happens next, not what went wrong
    """Somebody must change something; not tried again until the commit or the setting changes."""

    code = "trueup/stalled"


class ConfigurationWrong(Stalled):
    """The documents of a commit cannot be used; carries every diagnostic of the commit."""

    code = "load/wrong"


class PolicyDenied(Stalled):
    """A policy denies the plan."""

    code = "policy/denied"


class PlanStale(Stalled):
    """What was judged is not what would be applied now; a new plan is needed."""

    code = "apply/plan-stale"


class EngineRefused(Stalled):
    """The engine says no, and would say it again for the same configuration."""

    code = "engine/refused"


class StateReplaced(Stalled):
    """A state is not one that came after the apply that was recorded last."""

    code = "engine/state-replaced"


class GaveUp(Stalled):
    """What may pass did not pass: it was tried many times, or for hours."""

    code = "engine/gave-up"


class Waiting(TrueupError):  # noqa: N818 - what happens next, not what went wrong
    """Nothing is wrong; it is not our turn yet."""

    code = "trueup/waiting"


class ApprovalPending(Waiting):
    """A person has to decide first."""

    code = "promote/approval-pending"


class ProviderMoved(ApprovalPending):
    """A provider looks elsewhere than what is there was made: a person has to decide."""

    code = "apply/provider-moved"


class DependencyNotReady(Waiting):
    """Something that this one needs is not ready."""

    code = "graph/dependency-not-ready"


class BacklogApproval(Waiting):
    """After a pause more units would change than go unasked: a person has to decide."""

    code = "apply/backlog-approval"


class BacklogRamp(Waiting):
    """After a pause changes are counted first, and then let go a few at a time."""

    code = "apply/backlog-ramp"


class StateLocked(Waiting):
    """Somebody else holds the lock of the state."""

    code = "engine/state-locked"


class Transient(TrueupError):  # noqa: N818 - what happens next, not what went wrong
    """The world failed; the same thing is tried again with growing pauses."""

    code = "trueup/transient"


class StoreUnreachable(Transient):
    """The secret store does not answer, or cannot serve."""

    code = "secrets/store-unreachable"


class StoreSealed(StoreUnreachable):
    """The secret store is sealed or was never set up; somebody must unseal it."""

    code = "secrets/store-sealed"


class StoreBusy(StoreUnreachable):
    """The secret store asks for fewer requests; it never says for how long."""

    code = "secrets/store-busy"


class StoreFailed(StoreUnreachable):
    """The secret store fails at every request, as with a full disk below its audit log."""

    code = "secrets/store-failed"


class RepositoryUnreachable(Transient):
    """The Git repository does not answer."""

    code = "fetch/repository-unreachable"


class EngineFailed(Transient):
    """The engine, a provider or a backend broke off."""

    code = "engine/failed"


class Throttled(Transient):
    """A provider asks for fewer requests: longer pauses, and fewer units of its account at once."""

    code = "engine/throttled"


class Bug(TrueupError):  # noqa: N818 - what happens next, not what went wrong
    """We did something that cannot be; asks for a report."""

    code = "trueup/bug"


def fault_of(error: Exception) -> TrueupError:
    """Give what to tell of any error; the words of one that is not ours may hold values."""
    if isinstance(error, TrueupError):
        return error
    if isinstance(error, OSError):
        return Transient.because(
            f"this machine does not let us: {error.strerror or error}",
            hint="look at the free space and the permissions of the data folder",
            code="trueup/machine-failed",
        )
    return Bug.because(
        f"a fault of Trueup itself ({type(error).__name__}); it is tried again",
        hint="the log of the controller has more; please report it",
    )
