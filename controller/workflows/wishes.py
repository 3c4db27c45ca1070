"""What people asked for, each in a row of its own: no status written meanwhile can undo it."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from controller.model.names import Digest, SecretName, StageName, UnitName
from controller.ports.ledger import DecisionLedger
from controller.workflows.drills import Drills

Subject = StageName | UnitName


@dataclass(frozen=True, slots=True)
class Wish:
    """A release that somebody asks for."""

    release: Digest
    by: str
    at: datetime
    pinned: bool = False
    """The release was named: it stays asked for when a newer one is verified."""


_WISH = TypeAdapter(Wish)


class Wishes:
    """Reads and writes wishes; each stands until it is changed."""

    def __init__(self, ledger: DecisionLedger) -> None:
        self._ledger = ledger
        self.drills = Drills(ledger)

    async def suspend(
        self, subject: Subject, *, suspended: bool, at: datetime, because: str = ""
    ) -> None:
        """Leave a stage or a unit alone, or look after it again."""
        await self._ledger.set_fact(f"suspended-because/{subject}", because if suspended else "")
        since = await self.suspended_since(subject) or at
        await self._ledger.set_fact(f"suspended/{subject}", since.isoformat() if suspended else "")

    async def suspended_since(self, subject: Subject) -> datetime | None:
        """Tell since when somebody has a stage or a unit left alone; None when nobody has."""
        found = await self._ledger.fact(f"suspended/{subject}")
        return datetime.fromisoformat(found) if found and found != "yes" else None

    async def suspended_because(self, subject: Subject) -> str:
        """Say why a stage or a unit itself is suspended; empty when it is not."""
        return await self._ledger.fact(f"suspended-because/{subject}") or ""

    async def restore(self, unit: UnitName, serial: int | None) -> None:
        """Ask for an earlier state of a unit; None when that is done."""
        await self._ledger.set_fact(f"restore/{unit}", "" if serial is None else str(serial))

    async def restore_asked(self, unit: UnitName) -> int | None:
        """Tell which earlier state of a unit somebody asked for."""
        found = await self._ledger.fact(f"restore/{unit}")
        return int(found) if found else None

    async def is_suspended(self, subject: Subject) -> bool:
        """Tell whether somebody suspended a stage or a unit; a unit also by its stage."""
        stage = subject.stage if isinstance(subject, UnitName) else subject
        facts = [await self._ledger.fact(f"suspended/{name}") for name in {subject, stage}]
        return any(facts)

    async def rotate(self, secret: SecretName, at: datetime) -> None:
        """Ask for a rotation; one that begins later has answered this."""
        await self._ledger.set_fact(f"rotate/{secret}", at.isoformat())

    async def rotation_asked_at(self, secret: SecretName) -> datetime | None:
        """Tell when a rotation was last asked for, of this secret or of many."""
        found = await self._ledger.fact(f"rotate/{secret}")
        drill = await self.drills.latest_of(secret)
        asked = [datetime.fromisoformat(found)] if found else []
        return max([*asked, *([drill.at] if drill else [])], default=None)

    async def acknowledge(self, secret: SecretName, consumer: str, generation: int) -> None:
        """Note that a consumer has a generation; an earlier word of it counts no more."""
        await self._ledger.set_fact(f"acknowledged/{secret}/{consumer}", str(generation))

    async def acknowledged(self, secret: SecretName, consumer: str) -> int:
        """Tell which generation a consumer last said that it has; 0: none."""
        return int(await self._ledger.fact(f"acknowledged/{secret}/{consumer}") or 0)

    async def promote(self, stage: StageName, wish: Wish) -> None:
        """Ask for exactly one release to be let into a stage; another wish replaces this one."""
        text = _WISH.dump_json(wish).decode()
        await self._ledger.set_fact(f"promote/{stage}", text)

    async def withdraw(self, stage: StageName) -> None:
        """Ask for no release any more."""
        await self._ledger.set_fact(f"promote/{stage}", "")

    async def asked_for(self, stage: StageName) -> Wish | None:
        """Tell which release somebody asked for."""
        found = await self._ledger.fact(f"promote/{stage}")
        if not found or not found.startswith("{"):  # one of an earlier version says no person
            return None
        return _WISH.validate_json(found)

    async def correct(self, unit: UnitName, *, wanted: bool) -> None:
        """Ask for the drift of a unit to be put back once; `wanted` False: that was done."""
        await self._ledger.set_fact(f"correct/{unit}", "yes" if wanted else "")

    async def is_correction_asked(self, unit: UnitName) -> bool:
        """Tell whether somebody asked for the drift of a unit to be put back."""
        return bool(await self._ledger.fact(f"correct/{unit}"))

    async def plan_waits(self, unit: UnitName, subject: Digest) -> None:
        """Note which changes of a unit wait for a person; an empty digest: none do."""
        await self._ledger.set_fact(f"plan-waiting/{unit}", subject)

    async def waiting_plan(self, unit: UnitName) -> Digest | None:
        """Tell which changes of a unit wait for a person."""
        found = await self._ledger.fact(f"plan-waiting/{unit}")
        return Digest(found) if found else None
