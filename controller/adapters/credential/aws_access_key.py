"""Access keys of an IAM user: at most two, made without a name, shown once.

Making a key is not idempotent, so the keys that were there before are noted first: whatever else is
there after a kill was made by us, was never shown to anybody, and is deleted. Only a user whose tag
`trueup` names the secret is touched.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Self, TypeVar

from controller.diagnostics.errors import DependencyNotReady, Stalled, Transient, TrueupError
from controller.diagnostics.secret import SecretText
from controller.model.material import Material

Given = TypeVar("Given")

TAG = "trueup"
MOST_KEYS = 2
TIMEOUT_SECONDS = 10
ATTEMPTS = 4
"""A new key is not known everywhere at once; beyond these attempts the caller comes again."""

UNKNOWN_KEY = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure"})
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


@dataclass(frozen=True, slots=True)
class AwsUser:
    """An IAM user, and how the controller reaches its account."""

    user: str
    owner: str
    """The secret that the user's tag must name."""
    region: str
    endpoint: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class AwsAccessKeyMaker:
    """Implements `ports.credential.Maker`."""

    place: AwsUser
    _iam: Any
    pause: float = 1.0
    """Seconds between two attempts to use a new key."""
    kind = "awsAccessKey"
    proof = ""

    @classmethod
    def connect(cls, place: AwsUser, *, pause: float = 1.0) -> Self:
        """Make a client with the controller's own identity; raises Stalled."""
        from botocore.exceptions import BotoCoreError

        try:
            return cls(place, _client("iam", place), pause)
        except (BotoCoreError, ValueError) as error:
            raise Stalled.because(
                f"AWS cannot be used: {type(error).__name__}",
                hint="name a profile of the controller's machine",
                code="secrets/login-refused",
            ) from error

    def fits(self, material: Material) -> bool:
        """Tell whether it is a key of the user that the document names."""
        return material.facts.get("user") == self.place.user

    def renew_at(self, material: Material) -> datetime | None:
        """A key has no end of its own."""
        del material
        return None

    def fields(self, material: Material, previous: Material | None) -> Mapping[str, SecretText]:
        """Give the key's id and its secret."""
        del previous
        return {
            "access_key_id": SecretText(material.login),
            "secret_access_key": material.text,
            "region": SecretText(self.place.region),
        }

    async def prepare(self, generation: int, current: Material | None) -> Material:
        """Note the keys that are there; raises Stalled when there is no room for one more."""
        del generation
        before = await self._keys(self.place.user)
        others = [key for key in before if current is None or key != current.login]
        if len(before) >= MOST_KEYS:
            raise Stalled.because(
                f"the user `{self.place.user}` has {len(before)} access keys, and no room for one",
                hint=f"delete the one that nobody uses of {', '.join(others)}",
                code="secrets/no-room",
            )
        facts = {"user": self.place.user, "before": " ".join(sorted(before))}
        return Material("", SecretText(""), facts)

    async def apply(self, prepared: Material, current: Material | None) -> Material:
        """Make a key, after the one is gone that a killed attempt may have left."""
        there = await self._keys(self.place.user)
        if prepared.login in there:
            return prepared
        kept = {*prepared.facts.get("before", "").split(), current.login if current else ""}
        for orphan in there:
            if orphan not in kept:
                await self._delete(self.place.user, orphan)
        made = await self._ask(
            "making an access key",
            lambda: self._iam.create_access_key(UserName=self.place.user)["AccessKey"],
        )
        return replace(
            prepared, login=made["AccessKeyId"], text=SecretText(made["SecretAccessKey"])
        )

    async def verify(self, material: Material) -> bool:
        """Use it, and again for a while: AWS needs seconds until a new key is known."""
        for _ in range(ATTEMPTS - 1):
            if await self.still_works(material):
                return True
            await asyncio.sleep(self.pause)
        return await self.still_works(material)

    async def still_works(self, material: Material) -> bool:
        """Ask AWS who this key is."""
        sts = _client("sts", self.place, material)

        def asked() -> bool:
            try:
                found = sts.get_caller_identity()
            except Exception as error:
                if _code(error) in UNKNOWN_KEY:
                    return False
                raise
            return str(found["Arn"]).endswith(f"/{material.facts['user']}")

        return await self._ask("using an access key", asked)

    async def is_used(self, material: Material) -> bool:
        """Nobody can tell."""
        del material
        return True

    async def end(self, old: Material, current: Material) -> None:
        """Make the old key inactive, and then delete it."""
        user = old.facts["user"]  # the document may name another one by now
        if old.login != current.login and old.login in await self._keys(user):
            await self._delete(user, old.login)

    async def is_dead(self, old: Material) -> bool:
        """Look that the key is gone; AWS answers for it a while longer, which proves nothing."""
        return old.login not in await self._keys(old.facts["user"])

    async def _keys(self, user: str) -> list[str]:
        """Give the ids of a user's keys. Raises Stalled when the user is not ours."""
        tags = await self._ask(
            f"looking at the user `{user}`",
            lambda: self._iam.list_user_tags(UserName=user)["Tags"],
        )
        if {tag["Key"]: tag["Value"] for tag in tags}.get(TAG) != self.place.owner:
            raise Stalled.because(
                f"the user `{user}` is not marked as one of `{self.place.owner}`",
                hint=f"give the user the tag `{TAG}` with the value `{self.place.owner}`",
                code="secrets/not-ours",
            )
        found = await self._ask(
            f"listing the keys of `{user}`",
            lambda: self._iam.list_access_keys(UserName=user)["AccessKeyMetadata"],
        )
        return [key["AccessKeyId"] for key in found]

    async def _delete(self, user: str, key: str) -> None:
        words = {"UserName": user, "AccessKeyId": key}

        def asked() -> None:
            try:
                self._iam.update_access_key(**words, Status="Inactive")
                self._iam.delete_access_key(**words)
            except Exception as error:
                if _code(error) != "NoSuchEntity":
                    raise

        await self._ask("ending an access key", asked)

    async def _ask(self, doing: str, request: Callable[[], Given]) -> Given:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return await asyncio.to_thread(request)
        except (BotoCoreError, ClientError, OSError) as error:
            raise _translated(error, doing, self.place.user) from None


