"""Run the gates of a stage against what lives there, and judge what was measured."""

from collections.abc import Mapping
from dataclasses import replace

from pydantic import TypeAdapter

from controller.diagnostics.errors import DependencyNotReady, Stalled
from controller.model.measurement import GateResult, GateRuling, Measurement
from controller.model.names import SecretName, StageName, UnitName
from controller.model.status import StageStatus
from controller.ports.load_generator import LoadOrder
from controller.steps import gate as gate_step
from controller.workflows import keys
from controller.workflows.catalogs import Loaded
from controller.workflows.parts import Parts
from schemas.kinds.load_test import LoadTest
from schemas.references import FromOutput, FromSecret

_MEASUREMENT = TypeAdapter(Measurement)
_RESULT = TypeAdapter(GateResult)


async def run_gates(
    parts: Parts, status: StageStatus, names: tuple[str, ...], at: Loaded
) -> StageStatus:
    """Run the gates that have no answer for the stage's release here yet.

    An answer that proves nothing is asked for again, a few times; it never lets a release through.
    """
    results: list[GateResult] = []
    for name in names:
        fact = f"gate/{status.name}/{status.release}/{name}"
        known = await parts.world.ledger.fact(fact)
        found = _RESULT.validate_json(known) if known else None
        if found is None:
            found = await _run(parts, status, name, at)
            if _is_an_answer(found):
                await parts.world.ledger.set_fact(fact, _RESULT.dump_json(found).decode())
        results.append(found)
        status = await parts.recording.stage(replace(status, gates=tuple(results)))
    return status


def _is_an_answer(result: GateResult) -> bool:
    return result.ruling not in {GateRuling.INVALID, GateRuling.UNKNOWN}


async def _run(parts: Parts, status: StageStatus, name: str, at: Loaded) -> GateResult:
    load_test = at.catalog.find(LoadTest, name, status.name.product)
    if load_test is None or status.release is None:
        raise Stalled.because(
            f"the release at `{status.name}` has no load test `{name}`",
            hint="add the LoadTest, or take the gate out of the Pipeline",
        )
    order = await _order(parts, status.name, load_test, at)
    results: list[GateResult] = []
    settled = None
    while settled is None:
        async with (
            parts.journal.run(keys.stage_key(status.name), str(status.commit)) as run,
            run.step(f"gate {name}") as step,
        ):
            measurement = await parts.world.load_generator.run(order)
            evidence = await parts.world.artifacts.put(_MEASUREMENT.dump_json(measurement))
            result = gate_step.judge(
                name, _objectives(load_test), measurement, status.release, evidence
            )
            step.detail = f"{result.ruling}: {'; '.join(result.reasons)}"
        results.append(result)
        settled = gate_step.settle(results)
    await parts.recording.event(
        keys.stage_key(status.name), f"Gate{settled.ruling.capitalize()}",
        f"{name}: {'; '.join(settled.reasons)}", revision=f"sha1:{status.commit}",
        warning=not settled.ruling.lets_through,
    )  # fmt: skip
    return settled


async def _order(parts: Parts, stage: StageName, load_test: LoadTest, at: Loaded) -> LoadOrder:
    spec = load_test.spec
    return LoadOrder(
        load_test=load_test.metadata.name,
        script=parts.catalogs.load_test_script(at.snapshot, spec.file),
        target=await _text(parts, stage, spec.target),
        users=spec.users,
        rate=spec.rate,
        warm_up=spec.warm_up.total_seconds(),
        steady=spec.steady.total_seconds(),
        environment=await _texts(parts, stage, spec.env),
    )


async def _texts(
    parts: Parts, stage: StageName, given: Mapping[str, str | FromSecret | FromOutput]
) -> dict[str, str]:
    return {key: await _text(parts, stage, value) for key, value in given.items()}


async def _text(parts: Parts, stage: StageName, value: str | FromSecret | FromOutput) -> str:
    if isinstance(value, FromSecret):
        name = SecretName(stage.product, stage.environment, value.secret)
        return parts.world.secret_target.address(name)
    if isinstance(value, FromOutput):
        unit = UnitName(stage.product, stage.environment, value.stack)
        status = await parts.world.ledger.unit(unit)
        if status is None or status.outcome is None or value.output not in status.outcome.outputs:
            raise DependencyNotReady.because(f"waits for output `{value.output}` of `{unit}`")
        return str(status.outcome.outputs[value.output])
    return value


def _objectives(load_test: LoadTest) -> tuple[gate_step.Objective, ...]:
    return tuple(
        gate_step.Objective(o.measure, o.pass_, o.warning, o.endpoint)
        for o in load_test.spec.objectives
    )
