"""Becomes another program that is asked to end when its parent dies: `PARENT PROGRAM ARGUMENTS…`.

Run as a file, without any of our packages. It is a program of its own because the request has to be
made in the child, between fork and exec, where a process with threads must run no Python. It begins
when it hears a line on stdin, so that its parent can note who it is before it does anything.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for SIGTERM at the parent's death, and become the program."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):  # it died before we could ask to be told
        raise SystemExit(1)
    if not os.read(0, 1):
        raise SystemExit(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.execv(command[0], command)  # noqa: S606 — no shell is what we want


if __name__ == "__main__":
    main()
