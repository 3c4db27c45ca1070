"""What only processes can do: die, be killed, inherit, and stay awake."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from controller.adapters.engine import command
from controller.adapters.engine.embedded import connect
from controller.adapters.engine.environment import build_environment
from controller.diagnostics.errors import EngineFailed, EngineRefused
from controller.model.drift import EngineLook
from controller.model.plan import Action
from controller.ports.engine import Engine, EngineProcess
from tests.contract.engine.engine_worlds import CANARY, RealWorld, wait_for, wait_until_noted

ROOT = Path(__file__).resolve().parents[3]

Make = Callable[..., Awaitable[Engine]]


async def process_of(engine: Engine, world: RealWorld, name: str = "probe") -> EngineProcess:
    told: list[EngineProcess] = []

    async def note(process: EngineProcess) -> None:
        told.append(process)

    directory = world.write(name)
    await engine.init(directory)
    await engine.plan(directory)
    await engine.apply(directory, on_process=note)
    return told[0]


async def test_the_environment_is_not_inherited(
    real: RealWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_VAR_size", "77")
    monkeypatch.setenv("TRUEUP_CANARY", CANARY)
    directory = real.write_slow("a", "env > seen;")
    (directory / "go").touch()
    await real.engine.init(directory)
    await real.engine.plan(directory)
    await real.engine.apply(directory)
    seen = (directory / "seen").read_text()
    assert "TRUEUP_CANARY" not in seen
    assert "TF_VAR_" not in seen
    assert f"HOME={real.root.parent / 'home'}" in seen


async def test_a_plan_works_after_the_process_was_killed(real: RealWorld) -> None:
    directory = real.write_slow("a")
    await real.engine.init(directory)
    await real.engine.plan(directory)

    async def kill(process: EngineProcess) -> None:
        told.append(process)

    told: list[EngineProcess] = []
    task = asyncio.ensure_future(real.engine.apply(directory, on_process=kill))
    await wait_for(directory / "started")
    await wait_until_noted(directory, "terraform_data.slow")
    os.kill(told[0].pid, signal.SIGKILL)
    with pytest.raises(EngineFailed, match=str(told[0].pid)):
        await task
    (directory / "go").touch()
    assert await real.engine.lock_holder(directory) is None
    with pytest.raises(EngineFailed, match=r"`terraform_data\.slow` was begun"):  # told once
        await real.engine.plan(directory)
    plan = await real.engine.plan(directory)
    assert "terraform_data.unit" not in [change.address for change in plan.changes]
    await real.engine.apply(directory)
    assert (await real.engine.plan(directory)).changes == ()


async def test_the_note_of_a_dead_lock_can_be_taken_away(real: RealWorld) -> None:
    directory = real.write("a")
    (directory / ".terraform.tfstate.lock.info").write_text('{"ID": "dead", "Who": "nobody"}')
    assert await real.engine.lock_holder(directory) is None
    with pytest.raises(EngineRefused):
        await real.engine.force_unlock(directory, "another")
    await real.engine.force_unlock(directory, "dead")
    assert not (directory / ".terraform.tfstate.lock.info").exists()


async def test_a_state_that_could_not_be_written_is_brought_home(real: RealWorld) -> None:
    directory = real.write("a")
    await real.engine.init(directory)
    await real.engine.plan(directory)
    await real.engine.apply(directory)
    document = json.loads((directory / "terraform.tfstate").read_text())
    document["serial"] += 1
    document["outputs"]["size"]["value"] = 7
    (directory / "errored.tfstate").write_text(json.dumps(document))
    await real.engine.plan(directory)
    state = await real.engine.state(directory)
    assert state is not None
    assert state.outputs["size"] == 7
    assert not (directory / "errored.tfstate").exists()
    document["lineage"] = "of-another-unit"
    (directory / "errored.tfstate").write_text(json.dumps(document))
    with pytest.raises(EngineFailed, match="lineage"):
        await real.engine.plan(directory)
    assert (directory / "errored.tfstate").exists()


async def test_earlier_states_are_kept_by_serial(real: RealWorld) -> None:
    directory = real.write("a")
    await real.engine.init(directory)
    for size in range(3):
        real.write("a", size)
        await real.engine.plan(directory)
        await real.engine.apply(directory)
    kept = sorted((directory / ".trueup" / "states").iterdir())
    assert len(kept) == 3
    assert [json.loads(path.read_text())["serial"] for path in kept] == [
        int(path.name.removesuffix(".tfstate")) for path in kept
    ]
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}


async def test_a_replacement_says_why(real: RealWorld) -> None:
    directory = real.write("a")
    document = json.loads((directory / "main.tf.json").read_text())
    document["resource"]["terraform_data"]["unit"]["triggers_replace"] = "${var.size}"
    for size in (1, 2):
        (directory / "main.tf.json").write_text(json.dumps(document))
        (directory / "terraform.tfvars.json").write_text(
            json.dumps({"size": size, "token": CANARY})
        )
        await real.engine.init(directory)
        plan = await real.engine.plan(directory)
        if size == 1:
            await real.engine.apply(directory)
    assert [(change.action, change.reason) for change in plan.changes] == [
        (Action.REPLACE, "replace because cannot update")
    ]
    assert CANARY not in repr(plan)


async def test_a_listener_that_fails_does_not_stop_an_apply(real: RealWorld) -> None:
    directory = real.write("a")
    await real.engine.init(directory)
    await real.engine.plan(directory)

    def listen(_message: str) -> None:
        raise RuntimeError("nobody listens")

    with pytest.raises(RuntimeError, match="nobody"):
        await real.engine.apply(directory, on_progress=listen)
    assert (await real.engine.plan(directory)).changes == ()


async def test_a_worker_that_died_idle_is_replaced(embedded_with: Make, tmp_path: Path) -> None:
    engine = await embedded_with(size=1)
    world = RealWorld(engine, tmp_path / "units")
    first = await process_of(engine, world)
    worker = psutil.Process(first.pid)
    worker.kill()
    worker.wait(10)
    await asyncio.sleep(0.1)
    second = await process_of(engine, world, "again")
    assert second.pid != first.pid


async def test_a_worker_is_renewed_after_its_runs(embedded_with: Make, tmp_path: Path) -> None:
    engine = await embedded_with(size=1, runs_per_worker=4)
    world = RealWorld(engine, tmp_path / "units")
    first = await process_of(engine, world)
    second = await process_of(engine, world, "again")
    assert first.pid != second.pid
    assert not psutil.pid_exists(first.pid)
    assert [log.name for log in (tmp_path / "home").glob("worker-*.log")] == ["worker-2.log"]


async def test_an_idle_worker_uses_no_processor(embedded_with: Make, tmp_path: Path) -> None:
    engine = await embedded_with(size=1)
    process = psutil.Process((await process_of(engine, RealWorld(engine, tmp_path / "u"))).pid)
    before = sum(process.cpu_times()[:2])
    await asyncio.sleep(1.5)
    assert sum(process.cpu_times()[:2]) - before < 0.1


async def test_closing_ends_every_worker(environment: dict[str, str], tmp_path: Path) -> None:
    engine = await connect(environment, size=1)
    worker = psutil.Process((await process_of(engine, RealWorld(engine, tmp_path / "u"))).pid)
    await engine.close()
    assert not worker.is_running()
    with pytest.raises(EngineFailed, match="closed"):
        await engine.validate(tmp_path)


CONTROLLER = """
import asyncio, pathlib, sys
from controller.adapters.engine import command, embedded

