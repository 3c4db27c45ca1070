"""`python -m controller.localcloud.daemon --root R`: looks after one root, alone, until it ends.

Its death, however it comes, ends nothing but itself: processes go on, and the next daemon takes
them up. Only `stop-all`, or the removal of the root folder, stops them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import logging
import os
import resource
import signal
import sys
from pathlib import Path

from controller.localcloud.daemon import files, logs
from controller.localcloud.daemon.inventory import Inventory
from controller.localcloud.daemon.socket_server import SocketServer
from controller.localcloud.places import Places, make_private

_ALREADY_THERE = 75
_ROUND_SECONDS = 1.0
_IDLE_ROUNDS = 300
_MOST_FILES = 65536
_LOG = logging.getLogger(__name__)


async def run(places: Places, lock: int) -> None:
    """Serve until told to stop, until the root is gone, or until there is nothing to do."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stopping.set)
    inventory = Inventory(places)
    await inventory.find_again()
    server = SocketServer(inventory)
    make_private(places.sockets())
    path = places.sockets() / "daemon"
    await server.open(path)
    files.write_json(places.address, {"socket": str(path), "pid": os.getpid()})
    log_keeper = loop.create_task(logs.keep_small(places.logs, places.root))
    _LOG.info("process %d looks after `%s`", os.getpid(), places.root)
    await _until_done(inventory, server, stopping, lock, places)
    log_keeper.cancel()
    server.close()
    if _is_ours(places, lock):
        path.unlink(missing_ok=True)
    _LOG.info("process %d ends", os.getpid())


async def _until_done(
    inventory: Inventory,
    server: SocketServer,
    stopping: asyncio.Event,
    lock: int,
    places: Places,
) -> None:
    idle_rounds = 0
    while not stopping.is_set() and idle_rounds < _IDLE_ROUNDS:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ROUND_SECONDS):
                await _first(stopping, inventory.is_closing)
        if not _is_ours(places, lock):
            await inventory.stop_everything()
            return
        if inventory.is_closing.is_set():
            await _until_quiet(server)
            return
        idle_rounds = 0 if server.is_busy or inventory.has_work() else idle_rounds + 1


async def _first(*events: asyncio.Event) -> None:
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def _until_quiet(server: SocketServer) -> None:
    while server.is_busy:  # noqa: ASYNC110  # over in a moment; not worth an event
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.01)  # the answer itself still has to leave


def _is_ours(places: Places, lock: int) -> bool:
    """Say whether the root still holds the lock file that we hold: it may have been removed."""
    try:
        return places.daemon_lock.stat().st_ino == os.fstat(lock).st_ino
    except OSError:
        return False


def main() -> int:
    """Be the daemon of the root, unless there is one; give an exit code."""
    parser = argparse.ArgumentParser(prog="python -m controller.localcloud.daemon")
    parser.add_argument("--root", required=True, type=Path)
    parser.add_argument("--foreground", action="store_true", help="do not leave the starter")
    options = parser.parse_args()
    places = Places(options.root)
    places.prepare()
    lock = os.open(places.daemon_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _ALREADY_THERE
    if not options.foreground and os.fork() != 0:
        # The lock stays with the other one; it is nobody's child, so nobody has to reap it.
        os._exit(0)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, _MOST_FILES), most))
    asyncio.run(run(places, lock))
    return 0


if __name__ == "__main__":
    sys.exit(main())
