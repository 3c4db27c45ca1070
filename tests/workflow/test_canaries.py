"""A whole life of a real controller, with canaries in every kind of secret that are looked for."""

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import psutil
import pytest

from controller.adapters.secret_store.embedded import EmbeddedOpenBao, attach
from controller.bench.repository import commit
from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretReference
from tests.contract.git.https_server import Server, https_server
from tests.support.canaries import files_below, forms_of, found_in
from tests.support.github_server import TOKEN, GitHub, running_github
from tests.support.state_servers import LOGIN, StateServer

pytestmark = pytest.mark.slow

SECONDS = 90.0
LOOKS = 25
"""How often a new process is looked at: what it is called it says a moment after its begin."""
GIT_TOKEN = "canary-git-3b9d06"
GIT_LOGIN = base64.b64encode(f"x-access-token:{GIT_TOKEN}".encode()).decode()
CLOUD = {
    "AWS_ACCESS_KEY_ID": "CANARYKEYID4C11",
    "AWS_SECRET_ACCESS_KEY": "canary-cloud-key-77aa",
    "AWS_SESSION_TOKEN": "canary-cloud-session-08",
}
WRITTEN = 'can@ry/wr1tten "π" \\ line\ntw0&x=%41'
PLATFORM = """\
apiVersion: platform/v1
kind: Environment
metadata: {{name: dev}}
spec: {{engine: terraform, state: {{backend: http, address: "{states}"}}}}
---
apiVersion: platform/v1
kind: SecretStore
metadata: {{name: main}}
spec: {{provider: {{embedded: {{}}}}}}
---
apiVersion: platform/v1
kind: SecretStore
metadata: {{name: cloud}}
spec: {{provider: {{awsSecretsManager: {{region: eu-central-1, endpoint: "{cloud}"}}}}}}
---
apiVersion: platform/v1
kind: Product
metadata: {{name: shop}}
spec: {{owner: team-shop, environments: [dev]}}
---
apiVersion: platform/v1
kind: Pipeline
metadata: {{name: shop, product: shop}}
spec: {{stages: [{{environment: dev}}]}}
"""
PRODUCT = """\
apiVersion: platform/v1
kind: Stack
metadata: {name: api, product: shop}
spec:
  module: modules/service
  inputs:
    made: {secret: made}
    written: {secret: written}
    itself: {secret: made}
    wish: "one"
---
apiVersion: platform/v1
kind: Secret
metadata: {name: made, product: shop}
spec:
  store: main
  generate: {random: {}}
  rotation: {every: 30d, grace: 1s}
  deliver:
    file: {template: "url=https://me:{value}@example.com"}
    copies:
      - store: {store: main, path: "apps/shop/{environment}/made"}
        removal: delete
      - github: {repository: example/shop, name: "MADE_{ENVIRONMENT}"}
---
apiVersion: platform/v1
kind: Secret
metadata: {name: written, product: shop}
spec: {store: main}
"""
FAR = """\
---
apiVersion: platform/v1
kind: Secret
metadata: {name: far, product: shop}
spec: {store: cloud}
"""
MODULE = """\
variable "made" { type = string }
variable "written" { type = string }
variable "itself" {
  type      = string
  ephemeral = true
  validation {
    condition     = startswith(var.itself, "url=https://me:")
    error_message = "That is not the secret itself."
  }
}
variable "itself_version" { type = number }
variable "wish" { type = string }
resource "terraform_data" "it" {
  input = [var.made, var.written, var.itself_version, var.wish]
  lifecycle {
    precondition {
      condition     = var.wish != "fail"
      error_message = "asked to fail"
    }
  }
}
output "version" { value = var.itself_version }
output "url" { value = "http://127.0.0.1/${var.wish}" }
"""