async def main(kind, environment, directory):
    if kind == "embedded":
        engine = await embedded.connect(environment, size=1)
    else:
        engine = await command.connect(kind, environment)
    async def note(process):
        (directory / "pid").write_text(f"{process.pid}")
    await engine.apply(directory, on_process=note)

environment = {key: value for key, value in (pair.split("=", 1) for pair in sys.argv[3:])}
asyncio.run(main(sys.argv[1], environment, pathlib.Path(sys.argv[2])))
"""


async def test_the_engine_saves_its_state_when_the_controller_is_killed(
    real: RealWorld, environment: dict[str, str]
) -> None:
    directory = real.write_slow("a")
    await real.engine.init(directory)
    await real.engine.plan(directory)
    controller = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CONTROLLER, real.engine.version.name, str(directory)),
        *(f"{key}={value}" for key, value in environment.items()),
        cwd=ROOT,
    )
    await wait_for(directory / "started")
    worker = psutil.Process(int((directory / "pid").read_text()))
    controller.kill()
    await controller.wait()
    async with asyncio.timeout(120):
        while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        # A leader may be dead while its threads still close files.
        while await real.engine.lock_holder(directory) is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    (directory / "go").touch()
    state = await real.engine.state(directory)
    assert state is not None
    assert "terraform_data.unit" in state.resources
    await real.engine.plan(directory)
    await real.engine.apply(directory)


async def test_a_binary_that_is_missing_or_too_old_is_refused(tmp_path: Path) -> None:
    environment = build_environment(tmp_path / "home", path=f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(EngineRefused, match="there is no `tofu-0`"):
        await command.connect("tofu-0", environment)
    for name, text, said in (
        ("ancient", "Terraform v1.2.9", "at least terraform 1.5"),
        ("imposter", "hello", "is not Terraform"),
    ):
        binary = tmp_path / name
        binary.write_text(f"#!/bin/sh\necho '{text}'\n")
        binary.chmod(0o700)
        with pytest.raises(EngineRefused, match=said):
            await command.connect(name, environment)


async def test_a_state_that_lies_elsewhere_is_asked_for(real: RealWorld) -> None:
    directory = real.write("a")
    elsewhere = {"terraform": {"backend": {"local": {"path": "elsewhere/state"}}}}
    (directory / "backend.tf.json").write_text(json.dumps(elsewhere))
    await real.engine.init(directory)
    assert await real.engine.state(directory) is None
    await real.engine.plan(directory)
    await real.engine.apply(directory)
    state = await real.engine.state(directory)
    assert state is not None
    assert state.outputs == {"size": 1}
    assert (directory / "elsewhere" / "state").is_file()
    assert not (directory / "terraform.tfstate").exists()
    assert (await real.engine.plan(directory)).changes == ()


async def test_a_plan_of_large_values_is_read(real: RealWorld) -> None:
    directory = real.write("a")
    main = json.loads((directory / "main.tf.json").read_text())
    main["variable"]["large"] = {"type": "string"}
    main["resource"]["terraform_data"]["large"] = {"input": "${var.large}"}
    (directory / "main.tf.json").write_text(json.dumps(main))
    values = {"size": 1, "token": CANARY, "large": 'é\n"\0'[:3] * 250_000}
    (directory / "terraform.tfvars.json").write_text(json.dumps(values))
    await real.engine.init(directory)
    plan = await real.engine.plan(directory)
    assert len(plan.changes) == 2
    assert len(repr(plan)) < 5000


async def test_an_output_that_holds_something_sensitive_is_kept_back(real: RealWorld) -> None:
    directory = real.write("a")
    module = directory / "module"
    module.mkdir()

    def write(text: str) -> None:
        (module / "main.tf").write_text(text)
        main = json.loads((directory / "main.tf.json").read_text())
        main["module"] = {"unit": {"source": "./module"}}
        main["output"] |= {name: {"value": f"${{module.unit.{name}}}"} for name in ("key", "all")}
        (directory / "main.tf.json").write_text(json.dumps(main, indent=2))

    write(
        'resource "terraform_data" "this" {\n  input = "made"\n}\n'
        f'output "key" {{\n  value = sensitive("{CANARY}")\n}}\n'
        f'output "all" {{\n  value = [sensitive("{CANARY}"), terraform_data.this.id]\n}}\n'
    )
    await real.engine.init(directory)
    await real.engine.validate(directory)
    plan = await real.engine.plan(directory)
    assert CANARY not in repr(plan) + plan.document.text()
    await real.engine.apply(directory)
    state = await real.engine.state(directory)
    assert state is not None
    assert state.outputs == {"size": 1}
    assert state.sensitive_outputs == ("all", "key", "token")
    assert CANARY not in repr(state)
    assert (await real.engine.plan(directory)).changes == ()
    assert await real.engine.refresh(directory) == EngineLook()
    write('output "key" {\n  value = "open"\n}\noutput "all" {\n  value = ["open"]\n}\n')
    await real.engine.init(directory)
    assert (await real.engine.plan(directory)).outputs_change
    await real.engine.apply(directory)
    state = await real.engine.state(directory)
    assert state is not None
    assert state.outputs == {"size": 1, "key": "open", "all": ["open"]}
