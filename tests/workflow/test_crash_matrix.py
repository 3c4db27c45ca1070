"""Step by fault → what is left → how it heals: played on real Terraform, and published in docs.

`TRUEUP_TEST_SNAPSHOTS=1` writes `docs/crash-matrix.md` anew.
"""

import asyncio
import os
import shutil
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.adapters.engine import _state_file
from controller.diagnostics.errors import EngineFailed
from tests.support.crash_world import THINGS, UNIT, CrashWorld
from tests.support.state_servers import StateServer
from tests.workflow.crash_cases import CASES, Case, Stage

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform on PATH"),
]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "crash-matrix.md"
AT_A_TIME = 3
HEAD = """# Crash matrix

What a fault in each step leaves, and how it heals. `tests/workflow/test_crash_matrix.py` writes
this page: it plays every line on real Terraform, with a unit of three things that are made one
after another, and judges how it ends. What is left, as one run saw it, may differ with the instant
of the fault. The last column counts what was really made. What was in hand when its engine was
killed may exist without any state that knows of it: nobody can know, so it is told, and made again.

| step | fault | state | what is left | how it heals | times made |
| --- | --- | --- | --- | --- | --- |
"""
PHRASES = {
    "Resumed": "the run is taken up at the start",
    "LockBroken": "the lock is broken: its process is proven dead",
}


@dataclass(frozen=True)
class Seen:
    case: Case
    left: str
    heals: str
    end: str
    message: str
    effects: dict[str, int]
    events: tuple[str, ...]
    open_runs: int
    chain: object
    locks: int

    def row(self) -> str:
        made = ", ".join(f"{name} {self.effects.get(name, 0)}" for name in THINGS)
        case = self.case
        return (
            f"| {case.step} | {case.fault} | {case.backend} | {self.left} | {self.heals} | {made} |"
        )


def look(stage: Stage) -> str:
    """Tell what a fault has left."""
    crash = stage.crash
    found = [f"made: {', '.join(crash.effects()) or 'nothing'}"]
    if stage.server is None:
        found.append(f"state: {_local_state(crash)}")
    else:
        held = stage.server.locks.get("/states/shop.dev.api")
        found.append("the lock" if held else "no lock")
    if (crash.directory / "errored.tfstate").exists():
        found.append("`errored.tfstate`")
    return "; ".join(found)


def _local_state(crash: CrashWorld) -> str:
    if not crash.tfstate.is_file():
        return "none"
    if not crash.tfstate.read_bytes():
        return "empty"
    try:
        state = _state_file.read_local(crash.directory)
    except EngineFailed:
        return "cut off"
    assert state is not None
    names = [each.removeprefix("terraform_data.") for each in state.resources]
    return f"knows {', '.join(names) or 'nothing'}"


def tell(events: list[tuple[str, str]], end: str) -> str:
    """Say how it went on, from the events."""
    found = []
    for reason, message in events:
        if reason in PHRASES:
            found.append(PHRASES[reason])
        elif "was begun and not confirmed" in message or "taken into the state" in message:
            if "taken into the state" in message:
                found.append("what was made is taken into the state by its id")
            if "was begun" in message:
                found.append("what was in hand is told")
        elif reason in {"EngineFailed", "Transient", "EngineRefused"}:
            found.append("told, and tried again")
    found.append("`Ready`" if end == "Ready" else f"`{end}`: a person is asked")
    return "; ".join(dict.fromkeys(found))


async def play(case: Case, root: Path, at: asyncio.Semaphore) -> Seen:
    async with at:
        with ExitStack() as stack:
            server = None
            crash = CrashWorld(root)
            if case.backend == "http":
                server = StateServer()
                stack.callback(server.close)
                crash.state = f"{{backend: http, address: '{server.address}'}}"
            if case.needs_mount:
                _mount(root / "workspaces", stack)
            stage = Stage(crash, server)
            await case.bring(stage)
            left = look(stage)
            await crash.end()
            life = await crash.live()
            await crash.heal(life)
            seen = await _seen(case, left, stage, life)
            await crash.end()
            return seen


async def _seen(case: Case, left: str, stage: Stage, life) -> Seen:
    ledger = life.world.ledger
    unit = await life.app.unit(str(UNIT))
    events = [
        (e.reason, e.message) for e in await ledger.events(limit=1000)
        if e.subject == f"unit:{UNIT}"
    ]  # fmt: skip
    end = "Ready" if unit.ready == "True" else unit.reason
    return Seen(
        case, left, tell(events, end), end, unit.message, stage.crash.effects(),
        tuple(message for _, message in events), len(await ledger.open_runs()),
        await ledger.verify_chain(), len(stage.server.locks) if stage.server else 0,
    )  # fmt: skip


def _mount(folder: Path, stack: ExitStack) -> None:
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=True)
    stack.callback(subprocess.run, ["umount", "-l", folder], check=True)


def can_mount() -> bool:
    return os.geteuid() == 0 and shutil.which("mount") is not None


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen | BaseException]:
    """Play all cases, a few at a time: each waits more than it works."""
    root = tmp_path_factory.mktemp("matrix")
    cases = [case for case in CASES if can_mount() or not case.needs_mount]
    only = os.environ.get("TRUEUP_TEST_CASE", "")
    cases = [case for case in cases if only in case.name]

    async def all_of_them() -> list[Seen | BaseException]:
        at = asyncio.Semaphore(AT_A_TIME)
        return await asyncio.gather(
            *(play(case, root / str(number), at) for number, case in enumerate(cases)),
            return_exceptions=True,
        )

    return dict(zip((case.name for case in cases), asyncio.run(all_of_them()), strict=True))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_fault_in_a_step_heals(case: Case, matrix: dict[str, Seen | BaseException]) -> None:
    if case.name not in matrix:
        pytest.skip("needs a small file system, which only root may mount")
    seen = matrix[case.name]
    if isinstance(seen, BaseException):
        raise seen
    assert seen.end == case.end, seen
    assert (seen.open_runs, seen.chain) == (0, None)
    if case.end != "Ready":
        assert seen.effects == {}
        return
    assert seen.locks == 0
    for name in THINGS:
        times = seen.effects[name]
        assert times == 1 or (times == 2 and name in case.twice), seen


def test_the_page_says_what_was_seen(matrix: dict[str, Seen | BaseException]) -> None:
    rows = [seen.row() for seen in matrix.values() if isinstance(seen, Seen)]
    if os.environ.get("TRUEUP_TEST_SNAPSHOTS"):
        PAGE.write_text(HEAD + "\n".join(rows) + "\n")
    text = PAGE.read_text()
    assert text.startswith(HEAD)
    lines = text.removeprefix(HEAD).splitlines()
    # What is left depends on the instant of the fault; that it heals is judged case by case above.
    played = [_case_of(row) for row in rows]
    assert [case for case in played if case not in map(_case_of, lines)] == []
    assert len(lines) == len(CASES)


def _case_of(row: str) -> tuple[str, ...]:
    """Give step, fault and state of a line."""
    return tuple(row.split(" | ")[:3])
