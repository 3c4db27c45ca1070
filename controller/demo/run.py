"""`trueup demo`: the main job on embedded defaults, from an empty folder."""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from controller.demo.developer import Developer
from controller.demo.folder import Folder
from controller.demo.observer import Controller, NotObserved
from controller.demo.scene import Scene, Stage, Step, write_evidence
from controller.demo.scenes import SCENES
from controller.demo.screen import Screen
from controller.demo.server import Server
from controller.localcloud.client import Cloud
from controller.localcloud.errors import CloudError

DONE, NOT_OBSERVED, INTERRUPTED = 0, 1, 130


class Interrupted(BaseException):
    """Ctrl-C, or a polite request to end."""


def demo(directory: Path, *, port: int, once: bool, output: str) -> int:
    """Play the demo in `directory`; gives the exit code.

    With `once` every scene is played and all that was started is stopped; without it the controller
    goes on until Ctrl-C. Running it again in the same folder continues.
    """
    folder = Folder(directory.absolute())
    screen = Screen(as_json=output == "json")
    with _interruptible():
        try:
            return _run(folder, screen, port=port, once=once)
        except Interrupted:
            screen.note("stopped; run it again in the same folder to go on")
            return INTERRUPTED


def _run(folder: Folder, screen: Screen, *, port: int, once: bool) -> int:
    is_new = folder.prepare(port)
    screen.begin(folder, is_new=is_new)
    cloud, server = Cloud(folder.cloud), Server(folder)
    if not is_new:
        cloud.resume()
    try:
        with screen.scene("start", "the controller starts"):
            server.start()
        if not once:
            return _stay(folder, screen, server)
        return screen.summary(_play(folder, screen, server))
    finally:
        with _uninterruptible():
            screen.note("stopping what was started")
            server.stop()
            cloud.stop_all()


def _play(folder: Folder, screen: Screen, server: Server) -> list[Step]:
    stage = Stage(folder, Developer(folder), Controller(folder), screen.note)
    steps = []
    with _kept_alive(server, screen):
        for number, scene in enumerate(SCENES, start=1):
            steps.append(_play_one(stage, screen, number, scene))
            if scene.essential and not steps[-1].ok:
                screen.note(f"the rest needs `{scene.name}`; the log is {folder.log}")
                reason = f"not played: it needs `{scene.name}`"
                steps += [Step(s.name, ok=False, proved=reason) for s in SCENES[number:]]
                break
    return steps


def _play_one(stage: Stage, screen: Screen, number: int, scene: Scene) -> Step:
    began = time.monotonic()
    with screen.scene(scene.name, scene.title) as shown:
        try:
            proof = scene.play(stage)
        except (NotObserved, CloudError, OSError, LookupError, ValueError) as error:
            shown.failed(str(error))
            return Step(scene.name, ok=False, proved=str(error), seconds=time.monotonic() - began)
        evidence = write_evidence(stage.folder, number, scene.name, proof)
        shown.proved(proof.proved)
    seconds = time.monotonic() - began
    return Step(scene.name, ok=True, proved=proof.proved, evidence=evidence, seconds=seconds)


def _stay(folder: Folder, screen: Screen, server: Server) -> int:
    screen.invite(folder, server.url())
    while True:
        if server.watch():
            screen.note("the controller was killed; it was started again and goes on")
        time.sleep(0.5)


@contextmanager
def _kept_alive(server: Server, screen: Screen) -> Iterator[None]:
    """While scenes are played, start the controller again whenever somebody kills it."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.3):
            if server.watch():
                screen.note("the controller was killed; it was started again and goes on")

    # PDEATHSIG looks at the thread that started a process: this thread outlives the scenes.
    thread = threading.Thread(target=look, name="watch-controller", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def _interruptible() -> Iterator[None]:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise Interrupted

    before = {number: signal.signal(number, interrupt) for number in _signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _uninterruptible() -> Iterator[None]:
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _signals() -> tuple[signal.Signals, ...]:
    if threading.current_thread() is not threading.main_thread():  # pragma: no cover - a test's way
        return ()
    return (signal.SIGINT, signal.SIGTERM) if sys.platform != "win32" else (signal.SIGINT,)
