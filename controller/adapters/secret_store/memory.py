"""A store in memory, which behaves as OpenBao's KV version 2 does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from controller.adapters.secret_store._paths import LARGEST_SECRET, checked_path, revealed
from controller.diagnostics.errors import PlanStale
from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretDescription, SecretReference, StoreCapabilities


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
    _marks: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def capabilities(self) -> StoreCapabilities:
        """Tell what this store can hold and promise."""
        return StoreCapabilities(LARGEST_SECRET, is_searched_at_once=True)

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
        self,
        reference: SecretReference,
        fields: Mapping[str, SecretText],
        *,
        expect: int,
        marks: Mapping[str, str] | None = None,
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
        if expect == 0:
            self._marks[path] = dict(marks or {})
        self._secrets[path] = [*versions, _Version(dict(fields), self.now())]
        return expect + 1

    async def delete(self, reference: SecretReference) -> None:
        """Delete all versions."""
        self._secrets.pop(checked_path(reference.path), None)
        self._marks.pop(reference.path, None)

    async def describe(self, reference: SecretReference) -> SecretDescription | None:
        """Tell version and age."""
        versions = self._secrets.get(checked_path(reference.path), [])
        if not versions:
            return None
        latest, marks = versions[-1], dict(self._marks.get(reference.path, {}))
        return SecretDescription(
            reference, len(versions), latest.created_at, deleted=latest.deleted, marks=marks
        )

    async def mark(self, reference: SecretReference, marks: Mapping[str, str]) -> None:
        """Merge the marks."""
        self._marks.setdefault(checked_path(reference.path), {}).update(marks)

    async def survey(self, folder: str = "") -> Mapping[str, SecretDescription]:
        """Describe all, or those in a folder."""
        below = f"{folder}/" if folder else ""
        paths = [path for path in self._secrets if path.startswith(below)]
        found = {path: await self.describe(SecretReference("", path)) for path in paths}
        return {path: each for path, each in found.items() if each is not None}

    async def close(self) -> None:
        """Nothing is open."""

    def delete_latest(self, reference: SecretReference) -> None:
        """Delete the latest version only, as people do with other tools; for tests."""
        self._secrets[reference.path][-1].deleted = True
