import asyncio
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from controller.cli.main import main
from controller.cli.surroundings import Surroundings
from controller.model.caller import Caller, Role
from controller.web.asgi import application
from controller.web.authority import Authority, KnownToken, digest_of
from tests.unit.web.fake_app import FakeApp

SNAPSHOTS = Path(__file__).parents[2] / "snapshots"
TOKEN = "ada-token"


class Bridge(httpx.BaseTransport):
    """Lets a client that waits talk to the application that runs in the same process."""

    def __init__(self, served):
        self._served = httpx.ASGITransport(served, client=("127.0.0.1", 4711))

    def handle_request(self, request):
        async def ask():
            whole = httpx.Request(
                request.method, request.url, headers=request.headers, content=request.read()
            )
            answer = await self._served.handle_async_request(whole)
            return answer.status_code, answer.headers, await answer.aread()

        status, headers, content = asyncio.run(ask())
        return httpx.Response(status, headers=headers, content=content, request=request)


@dataclass
class Ended:
    code: int
    out: str
    err: str


@dataclass
class Command:
    """Runs `trueup` in a folder, against a fake App."""

    app: FakeApp
    capture: pytest.CaptureFixture
    surroundings: Surroundings
    waited: list[float] = field(default_factory=list)

    def __call__(self, *words):
        self.capture.readouterr()
        code = main(list(words), self.surroundings)
        read = self.capture.readouterr()
        return Ended(int(code), read.out, read.err)


@pytest.fixture
def app():
    return FakeApp()


@pytest.fixture
def served(app):
    token = KnownToken(Caller("ada", Role.ADMIN), digest_of(TOKEN))
    return application(app, Authority([token]))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = tmp_path / ".trueup"
    data.mkdir()
    (data / "server.json").write_text(json.dumps({"url": "http://127.0.0.1:8080", "pid": 1}))
    (data / "token").write_text(f"{TOKEN}\n")
    return tmp_path


@pytest.fixture
def trueup(app, served, folder, capsys):
    return Command(app, capsys, Surroundings(transport=Bridge(served)))


@pytest.fixture
def snapshot():
    """Compare text with a file; `TRUEUP_TEST_SNAPSHOTS=1` writes the files anew."""

    def compare(name, text):
        file = SNAPSHOTS / name
        if os.environ.get("TRUEUP_TEST_SNAPSHOTS"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        assert file.exists(), f"{file} is missing: run with TRUEUP_TEST_SNAPSHOTS=1"
        assert text == file.read_text()

    return compare
