"""git as a process: a fixed set of options, an environment from nothing, and an end in time.

Nothing that a repository says, and nothing that the environment or the configuration of the user
says, may make git run a program: no hooks, helpers, filters, prompts or other transports.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from controller.diagnostics.errors import Bug, Stalled

_GRACE = 3.0
"""Seconds between asking a process to end and killing it."""

_OPTIONS = (
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.askPass=",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "credential.helper=",
    "protocol.allow=never",
    "protocol.file.allow=always",
    "protocol.https.allow=always",
    "protocol.ssh.allow=always",
    "transfer.fsckObjects=true",
    "fetch.recurseSubmodules=false",
    "push.recurseSubmodules=no",
    "push.gpgSign=false",
    "submodule.recurse=false",
    "commit.gpgSign=false",
    "log.showSignature=false",
    "gc.auto=0",
    "gc.autoDetach=false",
    "maintenance.auto=false",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=30",
)

_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C",
    "LANGUAGE": "C",
    "TZ": "UTC",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "/bin/false",
    "SSH_ASKPASS": "/bin/false",
    "GIT_ALLOW_PROTOCOL": "file:https:ssh",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_SSH_COMMAND": "/bin/false",
    "GIT_SSH_VARIANT": "ssh",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """How a git process ended."""

    code: int
    output: bytes
    error: str
    timed_out: bool = False

    @property
    def text(self) -> str:
        """The output as one stripped text."""
        return self.output.decode("utf-8", "replace").strip()


class Leash:
    """Ends a process from another thread, also when it has not started yet."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_cut = False

    def tie(self, process: "subprocess.Popen[bytes] | None") -> None:
        """Say which process runs; None when it has ended, for its number may be given anew."""
        with self._guard:
            self._process = process
            if process is not None and self._is_cut:
                _signal(process, signal.SIGTERM)

    def cut(self) -> None:
        """Ask the process to end, now or when it starts."""
        with self._guard:
            self._is_cut = True
            if self._process is not None:
                _signal(self._process, signal.SIGTERM)


class GitCommand:
    """Runs git on one bare repository. Thread safe: every call is a process of its own."""

    def __init__(self, repository: Path, environment: Mapping[str, str], timeout: float) -> None:
        """Find git. Raises Stalled when it is not installed."""
        program = shutil.which("git")
        if program is None:
            raise Stalled.because(
                "the program `git` is not installed",
                hint="install git with the package manager of this system",
                code="fetch/no-git",
            )
        import git  # loads slowly, and looks for the program when it loads

        self._git = git.Git(repository)
        self._repository = repository
        self._program = program
        self._timeout = timeout
        self._environment = {**_ENVIRONMENT, "HOME": str(repository), **environment}
        self.descriptors: tuple[int, ...] = ()
        """Open files that each process inherits: the lock lives as long as any of them."""

    def run(
        self,
        *arguments: str,
        given: bytes = b"",
        environment: Mapping[str, str] | None = None,
        leash: Leash | None = None,
    ) -> Answer:
        """Run git to its end; a process that takes longer than the time-out is ended."""
        leash = leash or Leash()
        process = self.start(*arguments, environment=environment)
        leash.tie(process)
        try:
            output, error = process.communicate(given, timeout=self._timeout)
        except subprocess.TimeoutExpired:
            output, error = _end(process)
            told = error.decode("utf-8", "replace")
            told = f"{told}\ntimed out after {self._timeout:g} s"
            return Answer(-1, output, told, timed_out=True)
        finally:
            leash.tie(None)
        return Answer(process.returncode, output, error.decode("utf-8", "replace"))

    def start(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
    ) -> "subprocess.Popen[bytes]":
        """Start git with pipes on all sides, in a session of its own."""
        wanted = {**self._environment, **(environment or {})}
        # GitPython adds to the environment that it finds; `env` takes away what is not wanted. Only
        # names stand on that command line, never values.
        unset = [part for name in os.environ if name not in wanted for part in ("-u", name)]
        given = [part for option in _OPTIONS for part in ("-c", option)]
        started = self._git.execute(
            ["env", *unset, self._program, *given, f"--git-dir={self._repository}", *arguments],
            istream=subprocess.PIPE,
            as_process=True,
            env=wanted,
            shell=False,
            start_new_session=True,
            pass_fds=self.descriptors,
        )
        process = started.proc
        started.proc = None  # GitPython's wrapper would end the process when it is forgotten
        if process is None:
            raise Bug.because("GitPython gave no process", code="fetch/no-process")
        return process


def _end(process: "subprocess.Popen[bytes]") -> tuple[bytes, bytes]:
    """End the process: git takes away its locks when it is asked; what does not hear is killed."""
    _signal(process, signal.SIGTERM)
    try:
        return process.communicate(timeout=_GRACE)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)
        return process.communicate()


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """Reach the process and what it started (ssh, git-remote-https, index-pack)."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
