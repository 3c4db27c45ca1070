"""AWS without AWS: the real provider from a mirror on this machine, and a moto server on loopback.

Nothing is downloaded. The mirror is found by `TRUEUP_PROVIDER_MIRROR`, in the folders where
Terraform looks by itself, or by a short look around below the usual roots.
"""

import contextlib
import itertools
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from controller.adapters.engine.environment import build_environment
from controller.wiring.controller import installation

VARIABLE = "TRUEUP_PROVIDER_MIRROR"
# Written so that no file of ours names a registry.
PROVIDER = Path("registry terraform io".replace(" ", "."), "hashicorp", "aws")
ROOTS = ("/opt", "/usr/local", "/usr/share", "/usr/lib", "/srv", "/var/lib", "~")
DEPTH = 3
MOST_FOLDERS = 4000
PASSED_OVER = frozenset({"node_modules", "site-packages", "proc", "sys", "python3", "doc", "man"})

REGION = "us-east-1"
ACCOUNT = "123456789012"
START_SECONDS = 60
PROGRAM = Path(__file__).with_name("moto_program.py")


def find_mirror() -> Path | None:
    """Give a folder that Terraform can take the AWS provider from; None when there is none.

    Raises FileNotFoundError when the variable names a folder without it: that is a mistake, not a
    machine without a mirror.
    """
    if named := os.environ.get(VARIABLE):
        if not _holds_provider(Path(named)):
            raise FileNotFoundError(f"{VARIABLE} is `{named}`, which has no `{PROVIDER}`")
        return Path(named)
    return next(filter(_holds_provider, itertools.chain(_implied(), _nearby())), None)


def _holds_provider(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return any((folder / PROVIDER).iterdir())
    return False


def _implied() -> Iterator[Path]:
    """Give the folders where Terraform itself looks for providers."""
    home = Path.home()
    yield home / ".terraform.d" / "plugins"
    for data in (
        os.environ.get("XDG_DATA_HOME") or home / ".local" / "share",
        *(os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":"),
    ):
        yield Path(data) / "terraform" / "plugins"


def _nearby() -> Iterator[Path]:
    """Give folders up to three levels below the usual roots, the nearest first."""
    for root in ROOTS:
        level = [Path(root).expanduser()]
        seen = 0
        for _ in range(DEPTH + 1):
            yield from level
            seen += len(level)
            level = [inner for folder in level for inner in _folders(folder)][: MOST_FOLDERS - seen]


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(
                Path(entry.path)
                for entry in entries
                if entry.name not in PASSED_OVER and entry.is_dir(follow_symlinks=False)
            )
    except OSError:
        return []


@dataclass(frozen=True)
class Moto:
    """A running server, and how to reach it: by the provider, and behind the provider's back."""

    url: str
    credentials: Path

    def provider(self, **more: object) -> dict[str, object]:
        """Give the configuration of the provider `aws`, as an Environment would hold it.

        The credentials stand in a file, because an engine inherits no environment and a document
        holds no secret. So does the address of moto: a block `endpoints` makes each start of the
        provider seconds slower.
        """
        return {
            "region": REGION,
            "shared_config_files": [str(self.credentials.with_name("config"))],
            "shared_credentials_files": [str(self.credentials)],
            "skip_credentials_validation": True,
            "skip_metadata_api_check": "true",
            "skip_region_validation": True,
            "s3_use_path_style": True,
            "max_retries": 2,
            **more,
        }

    def client(self, service: str, region: str = REGION) -> Any:
        """Give a client that changes things by hand."""
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )

    def reset(self) -> None:
        """Forget everything."""
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        urllib.request.urlopen(request, timeout=30).close()


@contextlib.contextmanager
def running_moto(folder: Path) -> Iterator[Moto]:
    """Run a moto server on loopback; its log and the made-up credentials are in `folder`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    credentials = folder / "credentials"
    credentials.write_text("[default]\naws_access_key_id = test\naws_secret_access_key = test\n")
    log = folder / "moto.log"
    arguments = ["-H", "127.0.0.1", "-p", str(port)]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "MOTO_ACM_VALIDATION_WAIT": "0",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), *arguments],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, env=environment,
        )  # fmt: skip
    moto = Moto(f"http://127.0.0.1:{port}", credentials)
    credentials.with_name("config").write_text(f"[default]\nendpoint_url = {moto.url}\n")
    try:
        _wait(moto, process, log)
        yield moto
    finally:
        process.terminate()
        process.wait(30)


def _wait(moto: Moto, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"moto does not come up:\n{log.read_text()[-3000:]}")
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{moto.url}/moto-api/", timeout=30).close()
            return
        time.sleep(0.1)


def engine_environment(
    home: Path, mirror: Path, extras: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Give the environment of an engine that takes providers from the mirror and nowhere else."""
    home.mkdir(parents=True, exist_ok=True)
    configuration = home / "mirror.rc"
    configuration.write_text(installation(None, mirror))
    return build_environment(
        home / "home", path=os.environ["PATH"], cli_config=configuration, extras=extras
    )
