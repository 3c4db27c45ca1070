"""From the question to the end by the command line, over a real OpenBao; nothing leaks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from controller import shipped
from controller.cli.main import main
from controller.cli.surroundings import Surroundings
from controller.diagnostics.secret import SecretText
from controller.model.caller import Caller, Role
from controller.web.asgi import application
from controller.web.authority import Authority, KnownToken, digest_of
from tests.contract.issuer.conftest import CANARY, KEPT, Servers
from tests.support.worlds import AUTHOR, SECRETS, Life, MemoryWorld
from tests.unit.cli.conftest import Bridge

pytestmark = pytest.mark.slow
STORE = """\
apiVersion: platform/v1
kind: SecretStore
metadata: {name: main}
spec:
  provider: {openbao: {address: "https://bao.example.com", auth: {tokenFile: /run/token}}}
  issue: {maxTtl: 8h}
"""
PEOPLE = {"casey": Role.VIEWER, "dana": Role.APPROVER}


class People:
    """Runs commands as one person or another."""

    def __init__(self, life: Life, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        tokens = [
            KnownToken(Caller(name, role), digest_of(f"{name}-token"))
            for name, role in PEOPLE.items()
        ]
        self._surroundings = Surroundings(
            transport=Bridge(application(life.app, Authority(tokens)))
        )
        self._folder, self._capture = folder, capture
        self.said = ""

    def __call__(self, name: str, *words: str) -> tuple[int, str]:
        (self._folder / "token").write_text(f"{name}-token\n")
        self._capture.readouterr()
        code = main([*words, "--data", str(self._folder)], self._surroundings)
        read = self._capture.readouterr()
        self.said += read.err
        return int(code), read.out


@pytest.fixture
def life(servers: Servers) -> Iterator[Life]:
    world = MemoryWorld()
    secret = SECRETS.replace("shop-api-key", "api-key")
    files = {
        **shipped.example(), "platform/secret-stores.yaml": STORE.encode(),
        "products/shop/secrets.yaml": secret.encode(), "products/shop/stacks/api.yaml": b"",
    }  # fmt: skip
    world.repository.commit(files, subject="first", author=AUTHOR)

    async def begin() -> Life:
        store = await servers.bao.connect()
        if await store.describe(KEPT) is None:
            await store.write(KEPT, {"value": SecretText(CANARY)}, expect=0)
        vars(world)["issuer"] = servers.issuer(store)
        life = world.start()
        head = (await world.repository.fetch(None)).revision.commit
        await life.parts.catalogs.set_head(await world.repository.snapshot(head))
        return life

    yield asyncio.run(begin())
    MemoryWorld.close_all()


def test_a_secret_is_asked_for_approved_fetched_and_seen_by_nobody_else(
    life: Life, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "server.json").write_text(json.dumps({"url": "http://127.0.0.1:8080", "pid": 1}))
    people = People(life, tmp_path, capsys)
    asked = ["secret:shop/dev/api-key", "--ttl", "1h", "--reason", "orders of ticket 4711"]
    with structlog.testing.capture_logs() as logs:
        code, out = people("casey", "secrets", "request", *asked, "-o", "json")
        assert code == 0
        request = json.loads(out)["id"]
        assert people("casey", "secrets", "request", *asked, "-o", "json")[1] == out
        assert people("casey", "secrets", "fetch", request)[0] == 75
        assert people("casey", "approve", request)[0] == 1
        assert people("dana", "approve", request, "--reason", "seen")[0] == 0
        assert people("dana", "secrets", "fetch", request)[0] == 1
        code, out = people("casey", "secrets", "fetch", request, "-o", "json")
        assert (code, json.loads(out)) == (0, {"value": CANARY})
        assert people("casey", "secrets", "fetch", request)[0] == 1
        shown = [people("dana", *words)[1] for words in (
            ("get", "requests"), ("get", "requests", "-o", "json"), ("describe", request),
            ("describe", "request", request, "-o", "json"), ("events", "-o", "json"),
        )]  # fmt: skip
        assert people("casey", "secrets", "revoke", request)[0] == 0
        asyncio.run(life.loop.work(f"issue:{request}"))
    ended = json.loads(people("dana", "describe", request, "-o", "json")[1])
    assert ended["phase"] == "revoked"
    assert "is rotated" in ended["message"]
    assert "CredentialConfirmed" in [event["reason"] for event in ended["events"]]
    everything = repr((vars(life.world.ledger), logs, shown, people.said))
    assert request in everything
    assert CANARY not in everything


def test_a_token_that_was_opened_elsewhere_ends_it_all(
    life: Life, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "server.json").write_text(json.dumps({"url": "http://127.0.0.1:8080", "pid": 1}))
    people = People(life, tmp_path, capsys)
    asked = ["secret:shop/dev/api-key", "--ttl", "1h", "--reason", "orders of ticket 4711"]
    request = json.loads(people("casey", "secrets", "request", *asked, "-o", "json")[1])["id"]
    people("dana", "approve", request)
    taken = asyncio.run(life.app.requests.fetch(Caller("casey", Role.VIEWER), request))
    asyncio.run(life.world.issuer.end(taken.wrapped.accessor))  # a thief was quicker

    async def again(_caller: Caller, _request: str) -> object:
        return taken

    vars(life.app.requests)["fetch"] = again
    assert people("casey", "secrets", "fetch", request)[0] == 1
    assert "opened before" in people.said
    asyncio.run(life.loop.work(f"issue:{request}"))
    ended = json.loads(people("dana", "describe", request, "-o", "json")[1])
    assert ended["phase"] == "revoked"
    assert "CredentialIntercepted" in [event["reason"] for event in ended["events"]]
