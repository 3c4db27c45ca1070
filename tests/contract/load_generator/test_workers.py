"""Several processes share a run's load: the sum is that of one, and a lost one is no pass."""

import asyncio
import re
import shutil
import socket
import sys
from dataclasses import replace

import psutil
import pytest

from controller.adapters.load_generator.arrivals import Arrivals
from controller.adapters.load_generator.locust import LocustLoadGenerator
from controller.adapters.load_generator.machine import machine_times
from controller.adapters.load_generator.meeting import Meeting
from controller.adapters.load_generator.messages import WORKER
from controller.adapters.load_generator.recording import Recorder
from controller.adapters.load_generator.seconds import Seconds
from controller.bench.gates_faults import generators
from controller.diagnostics.errors import Stalled
from controller.steps.gate import validity
from tests.contract.load_generator.target_server import running
from tests.contract.load_generator.test_load_generator import ROOT, SCRIPT, children, met, order


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_arrivals_of_all_workers_are_those_of_one(of):
    def arrivals(place, of):
        made = Arrivals(100.0, 1.0, [(20.0, 2.0), (70.0, 1.0)], place=place, of=of)
        return list(iter(made.take, None))

    shares = [arrivals(place, of) for place in range(of)]
    assert sorted(due for share in shares for due in share) == arrivals(0, 1)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_added_histograms_are_those_of_one_recorder():
    whole, added, shares = Recorder(0.1), Recorder(0.1), [Recorder(0.1) for _ in range(3)]
    for recorder in (whole, *shares):
        recorder.open_window(0.0, 10.0)
    for number in range(600):
        start, name = number / 60, f"GET /{number % 2}"
        took = 0.001 * (1 + number % 97) ** 1.7
        error = "500" if number % 50 == 0 else None
        for recorder in (whole, shares[number % 3]):
            recorder.request(name, start, start + took, error)
    for share in shares:
        added.add(share.encode())
    wanted, found = whole.result(), added.result()
    for name in ("GET /0", "GET /1"):
        for part in ("requests", "failures", "omitted", "histogram"):
            assert found["endpoints"][name][part] == wanted["endpoints"][name][part]
        assert found["endpoints"][name]["corrected"] == pytest.approx(
            wanted["endpoints"][name]["corrected"], rel=0.001
        )
    assert (found["parts"], found["errors"]) == (wanted["parts"], wanted["errors"])
    assert found["total"]["histogram"] == wanted["total"]["histogram"]


def test_a_second_is_told_when_all_workers_have_told_it():
    said, ended = [], []
    limits = {"abort_error_rate": 0.1, "abort_seconds": 1.0, "most_requests": None, "workers": 2}
    seconds = Seconds(limits, said.append, lambda: ended.append(True))
    seconds.take(0, 1, [4.0, 2.0], 0, 0)
    seconds.take(0, 2, [4.0], 1, 1)
    assert said == []
    seconds.take(1, 1, [9.0], 0, 0)
    assert [(s["seconds"], s["rate"], s["p50"], s["p99"]) for s in said] == [(1.0, 3, 4.0, 9.0)]
    assert not ended
    seconds.take(1, 2, [5.0], 0, 0)
    assert (said[1]["failures"], ended, seconds.ended_early[:9]) == (1, [True], "errorRate")


@pytest.mark.slow
async def test_workers_of_ours_make_the_load_together_and_end(tmp_path):
    seen = []
    async with running() as target:
        found = await LocustLoadGenerator(folder=tmp_path).run(
            order(target.url, users=10, rate=60.0, steady=3.0, workers=2, is_open=True, key="one"),
            on_progress=seen.append,
        )
    assert found.total.requests + found.total.omitted == pytest.approx(180, abs=4)
    assert (found.invalid, found.total.failures) == ("", 0)
    assert sum(one.made for one in found.workers) == found.total.requests + found.total.omitted
    assert [one.wanted for one in found.workers] == pytest.approx([90, 90], rel=0.05)
    assert [round(one.seconds) for one in seen][:3] == [1, 2, 3]
    assert found.runner_class.endswith("workers 2")
    assert sum(part.made for part in found.parts) == found.total.requests
    assert (found.machine_waited is None) == (machine_times().waited is None)
    assert 0 <= (found.machine_stolen or 0) <= 1
    await nobody_is_left()


