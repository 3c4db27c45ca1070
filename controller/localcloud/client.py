"""Speaks to the daemon of a root, and starts it when it is not there.

Imports nothing heavy: the provider, the controller and the command line all start with this.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from controller.localcloud.errors import CloudError, CloudUnreachableError
from controller.localcloud.names import Kind
from controller.localcloud.places import Places

ROOT_VARIABLE: Final = "TRUEUP_LOCALCLOUD_ROOT"

_START_SECONDS = 30.0
_ANSWER_SECONDS = 900.0
_POLL_SECONDS = 0.02
_CHUNK = 1 << 16
_RETRY_SECONDS = 0.2
# What a daemon may see of its starter's environment: nothing that could be a secret.
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "USER", "LOGNAME")

Status = dict[str, Any]
Statuses = list[Status]  # inside the class, `list` is a method


class Cloud:
    """The local cloud of one root. Every call may be repeated; each raises `CloudError`."""

    def __init__(self, root: Path | str) -> None:
        self.places = Places(Path(root))

    def ping(self) -> Status:
        """Say which daemon answers: its process, its root and the time it was started."""
        return self._ask_for_dict({"op": "ping"})

    def list(self) -> Statuses:
        """Give the status of everything there is."""
        answer = self._ask({"op": "list"})
        return list(answer)

    def find(self, kind: Kind, name: str) -> Status | None:
        """Give the status of one thing; `None` if there is no such thing."""
        answer = self._ask({"op": "get", "kind": kind, "name": name})
        return None if answer is None else dict(answer)

    def get(self, kind: Kind, name: str) -> Status:
        """Give the status of one thing; raises `CloudError` if there is no such thing."""
        status = self.find(kind, name)
        if status is None:
            raise CloudError(f"there is no {kind} `{name}`", hint="`list` shows what there is")
        return status

    def ensure(
        self,
        kind: Kind,
        name: str,
        spec: Mapping[str, Any],
        *,
        owner: str,
        previous_owner: str | None = None,
    ) -> Status:
        """Make the thing as `spec` says, whatever is there now, and give its status.

        Raises `CloudError` if it belongs to neither `owner` nor `previous_owner`.
        """
        request = {"op": "ensure", "kind": kind, "name": name, "owner": owner, "spec": dict(spec)}
        return self._ask_for_dict({**request, "previous_owner": previous_owner})

    def edit(self, kind: Kind, name: str, changes: Mapping[str, Any]) -> Status:
        """Change the live configuration as an operator would, past Terraform."""
        changes = dict(changes)
        return self._ask_for_dict({"op": "edit", "kind": kind, "name": name, "changes": changes})

    def restart(self, kind: Kind, name: str) -> Status:
        """Bring a thing to what its configuration file says, with new processes."""
        return self._ask_for_dict({"op": "restart", "kind": kind, "name": name})

    def renew(self, name: str, told: Mapping[str, str]) -> Status:
        """Restart a service, unless all that serves was started after it had been told this.

        `told` is what changed, by name, as a word that differs with each change. Told the same
        again, nothing is restarted. Gives its status: what is `leaving` runs still.
        """
        request = {"op": "renew", "kind": "service", "name": name, "told": dict(told)}
        return self._ask_for_dict(request)

    def kill(self, kind: Kind, name: str) -> tuple[int, ...]:
        """Kill a thing's processes the hard way, as a crash would; give their ids."""
        return tuple(self._ask({"op": "kill", "kind": kind, "name": name}))

    def remove(self, kind: Kind, name: str, *, owner: str | None = None) -> None:
        """Remove a thing with its data. Removing what is not there is no error."""
        self._ask({"op": "remove", "kind": kind, "name": name, "owner": owner})

    def logs(self, kind: Kind, name: str, *, lines: int = 100) -> str:
        """Give the last lines that a thing's processes wrote."""
        return str(self._ask({"op": "logs", "kind": kind, "name": name, "lines": lines}))

    def stop_all(self) -> tuple[str, ...]:
        """Stop every process and then the daemon, without forgetting what was running.

        Processes outlive their daemon: one is started to stop them. Where none has ever been,
        nothing is made.
        """
        if not self.places.daemon_lock.exists():
            return ()
        stopped = tuple(str(name) for name in self._ask({"op": "stop-all"}))
        deadline = time.monotonic() + _START_SECONDS
        while self.is_running() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        return stopped

    def resume(self) -> tuple[str, ...]:
        """Start everything that `stop_all` has stopped; give the names."""
        return tuple(str(name) for name in self._ask({"op": "resume"}))

    def is_running(self) -> bool:
        """Say whether a daemon looks after this root, without starting one."""
        try:
            descriptor = os.open(self.places.daemon_lock, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    # -- the way of one question

    def _ask_for_dict(self, request: Mapping[str, Any]) -> Status:
        return dict(self._ask(request))

    def _ask(self, request: Mapping[str, Any]) -> Any:
        line = json.dumps(request).encode() + b"\n"
        deadline: float | None = None
        while True:
            try:
                with self._connected() as connection:
                    connection.sendall(line)
                    return _answer(_read_line(connection))
            except (ConnectionError, EOFError, TimeoutError) as error:
                # The daemon went away in between. Every operation may be repeated.
                deadline = deadline or time.monotonic() + _START_SECONDS
                if time.monotonic() > deadline:
                    raise self._unreachable(f"it does not answer ({error})") from error
                time.sleep(_RETRY_SECONDS)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        connection = self._try_to_connect() or self._start()
        with connection:
            connection.settimeout(_ANSWER_SECONDS)
            yield connection

    def _try_to_connect(self) -> socket.socket | None:
        try:
            address = json.loads(self.places.address.read_text())["socket"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(address))
        except OSError:
            connection.close()
            return None
        return connection

    def _start(self) -> socket.socket:
        """Start the daemon, or wait for the one that another client starts just now."""
        self.places.claim()
        deadline = time.monotonic() + _START_SECONDS
        with self.places.start_lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            connection = self._try_to_connect()
            if connection is not None:
                return connection
            code = _spawn_daemon(self.places)
            while time.monotonic() < deadline:
                is_running = self.is_running()
                connection = self._try_to_connect()
                if connection is not None:
                    return connection
                if not is_running:
                    raise self._unreachable(f"it ended at once (code {code})")
                time.sleep(_POLL_SECONDS)
        raise self._unreachable(f"it was not ready within {_START_SECONDS:.0f} s")

    def _unreachable(self, reason: str) -> CloudUnreachableError:
        tail = ""
        with contextlib.suppress(OSError):
            tail = "\n".join(self.places.daemon_log.read_text(errors="replace").splitlines()[-8:])
        message = f"the daemon of the local cloud in `{self.places.root}` is out of reach: {reason}"
        return CloudUnreachableError(
            f"{message}\n{tail}".rstrip(), hint=f"its log is `{self.places.daemon_log}`"
        )


def _spawn_daemon(places: Places) -> int:
    """Start the daemon apart from us: its own session, no descriptor or secret of ours.

    What is started here holds the lock, leaves the daemon behind and ends, so that nobody has a
    child that he does not know of. Gives its exit code.
    """
    import subprocess  # a client that only asks does not need it

    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    code = str(Path(__file__).resolve().parents[2])
    with places.daemon_log.open("ab") as log:
        places.daemon_log.chmod(0o600)
        return subprocess.run(
            [
                sys.executable,
                "-P",
                "-m",
                "controller.localcloud.daemon",
                "--root",
                str(places.root),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={**kept, "PYTHONPATH": code},
            start_new_session=True,
            check=False,
            timeout=_START_SECONDS,
        ).returncode


def _read_line(connection: socket.socket) -> bytes:
    parts: list[bytes] = []
    while True:
        part = connection.recv(_CHUNK)
        if not part:
            raise EOFError("the connection was closed before the answer")
        parts.append(part)
        if part.endswith(b"\n"):
            return b"".join(parts)


def _answer(line: bytes) -> Any:
    answer = json.loads(line)
    if "error" in answer:
        error = answer["error"]
        raise CloudError(error["message"], hint=error["hint"], attribute=tuple(error["attribute"]))
    return answer["ok"]
