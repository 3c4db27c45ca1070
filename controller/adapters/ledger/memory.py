"""A ledger that is gone with the process."""

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from controller.adapters.ledger._chain import GENESIS, ChainEnd, Gap, Link, link_hash
from controller.adapters.ledger._runs import RUNS_KEPT, no_such_run, run_id
from controller.adapters.ledger._values import to_json
from controller.diagnostics.diagnostic import Diagnostic
from controller.model.decision import Approval
from controller.model.event import Event
from controller.model.issuance import Issuance
from controller.model.names import Commit, Digest, SecretName, StageName, UnitName
from controller.model.release import Release
from controller.model.retention import OldEvents
from controller.model.status import JournalStep, Run, SecretStatus, StageStatus, UnitStatus


class MemoryLedger:
    """Dictionaries of values; behaves as the SQLite ledger does, but for surviving its process."""

    def __init__(self) -> None:
        self._units: dict[UnitName, UnitStatus] = {}
        self._stages: dict[StageName, StageStatus] = {}
        self._secrets: dict[SecretName, SecretStatus] = {}
        self._events: list[Event] = []
        self._links: list[Link | Gap] = []
        self._runs: dict[str, Run] = {}
        self._numbers: dict[str, int] = {}
        self._steps: dict[str, dict[str, JournalStep]] = {}
        self._releases: dict[tuple[str, Digest], Release] = {}
        self._approvals: dict[tuple[StageName, str, str], Approval] = {}
        self._findings: dict[str, tuple[Diagnostic, ...]] = {}
        self._facts: dict[str, str] = {}
        self._issuances: dict[str, Issuance] = {}

    async def close(self) -> None:
        """Do nothing: there is no file."""

    # Statuses

    async def unit(self, name: UnitName) -> UnitStatus | None:
        """Give the status of a unit; None when there is none."""
        return self._units.get(name)

    async def units(self, stage: StageName | None = None) -> Sequence[UnitStatus]:
        """Give the units of a stage, or all, by name."""
        found = (unit for unit in self._units.values() if stage in {None, unit.name.stage})
        return sorted(found, key=lambda unit: str(unit.name))

    async def put_unit(self, status: UnitStatus) -> None:
        """Write a unit's status over the one before."""
        self._units[status.name] = status

    async def put_units(self, statuses: Sequence[UnitStatus]) -> None:
        """Write many statuses at once."""
        self._units.update({status.name: status for status in statuses})

    async def remove_unit(self, name: UnitName) -> None:
        """Forget a unit; one that is not there is no error."""
        self._units.pop(name, None)

    async def stage(self, name: StageName) -> StageStatus | None:
        """Give the status of a stage; None when there is none."""
        return self._stages.get(name)

    async def stages(self) -> Sequence[StageStatus]:
        """Give all stages, by name."""
        return sorted(self._stages.values(), key=lambda stage: str(stage.name))

    async def put_stage(self, status: StageStatus) -> None:
        """Write a stage's status over the one before."""
        self._stages[status.name] = status

    async def secret(self, name: SecretName) -> SecretStatus | None:
        """Give the status of a secret; None when there is none."""
        return self._secrets.get(name)

    async def secrets(self, stage: StageName | None = None) -> Sequence[SecretStatus]:
        """Give the secrets of a stage, or all, by name."""
        found = (secret for secret in self._secrets.values() if stage in {None, secret.name.stage})
        return sorted(found, key=lambda secret: str(secret.name))

    async def put_secret(self, status: SecretStatus) -> None:
        """Write a secret's status over the one before."""
        self._secrets[status.name] = status

    # Events

    async def append(self, event: Event) -> Event:
        """Store an event at the end of the chain and give it with its number."""
        stored = replace(event, number=len(self._links) + 1)
        body = to_json(Event, stored)
        previous = self._links[-1].hash if self._links else GENESIS
        self._events.append(stored)
        self._links.append(Link(stored.number, stored.subject, body, link_hash(previous, body)))
        return stored

    async def events(
        self, *, subject: str | None = None, after: int = 0, limit: int = 200
    ) -> Sequence[Event]:
        """Give events, the oldest first: those after a number, or the newest `limit` of them."""
        if after:
            later = (
                event
                for event in self._events
                if event.number > after and subject in {None, event.subject}
            )
            return list(itertools.islice(later, limit))
        newest = (event for event in reversed(self._events) if subject in {None, event.subject})
        return list(itertools.islice(newest, limit))[::-1]

    async def verify_chain(self) -> int | None:
        """Recompute the chain; the number of the first event that does not fit, or None."""
        return ChainEnd().after(self._links).broken

    # Requests for credentials

    async def issuance(self, request: str) -> Issuance | None:
        """Give a request by its id."""
        return self._issuances.get(request)

    async def issuances(self, *, is_open: bool = False, limit: int = 200) -> Sequence[Issuance]:
        """Give requests, the newest first."""
        newest = reversed(self._issuances.values())
        if is_open:
            return [row for row in newest if not row.phase.is_final]
        return list(itertools.islice(newest, limit))

    async def put_issuance(self, row: Issuance, events: Sequence[Event]) -> None:
        """Write a row, and what is told of it."""
        self._issuances[row.id] = row
        for event in events:
            await self.append(event)

    # Runs

    async def begin_run(self, subject: str, revision: str, at: datetime) -> Run:
        """Open the next attempt for (subject, revision); forgets its oldest ended runs."""
        number = self._numbers.get(subject, 0) + 1
        self._numbers[subject] = number
        of_subject = [run for run in self._runs.values() if run.subject == subject]
        attempt = max((run.attempt for run in of_subject if run.revision == revision), default=0)
        run = Run(run_id(subject, number), subject, revision, attempt + 1, at)
        self._runs[run.id] = run
        for old in (run_id(subject, past) for past in range(1, number - RUNS_KEPT + 1)):
            if old in self._runs and self._runs[old].ended_at is not None:
                del self._runs[old]
                self._steps.pop(old, None)
        return run

    async def end_run(self, run: str, result: str, at: datetime) -> None:
        """Close a run; the first result of a run stands. Raises Bug when there is no such run."""
        if run not in self._runs:
            raise no_such_run(run)
        if self._runs[run].ended_at is None:
            self._runs[run] = replace(self._runs[run], ended_at=at, result=result)

    async def write_step(self, step: JournalStep) -> None:
        """Record a step's latest state, one row a (run, step). Raises Bug without such a run."""
        if step.run not in self._runs:
            raise no_such_run(step.run)
        self._steps.setdefault(step.run, {})[step.step] = step

    async def open_runs(self) -> Sequence[Run]:
        """Give the runs that were begun and not ended, by id, with their steps."""
        found = (run for run in self._runs.values() if run.ended_at is None)
        return self._with_steps(sorted(found, key=lambda run: run.id))

    async def runs(self, subject: str, limit: int = 20) -> Sequence[Run]:
        """Give the latest runs of a subject with their steps, the newest first."""
        newest = (run for run in reversed(self._runs.values()) if run.subject == subject)
        return self._with_steps(itertools.islice(newest, limit))

    def _with_steps(self, runs: Iterable[Run]) -> Sequence[Run]:
        return [replace(run, steps=tuple(self._steps.get(run.id, {}).values())) for run in runs]

    # Decisions

    async def put_release(self, release: Release) -> Release:
        """Remember a release; gives the one that was first seen with this digest."""
        return self._releases.setdefault((release.product, release.digest), release)

    async def release(self, product: str, digest: Digest) -> Release | None:
        """Give a release that was seen, by its digest."""
        return self._releases.get((product, digest))

    async def releases(self, product: str, limit: int = 50) -> Sequence[Release]:
        """Give a product's releases, the newest first."""
        newest = (found for found in reversed(self._releases.values()) if found.product == product)
        return list(itertools.islice(newest, limit))

    async def put_approval(self, approval: Approval) -> None:
        """Keep a person's word; a second word of the same person replaces the first."""
        self._approvals[(approval.stage, approval.release, approval.by)] = approval

    async def approvals(self, stage: StageName, release: Digest) -> Sequence[Approval]:
        """Give the words for a release in a stage, the first given first."""
        return [
            approval
            for approval in self._approvals.values()
            if (approval.stage, approval.release) == (stage, release)
        ]

    async def put_findings(self, scope: str, commit: Commit, found: Sequence[Diagnostic]) -> None:
        """Replace the findings of a scope."""
        del (
            commit
        )  # told nowhere in the port; the SQLite ledger keeps it for people who look into it
        self._findings[scope] = tuple(found)

    async def findings(self) -> Sequence[tuple[str, Diagnostic]]:
        """Give all findings with their scope, by scope, in the order they were put."""
        return [
            (scope, diagnostic)
            for scope, found in sorted(self._findings.items())
            for diagnostic in found
        ]

    async def set_fact(self, name: str, value: str) -> None:
        """Keep one small text by name."""
        self._facts[name] = value

    async def fact(self, name: str) -> str | None:
        """Give a text by name; None when it was never set."""
        return self._facts.get(name)

    # What nobody needs any more

    async def facts(self, *prefixes: str) -> Mapping[str, str]:
        """Give all facts whose names begin with one of the prefixes; without any, all."""
        return {n: v for n, v in self._facts.items() if n.startswith(prefixes or ("",))}

    async def forget_facts(self, facts: Mapping[str, str]) -> None:
        """Forget facts that still say what is given."""
        for name, value in facts.items():
            if self._facts.get(name) == value:
                del self._facts[name]

    async def event_subjects(self) -> Sequence[str]:
        """Give what events are told of."""
        return sorted({event.subject for event in self._events})

    async def old_events(self, subject: str, old: OldEvents, limit: int) -> Sequence[int]:
        """Give the numbers of old events of a subject, the oldest first."""
        of_subject = [event for event in self._events if event.subject == subject]
        floor = max(0, len(of_subject) - old.newest)
        may_go = [event for event in of_subject[:floor] if event.number < old.below][:limit]
        return [event.number for event in may_go if event.at < old.before]

    async def forget_events(self, numbers: Collection[int]) -> None:
        """Forget events; a gap stands for each in the chain."""
        self._events = [event for event in self._events if event.number not in numbers]
        for number in numbers:
            self._links[number - 1] = Gap(number, number, self._links[number - 1].hash)

    async def forget_releases(self, product: str, digests: Collection[Digest]) -> None:
        """Forget releases of a product, and the words of people for them."""
        for digest in digests:
            self._releases.pop((product, digest), None)
        self._approvals = {
            key: given
            for key, given in self._approvals.items()
            if key[0].product != product or key[1] not in digests
        }

    async def give_back(self, pages: int) -> int:
        """Do nothing: there is no file."""
        del pages
        return 0
