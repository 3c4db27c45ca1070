"""A real OpenBao that allows what `docs/secrets.md` says is needed, and less; nothing more."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from controller.adapters.credential.memory import MemoryCredentialIssuer
from controller.adapters.secret_copy.in_store import StoreCopy
from controller.adapters.secret_store.openbao import OpenBaoSecretStore, Token
from controller.adapters.secret_target.memory import MemorySecretTarget
from controller.diagnostics.errors import Stalled
from controller.diagnostics.secret import SecretText
from controller.model.names import SecretName
from controller.steps.secrets.deliver import deliver
from controller.steps.secrets.request import (
    Random,
    SecretPorts,
    SecretRequest,
    Written,
    reference_of,
)
from tests.support.credential_servers import Engines, running_engines
from tests.support.rotating_program import new_secret, now

pytestmark = pytest.mark.slow

NAME = SecretName("shop", "dev", "key")
OWN = reference_of("main", NAME)
PATH = f"kv/data/trueup/{OWN.path}"
ONLY_READ = """\
path "kv/data/trueup/*" { capabilities = ["read"] }
path "auth/token/lookup-self" { capabilities = ["read"] }
"""


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    with running_engines() as server:
        server.ask("POST", "sys/mounts/kv", {"type": "kv", "options": {"version": "2"}})
        yield server


def documented() -> list[str]:
    """Give the policies of the page, from the smallest on."""
    page = (Path(__file__).parents[3] / "docs" / "secrets.md").read_text()
    blocks = [block.partition("```")[0] for block in page.split("```hcl\n")[1:]]
    return [block for block in blocks if "capabilities" in block]


def log_in(engines: Engines, policy: str) -> Token:
    engines.ask("PUT", "sys/policies/acl/narrow", {"policy": policy})
    given = {"policies": ["narrow"], "no_default_policy": True}
    return Token(
        SecretText(engines.ask("POST", "auth/token/create", given)["auth"]["client_token"])
    )


@pytest.fixture
async def narrow(
    engines: Engines, request: pytest.FixtureRequest
) -> AsyncIterator[OpenBaoSecretStore]:
    token = await asyncio.to_thread(log_in, engines, request.param)
    store = await OpenBaoSecretStore.connect(engines.address, token)
    yield store
    await store.close()
    await asyncio.to_thread(engines.ask, "DELETE", f"kv/metadata/trueup/{OWN.path}")
    record = f"kv/metadata/trueup/rotation/{OWN.path}"
    await asyncio.to_thread(engines.ask, "DELETE", record)


async def ask(
    engines: Engines, method: str, path: str, body: Mapping[str, object] | None = None
) -> None:
    await asyncio.to_thread(engines.ask, method, path, body)


def ports_of(store: OpenBaoSecretStore) -> SecretPorts:
    return SecretPorts(store, MemorySecretTarget(), MemoryCredentialIssuer(), new_secret, now)


@pytest.mark.parametrize("narrow", documented()[:1], indirect=True)
@pytest.mark.parametrize("kind", [Written(), Random(20)])
async def test_the_smallest_policy_of_the_page_is_enough_for_files(
    engines: Engines, narrow: OpenBaoSecretStore, kind: Written | Random
) -> None:
    if isinstance(kind, Written):
        await ask(engines, "POST", PATH, {"data": {"value": "one"}})
    request, ports = SecretRequest(NAME, OWN, kind), ports_of(narrow)
    first = await deliver(request, ports)
    assert first.generation == 1
    if isinstance(kind, Written):
        await ask(engines, "POST", PATH, {"data": {"value": "two"}})
        second = await deliver(request, ports)
    else:
        second = await deliver(replace(request, requested_at=now()), ports)
    assert second.generation == 2
    with pytest.raises(Stalled, match="`read` and `list` and `scan`"):
        await narrow.survey()


@pytest.mark.parametrize("narrow", ["".join(documented())], indirect=True)
async def test_with_the_second_one_there_are_copies_and_searches(
    narrow: OpenBaoSecretStore,
) -> None:
    copy = StoreCopy(narrow, reference_of("main", SecretName("apps", "dev", "key")))
    await narrow.write(OWN, {"value": SecretText("one")}, expect=0)
    await narrow.write(copy.reference, {"value": SecretText("one")}, expect=0, marks={"a": "b"})
    await narrow.mark(copy.reference, {"c": "d"})
    found = await narrow.survey()
    assert found[copy.reference.path].marks == {"a": "b", "c": "d"}
    await narrow.delete(copy.reference)
    assert await narrow.describe(copy.reference) is None


@pytest.mark.parametrize("narrow", [ONLY_READ], indirect=True)
async def test_who_may_only_read_is_told_what_is_missing_and_takes_nothing_for_gone(
    engines: Engines, narrow: OpenBaoSecretStore
) -> None:
    assert await narrow.describe(OWN) is None
    await ask(engines, "POST", PATH, {"data": {"value": "one"}})
    there = await narrow.describe(OWN)
    assert there is not None
    assert (there.version, there.deleted, await narrow.read(OWN)) == (
        1,
        False,
        {"value": SecretText("one")},
    )
    attempts: list[tuple[Callable[[], Awaitable[object]], str, str]] = [
        (lambda: narrow.write(OWN, {"value": SecretText("x")}, expect=1), "data", "update"),
        (lambda: narrow.mark(OWN, {"a": "b"}), "metadata", "patch"),
        (lambda: narrow.delete(OWN), "metadata", "delete"),
        (narrow.names, "metadata", "list"),
        (narrow.survey, "detailed-metadata", "scan"),
        (lambda: deliver(SecretRequest(NAME, OWN, Written()), ports_of(narrow)), "data", "update"),
    ]
    for attempt, part, capability in attempts:
        with pytest.raises(Stalled) as refused:
            await attempt()
        (told,) = refused.value.diagnostics
        assert told.code == "secrets/denied"
        assert f"`kv/{part}/trueup/*`" in told.message
        assert f"`{capability}`" in told.message
        assert f'path "kv/{part}/trueup/*" {{ capabilities = [' in str(told.hint)
    assert await narrow.read(OWN) == {"value": SecretText("one")}
    await ask(engines, "DELETE", PATH)
    gone = await narrow.describe(OWN)
    assert gone is not None
    assert (gone.version, gone.deleted, await narrow.read(OWN)) == (1, True, None)
    await ask(engines, "PUT", "kv/destroy/trueup/" + OWN.path, {"versions": [1]})
    destroyed = await narrow.describe(OWN)
    assert destroyed is not None
    assert (destroyed.version, destroyed.deleted) == (1, True)
