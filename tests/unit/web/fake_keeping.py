"""What an App tells of what is kept."""

from datetime import UTC, datetime

from controller.model.caller import Caller, Role
from controller.model.retention import Amount, Cleaning
from controller.permission import require

MIB = 2**20
CLEANING = Cleaning(
    datetime(2030, 1, 1, 3, tzinfo=UTC),
    {"events": Amount(120), "artifacts": Amount(3, 3 * MIB)},
    {"decisions": Amount(40, MIB // 2), "trees in use": Amount(2, 4096)},
    {"artifacts": 12 * MIB, "ledger.db": 7 * MIB, "mirror.git": 30 * MIB, "cloud": 2048 * MIB},
)


class FakeKeeping:
    """Always tells the same."""

    async def last(self) -> Cleaning | None:
        return CLEANING

    async def preview(self) -> Cleaning:
        return CLEANING

    async def clean_up(self, caller: Caller) -> str:
        require(caller, Role.ADMIN)
        return "retention:data"
