"""The services of a stack in the local cloud, as what uses a secret of it sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.diagnostics.errors import Transient
from controller.localcloud.client import Cloud, Status
from controller.localcloud.errors import CloudError
from controller.model.names import UnitName


@dataclass(frozen=True, slots=True)
class LocalServices:
    """Implements `adapters.consumer.services.Supervisor`."""

    root: Path
    """Of the local cloud."""

    def renew(self, unit: UnitName, told: Mapping[str, str]) -> Sequence[bool]:
        """Restart each service of a unit, unless all of it was started after it was told this."""
        cloud = Cloud(self.root)
        try:
            names = [each["name"] for each in cloud.list() if _is_of(unit, each)]
            return [_is_whole(cloud.renew(name, told)) for name in names]
        except CloudError as error:
            # Its first line only: the others are what a process wrote, which may be anything.
            reason = error.message.partition("\n")[0]
            raise Transient.because(f"not restarted: {reason}", hint=error.hint) from error


def _is_of(unit: UnitName, status: Status) -> bool:
    return (status["kind"], status["owner"]) == ("service", str(unit))


def _is_whole(status: Status) -> bool:
    runs = not status["problem"] and status["running"] == status["replicas"]
    return runs and not status["leaving"]
