"""A process that outlives this one's loop; asyncio's own would be killed when the loop goes."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path


class Detached:
    """A process that is started without anything that ends it with us."""

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        output: Path,
        *,
        own_group: bool = True,
    ) -> None:
        """Start it; what it prints goes into a file. Without a group of its own it is in ours."""
        write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        self.pid = os.posix_spawn(
            argv[0], tuple(argv), environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(output), write, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setpgroup=0 if own_group else os.getpgrp(),
        )  # fmt: skip
        self._returncode: int | None = None

    @property
    def returncode(self) -> int | None:
        """How it ended; None as long as it runs."""
        if self._returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                self._returncode = 0  # somebody else has waited for it
                return self._returncode
            if pid:
                self._returncode = os.waitstatus_to_exitcode(status)
        return self._returncode
