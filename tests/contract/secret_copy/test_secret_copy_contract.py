"""What every place for copies does: stores in memory, of OpenBao and of AWS, and GitHub."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from controller.adapters.secret_copy.github import GitHubCopy
from controller.adapters.secret_copy.in_store import StoreCopy
from controller.adapters.secret_store._aws import AwsPlace
from controller.adapters.secret_store.embedded import EmbeddedOpenBao
from controller.adapters.secret_store.memory import MemorySecretStore
from controller.adapters.secret_store.secrets_manager import SecretsManagerStore
from controller.adapters.secret_store.ssm import SsmSecretStore
from controller.diagnostics.errors import Stalled
from controller.diagnostics.secret import SecretText
from controller.model.delivery import CopyState, SecretReference
from controller.model.names import SecretName
from controller.ports.secret_copy import SecretCopy
from controller.ports.secret_store import SecretStore
from controller.steps.secrets.copies import bring_copies, withdraw
from controller.steps.secrets.request import Copy, SecretPorts, SecretRequest, Written
from tests.support.github_server import REPOSITORY, TOKEN, GitHub, running_github
from tests.support.secret_servers import running_aws, running_openbao

VENDORS = ("openbao", "secrets-manager", "ssm")
OWNER = "shop/dev/api-key"
ONE, TWO = {"value": SecretText("canary-one")}, {"value": SecretText("canary-two")}


@dataclass
class Servers:
    """One of each kind, for all tests of this file."""

    bao: EmbeddedOpenBao
    aws: AwsPlace


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with running_openbao(tmp_path_factory.mktemp("copies") / "bao") as bao, running_aws() as aws:
        yield Servers(bao, aws)


@pytest.fixture
def github() -> Iterator[GitHub]:
    with running_github() as running:
        yield running


@dataclass
class Place:
    """A place, and what its other users can do and see there."""

    copy: SecretCopy
    store: SecretStore | None
    github: GitHub | None

    async def written_by_others(self, text: str) -> None:
        if self.github is not None:
            self.github.put("API_KEY", text)
            return
        assert self.store is not None
        where = SecretReference("other", "apps/x")
        described = await self.store.describe(where)
        expect = 0 if described is None else described.version
        await self.store.write(where, {"value": SecretText(text)}, expect=expect)

    async def content(self) -> str | None:
        if self.github is not None:
            return self.github.opened.get("API_KEY")
        assert self.store is not None
        found = await self.store.read(SecretReference("other", "apps/x"))
        return None if found is None else found["value"].reveal()


@pytest.fixture(
    params=["memory", "github", *(pytest.param(one, marks=pytest.mark.slow) for one in VENDORS)]
)
def opened(request: pytest.FixtureRequest, github: GitHub) -> Callable[[], Awaitable[Place]]:
    kind = request.param
    servers = request.getfixturevalue("servers") if kind in VENDORS else None

    async def open_it() -> Place:
        if kind == "github":
            token = SecretText(TOKEN)
            return Place(GitHubCopy(github.address, token, REPOSITORY, "API_KEY"), None, github)
        store: SecretStore
        match kind:
            case "openbao":
                store = await servers.bao.connect()
            case "secrets-manager":
                store = await SecretsManagerStore.connect(servers.aws)
            case "ssm":
                store = await SsmSecretStore.connect(servers.aws)
            case _:
                store = MemorySecretStore()
        where = SecretReference("other", "apps/x")
        await store.delete(where)
        return Place(StoreCopy(store, where), store, None)

    return open_it


@pytest.fixture
async def place(opened: Callable[[], Awaitable[Place]]) -> AsyncIterator[Place]:
    there = await opened()
    yield there
    if there.store is not None:
        await there.store.close()


async def test_a_copy_is_known_by_its_notes(place: Place) -> None:
    assert await place.copy.look() is None
    await place.copy.put(ONE, owner=OWNER, fingerprint="f1")
    assert await place.copy.look() == CopyState(OWNER, "f1", is_moved=False)
    await place.copy.put(TWO, owner=OWNER, fingerprint="f2")
    assert await place.copy.look() == CopyState(OWNER, "f2", is_moved=False)
    assert await place.content() == "canary-two"
    await place.written_by_others("other")
    assert await place.copy.look() == CopyState(OWNER, "f2", is_moved=True)
    await place.copy.remove()
    await place.copy.remove()
    assert await place.copy.look() is None


async def test_what_others_wrote_has_no_owner(place: Place) -> None:
    await place.written_by_others("other")
    found = await place.copy.look()
    assert found is not None
    assert (found.owner, found.is_moved) == ("", True)


class Setting:
    """One secret with one copy."""

    def __init__(self, place: Place) -> None:
        self.place, self.told, self.home = place, list[str](), MemorySecretStore()
        name = SecretName("shop", "dev", "api-key")
        self.request = SecretRequest(name, SecretReference("main", str(name)), Written())

    def ports(self, *, takes_over: bool = False, corrects: bool = True) -> SecretPorts:
        unused: Any = None
        copy = Copy(self.place.copy, "{}", None, takes_over, corrects)
        return SecretPorts(
            self.home, unused, unused,
            lambda length: SecretText("k" * length), unused,
            copies=(copy,), told=self.told.append,
        )  # fmt: skip


async def test_what_others_own_is_neither_overwritten_nor_removed(place: Place) -> None:
    setting = Setting(place)
    await place.written_by_others("other")
    with pytest.raises(Stalled, match="belongs"):
        await bring_copies(setting.ports(), setting.request, ONE)
    await withdraw(setting.ports(), setting.request, place.copy)
    assert await place.content() == "other"
    await bring_copies(setting.ports(takes_over=True), setting.request, ONE)
    assert await place.content() == "canary-one"
    other = Setting(place)
    other.request = SecretRequest(
        SecretName("shop", "prod", "api-key"), setting.request.reference, Written()
    )
    with pytest.raises(Stalled, match="belongs to shop/dev/api-key"):
        await bring_copies(other.ports(takes_over=True), other.request, TWO)


async def test_a_change_by_others_is_corrected_or_reported(place: Place) -> None:
    setting = Setting(place)
    await bring_copies(setting.ports(), setting.request, ONE)
    await place.written_by_others("other")
    await bring_copies(setting.ports(corrects=False), setting.request, ONE)
    assert "changed by somebody else" in setting.told[0]
    assert await place.content() == "other"
    await withdraw(setting.ports(), setting.request, place.copy)
    assert await place.content() == "other"
    await bring_copies(setting.ports(), setting.request, ONE)
    assert await place.content() == "canary-one"
    await withdraw(setting.ports(), setting.request, place.copy)
    assert await place.content() is None


async def test_a_repository_that_may_not_be_seen_is_not_empty(github: GitHub) -> None:
    for token, repository in (("wrong", REPOSITORY), (TOKEN, "example/other")):
        copy = GitHubCopy(github.address, SecretText(token), repository, "API_KEY")
        with pytest.raises(Stalled, match="does not show"):
            await copy.look()
        with pytest.raises(Stalled, match="does not show"):
            await copy.remove()
