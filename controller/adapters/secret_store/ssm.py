"""AWS SSM Parameter Store, with boto3: each secret is one SecureString.

A first version is written only if there is none. A later one is looked at and then written: SSM
knows no condition for that, so of two controllers that write at the same moment the later wins, and
the earlier is told. `capabilities` says so.
"""

from collections.abc import Mapping
from datetime import UTC
from typing import Any, Self

from controller.adapters.secret_store import _aws
from controller.adapters.secret_store._aws import AwsPlace, Names
from controller.diagnostics.errors import PlanStale
from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretDescription, SecretReference, StoreCapabilities

LARGEST_SECRET = 4_096


class SsmSecretStore:
    """Implements `ports.secret_store.SecretStore`; made by `connect`."""

    def __init__(self, client: Any, prefix: str) -> None:
        self._client = client
        self._names = Names(prefix, LARGEST_SECRET, "/")

    @classmethod
    async def connect(cls, place: AwsPlace, *, prefix: str = "trueup") -> Self:
        """Make the client, and ask once, so that a wrong setting is found at the start."""
        client = _aws.client_of("ssm", place)
        await _aws.ask("logging in", lambda: client.describe_parameters(MaxResults=1))
        return cls(client, prefix)

    @property
    def capabilities(self) -> StoreCapabilities:
        """Tell what this store can hold and promise."""
        return StoreCapabilities(LARGEST_SECRET, is_atomic=False)

    async def close(self) -> None:
        """Close the connections."""
        self._client.close()

    async def read(
        self, reference: SecretReference, *, version: int | None = None
    ) -> Mapping[str, SecretText] | None:
        """Give the fields; None when there is no such secret or version."""
        name = self._names.name(reference)
        which = name if version is None else f"{name}:{version}"
        found = await _aws.find(
            f"reading `{reference.path}`",
            lambda: self._client.get_parameter(Name=which, WithDecryption=True),
        )
        return None if found is None else _aws.hidden(found["Parameter"]["Value"])

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
        doing = f"writing `{reference.path}`"
        settings: dict[str, Any] = {"Name": name, "Value": text, "Type": "SecureString"}
        if expect == 0:
            settings |= {"Overwrite": False, "Tags": _aws.tags_of(marks or {})}
        else:
            description = await self.describe(reference)
            if description is None or description.version != expect:
                raise _stale(doing, 0 if description is None else description.version, expect)
            settings["Overwrite"] = True
        written = await _aws.ask(doing, lambda: self._client.put_parameter(**settings))
        if int(written["Version"]) != expect + 1:
            raise _stale(doing, int(written["Version"]) - 1, expect)
        return expect + 1

    async def delete(self, reference: SecretReference) -> None:
        """Delete all versions."""
        name = self._names.name(reference)
        await _aws.find(
            f"deleting `{reference.path}`", lambda: self._client.delete_parameter(Name=name)
        )

    async def describe(self, reference: SecretReference) -> SecretDescription | None:
        """Tell version and age without reading the value."""
        name = self._names.name(reference)
        filters = [{"Key": "Name", "Option": "Equals", "Values": [name]}]
        found = await _aws.ask(
            f"describing `{reference.path}`",
            lambda: self._client.describe_parameters(ParameterFilters=filters),
        )
        if not found["Parameters"]:
            return None
        tags = await _aws.find(f"describing `{reference.path}`", lambda: self._tags(name))
        return None if tags is None else _described(reference, found["Parameters"][0], tags)

    async def mark(self, reference: SecretReference, marks: Mapping[str, str]) -> None:
        """Set tags; others stay."""
        name, tags = self._names.name(reference), _aws.tags_of(marks)
        await _aws.ask(
            f"marking `{reference.path}`",
            lambda: self._client.add_tags_to_resource(
                ResourceType="Parameter", ResourceId=name, Tags=tags
            ),
        )

    async def survey(self, folder: str = "") -> Mapping[str, SecretDescription]:
        """Describe all below the prefix, or in a folder of it: fifty in a request.

        One more for the tags of each.
        """

        def pages() -> list[Any]:
            paginator = self._client.get_paginator("describe_parameters")
            path = f"/{self._names.prefix}/{folder}".rstrip("/")
            filters = [{"Key": "Path", "Option": "Recursive", "Values": [path]}]
            answers = paginator.paginate(
                ParameterFilters=filters, PaginationConfig={"PageSize": 50}
            )
            return [
                (each, self._tags(each["Name"]))
                for answer in answers
                for each in answer["Parameters"]
            ]

        found = {}
        for each, tags in await _aws.ask("looking through SSM", pages):
            path = self._names.path(each["Name"])
            found[path] = _described(SecretReference("", path), each, tags)
        return found

    def _tags(self, name: str) -> list[dict[str, str]]:
        answer = self._client.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)
        tags: list[dict[str, str]] = answer["TagList"]
        return tags


def _described(reference: SecretReference, data: Any, tags: object) -> SecretDescription:
    return SecretDescription(
        reference,
        int(data["Version"]),
        data["LastModifiedDate"].astimezone(UTC),
        marks=_aws.marks_of(tags),
    )


def _stale(doing: str, version: int, expect: int) -> PlanStale:
    return PlanStale.because(
        f"{doing}: it is at version {version}, not {expect}", code="secrets/version-changed"
    )