@pytest.mark.slow
async def test_a_worker_that_is_killed_makes_the_run_invalid(tmp_path):
    async with running() as target:
        run = asyncio.ensure_future(
            LocustLoadGenerator(folder=tmp_path).run(
                order(target.url, users=8, rate=60.0, steady=60.0, workers=2, key="one")
            )
        )
        await met(target)
        generators(WORKER)[1].kill()
        found = await run
    assert re.fullmatch(r"worker . of 2 on `.+` was lost: it ended with -9", found.invalid)
    assert validity.problems(found) == [found.invalid]
    await nobody_is_left()


@pytest.mark.slow
async def test_workers_from_elsewhere_are_waited_for_and_others_are_turned_away(tmp_path):
    """One with a wrong token or version hears why and ends; where nobody comes, it is invalid."""
    async with running() as target:
        port, token = free_port(), "right" * 10
        generator = LocustLoadGenerator(meeting=Meeting("127.0.0.1", port, token, patience=120.0))
        wanted = order(
            target.url, workers=1, are_elsewhere=True, environment={"WORD": "hello"},
            files={"data/word.txt": b"there"},
        )  # fmt: skip
        script = SCRIPT.replace(b'"/"', b'"/" + os.environ["WORD"] + open("data/word.txt").read()')
        run = asyncio.ensure_future(generator.run(replace(wanted, script=script)))
        strangers = (
            await start_worker(tmp_path, port, "wrong"),
            await start_worker(tmp_path, port, token, version="0.0.9"),
        )
        said = [(await stranger.communicate())[1].decode() for stranger in strangers]
        worker = await start_worker(tmp_path, port, token)
        found = await run
        await worker.communicate()
        assert [stranger.returncode for stranger in strangers] == [1, 1]
        assert "turned away: it shows another token" in said[0]
        assert "turned away: it has Trueup 0.0.9 with Locust" in said[1]
        assert (worker.returncode, found.invalid) == (0, "")
        assert set(found.endpoints) == {"GET /hellothere"}
        assert found.total.requests == pytest.approx(60, abs=4)
        assert "workers 1 elsewhere on 1 machine" in found.runner_class

        impatient = LocustLoadGenerator(meeting=Meeting("127.0.0.1", port, token, patience=0.2))
        lonely = await impatient.run(wanted)
    assert lonely.invalid == "only 0 of 1 workers came within 0.2 s"
    assert lonely.total.requests == 0


@pytest.mark.slow
async def test_an_address_that_somebody_has_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        generator = LocustLoadGenerator(meeting=Meeting("127.0.0.1", taken.getsockname()[1]))
        with pytest.raises(Stalled, match="cannot come to"):
            await generator.run(order(are_elsewhere=True, workers=1))


async def test_workers_without_a_place_to_meet_or_without_users_are_refused():
    with pytest.raises(Stalled, match="have no address"):
        await LocustLoadGenerator().run(order(are_elsewhere=True))
    with pytest.raises(Stalled, match="5 workers for 4 users"):
        await LocustLoadGenerator().run(order(workers=5))


async def start_worker(folder, port, token, version=None):
    """Start a worker for one run; with a version, from a copy of the program that has it."""
    file = folder / f"token-{token}"
    file.write_text(token)
    program = ROOT
    if version is not None:
        program = folder / "other"
        shutil.copytree(ROOT / "controller", program / "controller")
        (program / "schemas").symlink_to(ROOT / "schemas")
        changed = program / "controller" / "__init__.py"
        other = re.sub('__version__ = ".*"', f'__version__ = "{version}"', changed.read_text())
        changed.write_text(other)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "controller", "gate", "worker", f"127.0.0.1:{port}"),
        *("--token-file", str(file), "--once"),
        cwd=program,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(folder)},
    )


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def nobody_is_left():
    for _ in range(600):
        if not children() and not any(is_worker(process) for process in psutil.process_iter()):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("processes are left")


def is_worker(process):
    try:
        return str(ROOT) in process.environ().get("PYTHONPATH", "") and WORKER in process.cmdline()
    except psutil.Error:
        return False
