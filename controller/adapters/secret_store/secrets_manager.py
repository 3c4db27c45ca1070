"""AWS Secrets Manager, with boto3.

It has no numbered versions. The request token of a write is the version's id there, so the number
is put into it: `<of the name>-<number>`. A token that was used with another value is refused, which
makes a write over a version as safe as check-and-set.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC
from typing import Any, Self

from controller.adapters.secret_store import _aws
from controller.adapters.secret_store._aws import AwsPlace, Names
from controller.diagnostics.errors import PlanStale
from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretDescription, SecretReference, StoreCapabilities

LARGEST_SECRET = 65_536
CURRENT = "AWSCURRENT"


class SecretsManagerStore:
    """Implements `ports.secret_store.SecretStore`; made by `connect`."""

    def __init__(self, client: Any, prefix: str) -> None:
        self._client = client
        self._names = Names(prefix, LARGEST_SECRET)

    @classmethod
    async def connect(cls, place: AwsPlace, *, prefix: str = "trueup") -> Self:
        """Make the client, and ask once, so that a wrong setting is found at the start."""
        client = _aws.client_of("secretsmanager", place)
        await _aws.ask("logging in", lambda: client.list_secrets(MaxResults=1))
        return cls(client, prefix)

    @property
    def capabilities(self) -> StoreCapabilities:
        """Tell what this store can hold and promise."""
        return StoreCapabilities(LARGEST_SECRET)

    async def close(self) -> None:
        """Close the connections."""
        self._client.close()

    async def read(
        self, reference: SecretReference, *, version: int | None = None
    ) -> Mapping[str, SecretText] | None:
        """Give the fields; None when there is no such secret or version."""
        description = await self.describe(reference)
        if description is None or description.deleted:
            return None
        name = self._names.name(reference)
        which = {}
        if version is not None and version != description.version:
            which = {"VersionId": _token(name, version)}
        found = await _aws.find(
            f"reading `{reference.path}`",
            lambda: self._client.get_secret_value(SecretId=name, **which),
        )
        return None if found is None else _aws.hidden(found["SecretString"])

    async def write(
        self,
        reference: SecretReference,
        fields: Mapping[str, SecretText],
        *,
        expect: int,
        marks: Mapping[str, str] | None = None,
    ) -> int:
        """Write a new version if the stored one is `expect`; raises PlanStale when it is not."""
        name, text = self._names.name(reference), self._names.text(fields)
        token, doing = _token(name, expect + 1), f"writing `{reference.path}`"
        if expect == 0:
            tags = _aws.tags_of(marks or {})
            await _aws.ask(
                doing,
                lambda: self._client.create_secret(
                    Name=name, SecretString=text, ClientRequestToken=token, Tags=tags
                ),
            )
            return 1
        description = await self.describe(reference)
        if description is None or description.version != expect:
            version = 0 if description is None else description.version
            raise PlanStale.because(
                f"{doing}: it is at version {version}, not {expect}",
                code="secrets/version-changed",
            )
        await _aws.ask(
            doing,
            lambda: self._client.put_secret_value(
                SecretId=name, SecretString=text, ClientRequestToken=token
            ),
        )
        return expect + 1

    async def delete(self, reference: SecretReference) -> None:
        """Delete all versions at once, without the window in which they could be restored."""
        name = self._names.name(reference)
        await _aws.find(
            f"deleting `{reference.path}`",
            lambda: self._client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True),
        )

    async def describe(self, reference: SecretReference) -> SecretDescription | None:
        """Tell version and age without reading the value."""
        name = self._names.name(reference)
        found = await _aws.find(
            f"describing `{reference.path}`", lambda: self._client.describe_secret(SecretId=name)
        )
        if found is None:
            return None
        return _described(reference, name, found, found.get("VersionIdsToStages") or {})

    async def mark(self, reference: SecretReference, marks: Mapping[str, str]) -> None:
        """Set tags; others stay."""
        name = self._names.name(reference)
        await _aws.ask(
            f"marking `{reference.path}`",
            lambda: self._client.tag_resource(SecretId=name, Tags=_aws.tags_of(marks)),
        )

    async def survey(self, folder: str = "") -> Mapping[str, SecretDescription]:
        """Describe all below the prefix, or in a folder of it, a hundred in a request."""
        below = f"{self._names.prefix}/{folder}/" if folder else f"{self._names.prefix}/"

        def pages() -> list[Any]:
            paginator = self._client.get_paginator("list_secrets")
            filters = [{"Key": "name", "Values": [below]}]
            answers = paginator.paginate(Filters=filters, PaginationConfig={"PageSize": 100})
            return [each for answer in answers for each in answer["SecretList"]]

        found = {}
        for each in await _aws.ask("looking through Secrets Manager", pages):
            path = self._names.path(each["Name"])
            stages = each.get("SecretVersionsToStages") or {}
            found[path] = _described(SecretReference("", path), each["Name"], each, stages)
        return found


def _token(name: str, version: int) -> str:
    """Make the id of a version, 45 characters."""
    return f"{hashlib.sha256(name.encode()).hexdigest()[:32]}-trueup{version:06d}"


def _number(name: str, token: str) -> int | None:
    number = token.rpartition("-trueup")[2]
    return int(number) if number.isdigit() and token == _token(name, int(number)) else None


def _described(
    reference: SecretReference, name: str, data: Any, stages: Mapping[str, list[str]]
) -> SecretDescription:
    """Read what AWS tells; a version that somebody else wrote counts as the one after ours."""
    numbers = {token: _number(name, token) for token in stages}
    known = max((number for number in numbers.values() if number is not None), default=0)
    current = next((token for token, names in stages.items() if CURRENT in names), "")
    version = numbers.get(current) or known + 1
    changed = data.get("LastChangedDate") or data["CreatedDate"]
    return SecretDescription(
        reference,
        version,
        changed.astimezone(UTC),
        deleted=data.get("DeletedDate") is not None,
        marks=_aws.marks_of(data.get("Tags")),
    )
