"""A worker on another machine: one that has a host name, processes and a network of its own."""

import json
import os
import subprocess
import sys

import pytest

from tests.contract.load_generator.test_load_generator import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.e2e]
ALONE = ("unshare", "--net", *(() if os.getuid() == 0 else ("--user", "--map-root-user")))


def why_not():
    """Say why this machine lets nobody have a second one; empty when it does."""
    second = ("unshare", "--net", "--uts", "--pid", "--fork", "--mount-proc", "hostname", "b")
    tries = (("ip", "link", "add", "a0", "type", "veth", "peer", "name", "b0"), second)
    for wanted in tries:
        try:
            made = subprocess.run((*ALONE, *wanted), capture_output=True, text=True, check=False)
        except FileNotFoundError as missing:
            return str(missing)
        if made.returncode:
            return f"{' '.join(wanted)}: {made.stderr.strip()}"
    return ""


def test_a_worker_whose_cable_is_pulled_makes_the_run_invalid_and_comes_back(tmp_path):
    if reason := why_not():
        pytest.skip(f"workers on other machines are NOT PROVED here: {reason}")
    inside = (*ALONE, sys.executable, "-m", "tests.contract.load_generator.two_machines")
    made = subprocess.run(
        (*inside, str(tmp_path)), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    found = json.loads(made.stdout)
    lost, back = found["lost"], found["back"]
    assert lost["invalid"] == (
        "worker 1 of 1 on `node-b` was lost: nothing was heard of it for 3 s"
    )
    assert (back["invalid"], back["generator"]["machine"]) == ("", "node-b")
    assert back["total"]["requests"] == pytest.approx(60, abs=4)
    assert [one["machine"] for one in back["workers"]] == ["node-b"]
    assert "workers 1 elsewhere on 1 machine" in found["class"]
