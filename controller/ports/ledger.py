"""What the controller remembers: statuses, events, runs, approvals, findings."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from controller.diagnostics.diagnostic import Diagnostic
from controller.model.decision import Approval
from controller.model.event import Event
from controller.model.issuance import Issuance
from controller.model.names import Commit, Digest, SecretName, StageName, UnitName
from controller.model.release import Release
from controller.model.retention import OldEvents
from controller.model.status import JournalStep, Run, SecretStatus, StageStatus, UnitStatus


class StatusLedger(Protocol):
    """Statuses, one row a thing; the last write stands."""

    async def unit(self, name: UnitName) -> UnitStatus | None: ...
    async def units(self, stage: StageName | None = None) -> Sequence[UnitStatus]: ...
    async def put_unit(self, status: UnitStatus) -> None: ...
    async def put_units(self, statuses: Sequence[UnitStatus]) -> None:
        """Write many at once: all of them, or none."""

    async def remove_unit(self, name: UnitName) -> None: ...
    async def stage(self, name: StageName) -> StageStatus | None: ...
    async def stages(self) -> Sequence[StageStatus]: ...
    async def put_stage(self, status: StageStatus) -> None: ...
    async def secret(self, name: SecretName) -> SecretStatus | None: ...
    async def secrets(self, stage: StageName | None = None) -> Sequence[SecretStatus]: ...
    async def put_secret(self, status: SecretStatus) -> None: ...


class EventLedger(Protocol):
    """Events, append-only and hash-chained: the audit log."""

    async def append(self, event: Event) -> Event:
        """Store an event and give it with its number."""

    async def events(
        self, *, subject: str | None = None, after: int = 0, limit: int = 200
    ) -> Sequence[Event]:
        """Give events in order, the oldest first; without `after` the newest `limit` of them."""

    async def verify_chain(self) -> int | None:
        """Recompute the chain; the number of the first event that does not fit, or None."""


class RunLedger(Protocol):
    """Runs and their step journals."""

    async def begin_run(self, subject: str, revision: str, at: datetime) -> Run:
        """Open the next attempt for (subject, revision)."""

    async def end_run(self, run: str, result: str, at: datetime) -> None:
        """Close a run; the first result stands. Raises Bug when there is no such run."""

    async def write_step(self, step: JournalStep) -> None:
        """Record a step's latest state; one row a (run, step). Raises Bug without such a run."""

    async def open_runs(self) -> Sequence[Run]:
        """Give the runs that were begun and not ended: after a start, those were interrupted."""

    async def runs(self, subject: str, limit: int = 20) -> Sequence[Run]: ...


class DecisionLedger(Protocol):
    """Releases, approvals, findings."""

    async def put_release(self, release: Release) -> Release:
        """Remember a release; gives the one that was first seen with this digest."""

    async def release(self, product: str, digest: Digest) -> Release | None: ...
    async def releases(self, product: str, limit: int = 50) -> Sequence[Release]:
        """Give a product's releases, the newest first."""

    async def put_approval(self, approval: Approval) -> None:
        """Keep a person's word; a second word of the same person replaces the first."""

    async def approvals(self, stage: StageName, release: Digest) -> Sequence[Approval]: ...
    async def put_findings(self, scope: str, commit: Commit, found: Sequence[Diagnostic]) -> None:
        """Replace the findings of a scope."""

    async def findings(self) -> Sequence[tuple[str, Diagnostic]]: ...
    async def set_fact(self, name: str, value: str) -> None:
        """Keep one small text by name, as the last head seen."""

    async def fact(self, name: str) -> str | None: ...


class IssuanceLedger(Protocol):
    """Requests for secrets and credentials, one row each; the last write stands."""

    async def issuance(self, request: str) -> Issuance | None: ...
    async def issuances(self, *, is_open: bool = False, limit: int = 200) -> Sequence[Issuance]:
        """Give requests, the newest first: all, or those that are not over (then all of them)."""

    async def put_issuance(self, row: Issuance, events: Sequence[Event]) -> None:
        """Write a row, and what is told of it: both, or none."""


class RetentionLedger(Protocol):
    """What nobody needs any more; each call does a bounded part of it, in one transaction."""

    async def facts(self, *prefixes: str) -> Mapping[str, str]:
        """Give all facts whose names begin with one of the prefixes; without any, all."""

    async def forget_facts(self, facts: Mapping[str, str]) -> None:
        """Forget facts that still say what is given; one that does not stays, without an error."""

    async def event_subjects(self) -> Sequence[str]:
        """Give what events are told of."""

    async def old_events(self, subject: str, old: OldEvents, limit: int) -> Sequence[int]:
        """Give the numbers of old events of a subject, the oldest first."""

    async def forget_events(self, numbers: Collection[int]) -> None:
        """Forget events; the chain keeps what it needs to be verified past them."""

    async def forget_releases(self, product: str, digests: Collection[Digest]) -> None:
        """Forget releases of a product, and the words of people for them."""

    async def give_back(self, pages: int) -> int:
        """Give up to so many freed pages back to the disk; tells how many bytes that were."""


class Ledger(
    StatusLedger,
    EventLedger,
    RunLedger,
    DecisionLedger,
    IssuanceLedger,
    RetentionLedger,
    Protocol,
):
    """All of it. What is written has survived a kill of the process once the call has returned.

    It has survived a power cut as well, but for what a start finds out anew: statuses of units and
    the journal.
    """

    async def close(self) -> None: ...
