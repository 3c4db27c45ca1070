"""The breaker: what piled up in a pause is counted, asked for when it is much, and let go slowly.

After an outage a controller that simply goes on applies hours of changes at once, or puts back what
somebody mended by hand meanwhile. So a pause is written down as a row of its own for each
environment; while it is there, nothing is applied before everything was looked at.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.errors import BacklogApproval, BacklogRamp, TrueupError
from controller.model.backlog import Backlog
from controller.model.condition import ConditionType, Truth
from controller.model.drift import is_put_back
from controller.model.names import Commit, UnitName
from controller.model.plan import Plan
from controller.model.status import UnitStatus
from controller.workflows import keys
from controller.workflows.catalogs import Catalogs
from controller.workflows.recording import Recording
from controller.workflows.units import Units
from controller.workflows.world import World
from schemas.kinds.environment import Backlog as Rule
from schemas.kinds.environment import Environment

LEAST = timedelta(minutes=10)
"""So long a backlog is kept: the repository must have been fetched, and its releases let in."""
WAITS = frozenset({BacklogApproval.__name__, BacklogRamp.__name__})
FETCHED_AT = "source/fetched-at"
"""When the repository was last reached."""
ALIVE = "alive"
"""When the controller last looked."""
_BACKLOG = TypeAdapter(Backlog)
_DRIFTED = TypeAdapter(dict[str, datetime])


@dataclass
class _Life:
    """What this process has seen of an environment since it found the pause."""

    seen: dict[UnitName, Commit] = field(default_factory=dict)
    """Units that were looked at, and the commit that was wanted then."""
    in_hand: set[UnitName] = field(default_factory=set)
    at_once: int = 1


class Breaker:
    """Holds changes back after a pause."""

    def __init__(
        self, world: World, catalogs: Catalogs, units: Units, recording: Recording
    ) -> None:
        self._world = world
        self._catalogs = catalogs
        self._units = units
        self._recording = recording
        self._known: dict[str, Backlog | None] = {}
        self._lives: dict[str, _Life] = {}

    async def look(self) -> None:
        """See whether a pause has ended: called before a life begins, and with each look at Git."""
        ledger, now = self._world.ledger, self._world.clock.now()
        alive, head = await ledger.fact(ALIVE), self._catalogs.head
        for environment in head.catalog.all(Environment) if head else ():
            name = environment.metadata.name
            if alive:
                since = datetime.fromisoformat(alive)
                await self.pause(name, since, "the controller did not run")
            suspended = await ledger.fact(f"suspended-since/{name}")
            if environment.spec.suspended and not suspended:
                await ledger.set_fact(f"suspended-since/{name}", now.isoformat())
            elif suspended and not environment.spec.suspended:
                since = datetime.fromisoformat(suspended)
                await self.pause(name, since, "it was suspended")
                await ledger.set_fact(f"suspended-since/{name}", "")
        await ledger.set_fact(ALIVE, now.isoformat())

    async def reached(self, last: str | None) -> None:
        """See whether the repository had not answered for long; `last` is when it did before."""
        head = self._catalogs.head
        for environment in head.catalog.all(Environment) if head and last else ():
            since = datetime.fromisoformat(str(last))
            await self.pause(environment.metadata.name, since, "the repository did not answer")

    async def pause(self, environment: str, since: datetime, what: str) -> None:
        """Write a pause down when it was a long one; then everything there is looked at anew."""
        now, rule = self._world.clock.now(), self.rule(environment)
        before = await self.find(environment)
        if now - since < rule.after or (before is not None and not before.is_drift):
            return
        units = await self._of(environment)
        if any(unit.outcome is not None for unit in units):
            because = f"{_words(now - since)} in which {what}"
            await self._open(Backlog(environment, since, now, because))
            await self._world.dispatcher.wake_all(keys.unit_key(unit.name) for unit in units)

    async def drifted(self, name: UnitName) -> None:
        """Note that a unit has drifted; when many did lately, nothing more is put back unasked."""
        environment, now = name.environment, self._world.clock.now()
        rule, fact = self.rule(environment), f"drifted/{environment}"
        known = _DRIFTED.validate_json(await self._world.ledger.fact(fact) or "{}")
        lately = {unit: at for unit, at in known.items() if now - at < rule.after}
        lately[str(name)] = now
        await self._world.ledger.set_fact(fact, _DRIFTED.dump_json(lately).decode())
        if len(lately) > rule.drifted and await self.find(environment) is None:
            since, number = min(lately.values()), len(lately)
            because = f"{_words(now - since)} in which {number} units have drifted"
            await self._open(Backlog(environment, since, now, because, is_drift=True))

    async def find(self, environment: str) -> Backlog | None:
        """Give the backlog of an environment, if it has one."""
        if environment not in self._known:
            text = await self._world.ledger.fact(_fact(environment))
            self._known[environment] = _BACKLOG.validate_json(text) if text else None
        return self._known[environment]

    async def let_go(self, backlog: Backlog, by: str) -> None:
        """Note that somebody has looked; wakes what waits."""
        await self._write(replace(backlog, let_go_by=by))
        await self._tell_finding(backlog.environment, ())
        await self._wake(backlog.environment)

    async def saw(self, looked_at: Iterable[tuple[UnitName, Commit]]) -> None:
        """Note that units had a turn, and which commit was wanted of them then."""
        concerned = set()
        for name, commit in looked_at:
            if await self.find(name.environment) is not None:
                seen = self._life(name.environment).seen
                if seen.get(name) != commit:
                    seen[name] = commit
                    concerned.add(name.environment)
        for environment in concerned:
            if not await self._unseen(environment):
                await self._wake(environment)

    async def check(self, name: UnitName, status: UnitStatus) -> None:
        """Spare a unit that waits here its plan. Raises BacklogRamp or BacklogApproval."""
        ready = status.condition(ConditionType.READY)
        backlog = await self.find(name.environment)
        if backlog is not None and ready is not None and ready.reason in WAITS:
            await self._check(backlog, name)

    @asynccontextmanager
    async def admitted(self, plan: Plan, status: UnitStatus) -> AsyncIterator[None]:
        """Apply a plan inside of this. Raises BacklogRamp or BacklogApproval: it has to wait."""
        name = status.name
        if plan.is_empty:
            yield
            return
        await self._notice_outage(name, status)
        backlog = await self.find(name.environment)
        if backlog is None or (backlog.is_drift and not any(map(is_put_back, status.drift))):
            yield
            return
        life = self._life(name.environment)
        await self._check(backlog, name)
        life.in_hand.add(name)
        try:
            yield
        except BaseException:
            life.at_once = 1
            raise
        else:
            life.at_once += 1
            backlog = await self.find(name.environment) or backlog
            await self._write(replace(backlog, applied=backlog.applied + 1))
            await self._wake(name.environment, most=life.at_once)
        finally:
            life.in_hand.discard(name)

    async def tidy(self) -> None:
        """Forget the backlogs after which everything is done."""
        environments = {unit.name.environment for unit in await self._world.ledger.units()}
        for environment in sorted(environments):
            backlog = await self.find(environment)
            if backlog is not None and await self._is_done(backlog):
                await self._world.ledger.set_fact(_fact(environment), "")
                self._known[environment] = None
                self._lives.pop(environment, None)
                await self._tell_finding(environment, ())
                done = f"after {backlog.because} {backlog.applied} units were changed"
                await self._recording.event(_subject(environment), "BacklogDone", done)

    def rule(self, environment: str) -> Rule:
        """Give the limits of an environment as they are at the head."""
        head = self._catalogs.head
        found = head.catalog.find(Environment, environment) if head else None
        return found.spec.limits.backlog if found else Rule()

    async def _check(self, backlog: Backlog, name: UnitName) -> None:
        environment = backlog.environment
        life = self._life(environment)
        if not backlog.let_go_by:
            unseen = await self._unseen(environment) - {name}
            if unseen and not backlog.is_drift:
                raise BacklogRamp.because(
                    f"after {backlog.because} all of `{environment}` is looked at first:"
                    f" {len(unseen)} units are left"
                )
            waiting = len(await self._waiting(environment) | {name}) + backlog.applied
            if backlog.is_drift or waiting > self.rule(environment).ask:
                raise await self._ask(backlog, waiting)
        if len(life.in_hand) >= life.at_once:
            raise BacklogRamp.because(
                f"after {backlog.because} changes of `{environment}` are let go {life.at_once} at"
                " a time"
            )

    async def _ask(self, backlog: Backlog, number: int) -> BacklogApproval:
        environment = backlog.environment
        error = BacklogApproval.because(
            f"after {backlog.because} somebody must look before more of `{environment}` is changed",
            hint=f"`trueup get units`, then `trueup approve {environment}`",
        )
        if backlog.asked < number:
            if not backlog.asked:
                said = f"{error}: {number} units have changes"
                await self._recording.event(
                    _subject(environment), "BacklogApproval", said, warning=True
                )
            await self._tell_finding(environment, error.diagnostics)
            await self._write(replace(backlog, asked=number))
        return error

    async def _notice_outage(self, name: UnitName, status: UnitStatus) -> None:
        """See whether an engine or a provider had been failing for long until now."""
        since = self._failing_since(status)
        if since is None:
            return
        units = await self._of(name.environment)
        failing = sum(self._failing_since(unit) is not None for unit in units)
        if failing > self.rule(name.environment).ask:
            await self.pause(name.environment, since, "the engine or a provider failed")

    def _failing_since(self, status: UnitStatus) -> datetime | None:
        ready = status.condition(ConditionType.READY)
        if not status.failures or ready is None or ready.status != Truth.FALSE:
            return None
        since = ready.last_transition_time
        long_ago = self._world.clock.now() - self.rule(status.name.environment).after
        return since if since <= long_ago else None

    async def _is_done(self, backlog: Backlog) -> bool:
        units = await self._of(backlog.environment)
        if backlog.is_drift:
            return not any([await self._is_corrected(unit) for unit in units])
        fetched = await self._world.ledger.fact(FETCHED_AT)
        has_fetched = fetched is not None and datetime.fromisoformat(fetched) > backlog.found_at
        is_old = self._world.clock.now() - backlog.found_at >= LEAST
        return (
            is_old
            and has_fetched
            and not self._life(backlog.environment).in_hand
            and not await self._waiting(backlog.environment)
            and not await self._unseen(backlog.environment)
        )

    async def _is_corrected(self, status: UnitStatus) -> bool:
        """Tell whether there is drift to put back; what is only reported waits for nobody."""
        if not any(map(is_put_back, status.drift)):
            return False
        try:
            wanted = await self._units.find_wanted(status.name)
        except TrueupError:
            return True
        return wanted is not None and self._units.is_corrected(wanted, status)

    async def _waiting(self, environment: str) -> set[UnitName]:
        found = set()
        for unit in await self._of(environment):
            ready = unit.condition(ConditionType.READY)
            if ready is not None and ready.reason in WAITS:
                found.add(unit.name)
        return found

    async def _unseen(self, environment: str) -> set[UnitName]:
        """Give the units that had no turn yet since the pause, at the commit that is wanted now."""
        seen = self._life(environment).seen
        unseen = {u.name for u in await self._of(environment) if u.name not in seen}
        for stage in await self._world.ledger.stages():
            if stage.name.environment == environment:
                for each in (await self._units.target(stage.name)).wanted():
                    if seen.get(each.unit.name) != each.commit:
                        unseen.add(each.unit.name)
        return unseen

    async def _of(self, environment: str) -> list[UnitStatus]:
        units = await self._world.ledger.units()
        return [unit for unit in units if unit.name.environment == environment]

    async def _wake(self, environment: str, *, most: int | None = None) -> None:
        waiting = sorted(await self._waiting(environment))[:most]
        await self._world.dispatcher.wake_all(map(keys.unit_key, waiting))

    def _life(self, environment: str) -> _Life:
        return self._lives.setdefault(environment, _Life())

    async def _open(self, backlog: Backlog) -> None:
        self._lives[backlog.environment] = _Life()
        await self._write(backlog)
        told = f"after {backlog.because} changes are counted before they are applied"
        await self._recording.event(
            _subject(backlog.environment), "BacklogFound", told, warning=True
        )

    async def _write(self, backlog: Backlog) -> None:
        text = _BACKLOG.dump_json(backlog).decode()
        await self._world.ledger.set_fact(_fact(backlog.environment), text)
        self._known[backlog.environment] = backlog

    async def _tell_finding(self, environment: str, found: tuple[Diagnostic, ...]) -> None:
        commit = self._catalogs.head.commit if self._catalogs.head else Commit("")
        await self._world.ledger.put_findings(f"backlog/{environment}", commit, found)


def _fact(environment: str) -> str:
    return f"backlog/{environment}"


def _subject(environment: str) -> str:
    return f"environment:{environment}"


def _words(time: timedelta) -> str:
    hours = time / timedelta(hours=1)
    return f"{hours:.0f} hours" if hours > 1 else f"{time // timedelta(minutes=1)} minutes"
