"""Kills a child at a random instant and reads what it had acknowledged."""

import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).parents[3]


def acknowledged_until_killed(program: Path, *arguments: str, source: random.Random) -> list[str]:
    """Run a program, kill it a random moment after its first line, and give its whole lines."""
    child = subprocess.Popen(
        [sys.executable, str(program), *arguments],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/local/bin:/usr/bin:/bin"},
    )
    with child:
        assert child.stdout is not None
        first = child.stdout.readline()
        assert first.endswith(b"\n"), "the child ended before its first line"
        alarm = threading.Timer(source.uniform(0.0, 0.4), child.kill)
        alarm.start()
        rest = child.stdout.read()
        alarm.join()
    assert child.returncode == -signal.SIGKILL
    return [line.decode() for line in (first + rest).split(b"\n")[:-1]]