class Life:
    """A controller in a process of its own, whose processes are watched all the time."""

    def __init__(self, root: Path, states: StateServer, github: GitHub, git: Server) -> None:
        self.root, self.data, self.states = root, root / "data", states
        self.planted = {
            "written": WRITTEN,
            "token of GitHub": TOKEN,
            "token of Git": GIT_TOKEN,
            "login of Git": GIT_LOGIN,
            **CLOUD,
            "login to states": LOGIN[1],
            "webhook secret": "canary-webhook-51d0c7",
            "token of a user": "canary-user-70be1f22",
        }
        self.seen: dict[str, bytes] = {}
        self._over = threading.Event()
        self._http = httpx.Client(timeout=60, trust_env=False)
        self._watch = threading.Thread(target=self._look, daemon=True)
        private = root / "private"
        (private / "git").write_text(GIT_TOKEN)
        (private / "github").write_text(TOKEN)
        (private / "webhook").write_text(self.planted["webhook secret"])
        login = {"username": LOGIN[0], "password": LOGIN[1]}
        (private / "states").write_text(json.dumps(login))
        digest = hashlib.sha256(self.planted["token of a user"].encode()).hexdigest()
        settings = {
            "data": str(self.data),
            "repository": {
                "url": git.url("config.git"),
                "poll_every": "PT1S",
                "token_file": str(private / "git"),
                "ca_file": str(git.ca_file),
            },
            "listen": {"port": 0},
            "local_cloud": False,
            "log_level": "debug",
            "github": {"api": github.address, "token_file": str(private / "github")},
            "webhooks": {"generic_secret_file": str(private / "webhook")},
            "state_credentials": {"dev": str(private / "states")},
            "users": [{"name": "robin", "role": "admin", "token_sha256": digest}],
        }
        (root / "trueup.yaml").write_text(json.dumps(settings))
        platform = PLATFORM.format(states=states.address, cloud=github.address)
        self.push({"platform.yaml": platform, "modules/service/main.tf": MODULE, "s.yaml": PRODUCT})
        receives = ("config", "http.receivepack", "true")
        subprocess.run(["git", "-C", str(root / "config.git"), *receives], check=True)
        self._watch.start()

    def push(self, files: Mapping[str, str]) -> None:
        commit(self.root / "config.git", files, message="change")

    def start(self) -> None:
        where = self.data / "server.json"
        where.unlink(missing_ok=True)
        with (self.root / "controller.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "controller", "serve",
                 "--settings", str(self.root / "trueup.yaml")],
                cwd=Path(__file__).parents[2], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **CLOUD},
            )  # fmt: skip
        until(where.is_file)
        self.address = str(json.loads(where.read_text())["url"])

    def get(self, path: str) -> httpx.Response:
        token = self.planted["token of a user"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = self._http.get(self.address + path, headers=headers)
        self.seen[f"answer {path}"] = answer.content
        return answer

    def act(self, action: str, subject: str) -> None:
        token = self.planted["token of a user"]
        answer = self._http.post(
            f"{self.address}/api/actions/{action}", json={"subject": subject},
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip
        self.seen[f"answer {action}"] = answer.content
        answer.raise_for_status()

    def secret(self, name: str) -> dict:
        found = [s for s in self.get("/api/secrets").json() if s["name"] == f"shop/dev/{name}"]
        return found[0] if found else {}

    def unit(self) -> dict:
        found = self.get("/api/units").json()
        return found[0] if found else {}

    def command(self, *words: str) -> None:
        local = (self.data / "token").read_text().strip()
        ran = subprocess.run(
            [sys.executable, "-m", "controller", *words, "--data", str(self.data)],
            cwd=Path(__file__).parents[2], capture_output=True, timeout=SECONDS,
            env={**os.environ, "TRUEUP_TOKEN": local}, check=False,
        )  # fmt: skip
        self.seen[f"trueup {' '.join(words)}"] = ran.stdout + ran.stderr

    def end(self) -> None:
        self._over.set()
        self._watch.join()
        self._http.close()
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(SECONDS)

    def _look(self) -> None:
        """Remember the command line of everything that ever ran below us."""
        lines: set[str] = set()
        looks: dict[int, int] = {}
        while not self._over.wait(0.04):
            looks = {pid: looks.get(pid, 0) + 1 for pid in psutil.pids()}
            for pid in [pid for pid, times in looks.items() if times <= LOOKS]:
                with contextlib.suppress(psutil.Error):
                    process = psutil.Process(pid)
                    if any(each.pid == os.getpid() for each in process.parents()):
                        lines.add("\0".join(process.cmdline()))
                    else:
                        looks[pid] = LOOKS
            self.seen["command lines"] = "\n".join(sorted(lines)).encode()


def until(answers) -> None:
    deadline = time.monotonic() + SECONDS
    while not answers():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    states, private = StateServer(), tmp_path / "private"
    private.mkdir()
    with running_github() as github, https_server(tmp_path, private) as git:
        git.wanted = f"Basic {GIT_LOGIN}"
        life = Life(tmp_path, states, github, git)
        life.start()
        try:
            yield life
        finally:
            life.end()
            states.close()


async def write(data: Path) -> None:
    store = await attach(data / "openbao")
    where = SecretReference("main", "shop/dev/written")
    await store.write(where, {"value": SecretText(WRITTEN)}, expect=0)
    await store.close()


async def all_values(data: Path) -> dict[str, str]:
    """Give every value that the store ever held, and how to get at them."""
    server = await EmbeddedOpenBao.start(data / "openbao")
    store = await server.connect()
    found = {}
    try:
        for path, description in (await store.survey()).items():
            if path.startswith("copies/"):
                continue
            for version in range(1, description.version + 1):
                fields = await store.read(SecretReference("main", path), version=version)
                for field, text in (fields or {}).items():
                    if field != "state":
                        found[f"{path} {field} {version}"] = text.reveal()
    finally:
        await store.close()
        await server.stop()
    for file in (data / "openbao" / "server" / "login").iterdir():
        found[file.name] = file.read_text()
    found["token"] = (data / "token").read_text().strip()
    return found


def test_no_canary_is_anywhere_but_where_it_belongs(life: Life) -> None:
    until(lambda: (life.data / "openbao" / "port").exists() and life.secret("made").get("ready"))
    asyncio.run(write(life.data))
    life.act("rotate", "shop/dev/written")
    until(lambda: life.secret("written").get("ready") and life.unit().get("ready") == "True")
    life.act("rotate", "shop/dev/made")
    until(lambda: life.secret("made").get("generation") == 2)
    life.push({"s.yaml": PRODUCT.replace('"one"', '"fail"') + FAR})
    until(lambda: "asked to fail" in life.unit().get("message", ""))
    until(lambda: "AWS refused" in life.secret("far").get("message", ""))
    life.push({"s.yaml": PRODUCT.replace('"one"', '"two"')})
    until(lambda: life.unit().get("revision") == life.unit().get("wanted_revision"))
    life.act("rotate", "shop/dev/made")
    life.process.send_signal(signal.SIGKILL)
    life.process.wait()
    life.start()
    until(lambda: life.secret("made").get("generation") == 3)
    for path in ("/", "/secrets", "/findings", "/events", "/stages/shop/dev", "/metrics",
                 "/api/overview", "/api/events", "/api/findings", "/api/stages"):  # fmt: skip
        life.get(path)
    for words in ("get secrets -o wide", "describe secret shop/dev/made", "events"):  # fmt: skip
        life.command(*words.split())
    until(lambda: life.unit().get("outputs", {}).get("version") == 3)
    life.end()
    values = {**life.planted, **asyncio.run(all_values(life.data))}
    assert len(values) > 15
    belongs = [life.data / "openbao", life.data / "secrets", life.data / "token",
               life.root / "private"]  # fmt: skip
    kept = {f"state {path}": content for path, content in life.states.states.items()}
    assert kept
    contents = {**life.seen, **kept, **files_below(life.root, belongs)}
    assert any(place.endswith("ledger.db") for place in contents)
    assert b"openbao" in life.seen["command lines"]
    assert found_in(files_below(life.data / "secrets", []), values), "nothing can be found"
    assert found_in(contents, values) == []
    audit = files_below(life.data / "openbao", [life.data / "openbao" / "server"])
    assert found_in(audit, values) == []


@pytest.mark.parametrize("index", range(len(forms_of(WRITTEN))))
def test_a_canary_is_found_in_each_form(index: int) -> None:
    form = forms_of(WRITTEN)[index]
    assert found_in({"log": b"before " + form + b" after"}, {"it": WRITTEN}) == ["it in log"]
