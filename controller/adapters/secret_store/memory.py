"""A store in memory, which behaves as OpenBao's KV version 2 does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from controller.adapters.secret_store._paths import checked_path, revealed
from controller.diagnostics.errors import PlanStale
from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretDescription, SecretReference


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class _Version:
    fields: dict[str, SecretText]
    created_at: datetime
    deleted: bool = False


@dataclass(slots=True)
class MemorySecretStore:
    """Implements `ports.secret_store.SecretStore`."""

    now: Callable[[], datetime] = _utc_now
    _secrets: dict[str, list[_Version]] = field(default_factory=dict, repr=False)

    async def read(
        self, reference: SecretReference, *, version: int | None = None
    ) -> Mapping[str, SecretText] | None:
        """Give the fields; None when there is no such secret or version, or it was deleted."""
        versions = self._secrets.get(checked_path(reference.path), [])
        wanted = len(versions) if version is None else version
        if not 1 <= wanted <= len(versions) or versions[wanted - 1].deleted:
            return None
        return dict(versions[wanted - 1].fields)

    async def write(
        self, reference: SecretReference, fields: Mapping[str, SecretText], *, expect: int
    ) -> int:
        """Write a new version; raises PlanStale when the version is not `expect`."""
        path = checked_path(reference.path)
        revealed(fields)
        versions = self._secrets.get(path, [])
        if len(versions) != expect:
            raise PlanStale.because(
                f"the secret `{path}` is at version {len(versions)}, not {expect}",
                code="secrets/version-changed",
            )
        self._secrets[path] = [*versions, _Version(dict(fields), self.now())]
        return expect + 1

    async def delete(self, reference: SecretReference) -> None:
        """Delete all versions."""
        self._secrets.pop(checked_path(reference.path), None)

    async def describe(self, reference: SecretReference) -> SecretDescription | None:
        """Tell version and age."""
        versions = self._secrets.get(checked_path(reference.path), [])
        if not versions:
            return None
        return SecretDescription(
            reference, len(versions), versions[-1].created_at, deleted=versions[-1].deleted
        )

    def delete_latest(self, reference: SecretReference) -> None:
        """Delete the latest version only, as people do with other tools; for tests."""
        self._secrets[reference.path][-1].deleted = True
