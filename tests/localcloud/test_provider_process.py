"""The provider as Terraform starts it: found in the mirror, served with TLS, gone in time."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.localcloud import mirror
from controller.localcloud.client import Cloud
from tests.localcloud.engines import ENGINES, GREETER, Workspace

BODY = f"""
resource "localcloud_service" "slow" {{
  name    = "NAME"
  owner   = "shop/dev/slow"
  command = ["sh", "-c", "sleep 2; exec {sys.executable} {GREETER}"]
}}
"""


def providers(cloud: Cloud) -> set[int]:
    """Find the provider processes that were started for this cloud."""
    wanted = f"TRUEUP_LOCALCLOUD_ROOT={cloud.places.root}".encode()
    found = set()
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            command = (folder / "cmdline").read_bytes()
            is_provider = b"controller.localcloud.provider" in command
            if is_provider and wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
    return found


def start(workspace: Workspace, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*ENGINES[workspace.engine], *arguments, "-no-color"],
        cwd=workspace.folder,
        env=workspace.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_until_making(cloud: Cloud) -> None:
    deadline = time.monotonic() + 20
    while not (providers(cloud) and list(cloud.places.root.glob("running/*.json"))):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
def test_the_mirror_serves_every_engine_without_a_home(
    engine: str, make_workspace: Callable[..., Workspace], cloud: Cloud
) -> None:
    body = BODY.replace("NAME", f"cold-{engine}").replace("sleep 2; ", "")
    workspace = make_workspace(engine, body, is_cold=True)
    lock = (workspace.folder / ".terraform.lock.hcl").read_text()
    assert lock.count('"h1:') == 1
    assert not Path(workspace.environment["HOME"]).exists()
    workspace.apply()
    assert workspace.run("plan", "-detailed-exitcode").code == 0
    workspace.destroy()
    assert not providers(cloud)


@pytest.mark.slow
def test_an_interrupted_apply_keeps_what_it_was_making(
    make_workspace: Callable[..., Workspace], cloud: Cloud
) -> None:
    workspace = make_workspace("terraform", BODY.replace("NAME", "cut"), is_cold=True)
    engine = start(workspace, "apply", "-auto-approve", "-input=false")
    wait_until_making(cloud)
    os.killpg(engine.pid, signal.SIGINT)
    text, _none = engine.communicate(timeout=60)
    assert "localcloud_service.slow" in workspace.must("state", "list"), text
    assert cloud.get("service", "cut")["running"] == 1
    cloud.remove("service", "cut")


@pytest.mark.slow
def test_no_provider_outlives_a_killed_terraform(
    make_workspace: Callable[..., Workspace], cloud: Cloud
) -> None:
    workspace = make_workspace("terraform", BODY.replace("NAME", "orphan"), is_cold=True)
    engine = start(workspace, "apply", "-auto-approve", "-input=false")
    wait_until_making(cloud)
    engine.kill()
    engine.communicate(timeout=30)
    deadline = time.monotonic() + 60
    while providers(cloud):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    # What was being made is there, and the next apply adopts it.
    workspace.apply()
    pids = cloud.get("service", "orphan")["pids"]
    assert len(pids) == 1
    cloud.remove("service", "orphan")


@pytest.mark.slow
def test_without_a_root_the_way_out_is_told(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace("terraform", BODY.replace("NAME", "x"), is_cold=True)
    del workspace.environment["TRUEUP_LOCALCLOUD_ROOT"]
    text = workspace.fails("plan")
    assert "it is not said where the local cloud is" in text
    assert "or $TRUEUP_LOCALCLOUD_ROOT" in text


def test_a_person_who_starts_it_is_told_what_it_is() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "controller.localcloud.provider"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("this is a Terraform provider: Terraform starts it by itself\n")


def test_the_client_needs_nothing_heavy() -> None:
    program = (
        "import sys, controller.localcloud.client, controller.localcloud.mirror;"
        "import controller.localcloud.provider, controller.localcloud.forking.starter;"
        "print({'grpc', 'google.protobuf', 'msgpack', 'cryptography', 'psycopg', 'asyncio'}"
        " & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout == "set()\n"


def test_a_mirror_is_the_same_everywhere_and_written_once(tmp_path: Path) -> None:
    first, second = mirror.install(tmp_path / "a"), mirror.install(tmp_path / "b b")
    launchers = sorted(first.rglob("terraform-provider-*"))
    assert len(launchers) == 4
    assert len({path.read_bytes() for path in (*launchers, *second.rglob("terraform-*"))}) == 1
    assert all(os.access(path, os.X_OK) for path in launchers)
    assert all([each.name for each in path.parent.iterdir()] == [path.name] for path in launchers)
    before = launchers[0].stat()
    mirror.install(tmp_path / "a")
    assert launchers[0].stat().st_mtime_ns == before.st_mtime_ns
    launchers[0].write_text("tampered")
    mirror.install(tmp_path / "a")
    assert launchers[0].read_bytes() == launchers[1].read_bytes()
    text = mirror.cli_configuration(tmp_path / 'q"${x}')
    assert 'q\\"$${x}' in text
    assert text.count('["trueup.local/*/*"]') == 2