@cache
def _session(profile: str | None, region: str) -> Any:
    """Make a session once: it reads megabytes of descriptions when its first client is made."""
    import boto3

    return boto3.session.Session(profile_name=profile, region_name=region)


def _client(service: str, place: AwsUser, key: Material | None = None) -> Any:
    from botocore.config import Config

    config = Config(
        connect_timeout=TIMEOUT_SECONDS,
        read_timeout=TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 3},
    )
    session = _session(place.profile, place.region)
    login = (
        {}
        if key is None
        else {"aws_access_key_id": key.login, "aws_secret_access_key": key.text.reveal()}
    )
    return session.client(service, endpoint_url=place.endpoint, config=config, **login)


def _code(error: BaseException) -> str:
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def _translated(error: Exception, doing: str, user: str) -> TrueupError:
    from botocore.exceptions import NoCredentialsError

    code = _code(error)
    if code == "NoSuchEntity":
        return DependencyNotReady.because(
            f"{doing}: there is no user `{user}` yet",
            hint="a stack, or a person, makes it",
            code="secrets/no-user",
        )
    if code in DENIED or code in UNKNOWN_KEY or isinstance(error, NoCredentialsError):
        return Stalled.because(
            f"{doing}: AWS does not allow it ({code or 'no credentials'})",
            hint="give the controller's identity the rights over this user's keys and tags",
            code="secrets/denied",
        )
    if code == "LimitExceeded":
        return Transient.because(f"{doing}: the user has two keys already")
    return Transient.because(f"{doing}: {code or type(error).__name__}")
