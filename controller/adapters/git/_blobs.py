"""Objects out of the mirror, through one `git cat-file --batch` that stays."""

import subprocess
import threading

from controller.adapters.git._command import GitCommand
from controller.diagnostics.errors import RepositoryUnreachable


class ObjectReader:
    """Reads objects by their identity. Thread safe: one reads at a time."""

    def __init__(self, command: GitCommand) -> None:
        self._command = command
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, identity: str, kind: str) -> bytes | None:
        """Give the content of an object; None when it is not there or of another kind.

        Raises RepositoryUnreachable when the mirror is damaged.
        """
        with self._guard:
            for last in (False, True):
                try:
                    return self._ask(identity, kind)
                except (OSError, EOFError, ValueError) as error:
                    self._stop()
                    if last:
                        raise RepositoryUnreachable.because(
                            f"the object `{identity}` cannot be read from the mirror: {error}",
                            hint="the mirror is made anew by the next fetch",
                        ) from error
        return None

    def close(self) -> None:
        """End the process; the next read starts another."""
        with self._guard:
            self._stop()

    def _ask(self, identity: str, kind: str) -> bytes | None:
        if self._process is None:
            self._process = self._command.start("cat-file", "--batch")
        asked, answered = self._process.stdin, self._process.stdout
        if asked is None or answered is None:
            raise EOFError("git was started without pipes")
        asked.write(identity.encode("ascii") + b"\n")
        asked.flush()
        head = answered.readline().split()
        if not head:
            raise EOFError("git ended without an answer")
        if head[-1] == b"missing":
            return None
        size = int(head[2])
        content = answered.read(size + 1)
        if len(content) != size + 1:
            raise EOFError("git ended in the middle of its answer")
        return content[:-1] if head[1] == kind.encode("ascii") else None

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()
