"""A LoadTest document → the order for the load generator, and the objectives of the gate."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from controller.diagnostics.errors import DependencyNotReady, Stalled
from controller.model.names import SecretName, StageName, UnitName
from controller.ports.load_generator import Abort, LoadOrder, LoadStage
from controller.steps.gate.judge import Score
from controller.steps.gate.objectives import Objective
from controller.workflows.catalogs import Loaded
from controller.workflows.parts import Parts
from schemas.kinds.load_test import LoadTest, LoadTestSpec
from schemas.objectives import Objective as ObjectiveDocument
from schemas.objectives import PrometheusQuery
from schemas.objectives import Score as ScoreDocument
from schemas.references import FromOutput, FromSecret

FEWEST_USERS = 10


@dataclass(frozen=True)
class Watched:
    """A query that is asked over the steady part of each run."""

    name: str
    url: str
    query: PrometheusQuery


@dataclass(frozen=True)
class Asked:
    """All that one gate asks for."""

    order: LoadOrder
    objectives: tuple[Objective, ...]
    watched: tuple[Watched, ...]
    load: str
    """What is comparable, as a digest: runs of another load are no baseline."""


async def ask(
    parts: Parts,
    stage: StageName,
    load_test: LoadTest,
    at: Loaded,
    steps: tuple[LoadStage, ...] = (),
) -> Asked:
    """Put the order together; the steps are those of its profile.

    Raises DependencyNotReady while an output is not there.
    """
    order = await _order(parts, stage, load_test, at, steps)
    watched = [
        Watched(title_of(o), await _text(parts, stage, o.prometheus.url), o.prometheus)
        for o in load_test.spec.objectives
        if o.prometheus is not None
    ]
    objectives = tuple(read_objective(o) for o in load_test.spec.objectives)
    return Asked(order, objectives, tuple(watched), load_digest(order))


async def _order(
    parts: Parts,
    stage: StageName,
    load_test: LoadTest,
    at: Loaded,
    steps: tuple[LoadStage, ...],
) -> LoadOrder:
    spec = load_test.spec
    steps = steps or tuple(LoadStage(one.rate, one.for_.total_seconds()) for one in spec.stages)
    steady = sum(step.seconds for step in steps) or spec.steady_time.total_seconds()
    _refuse_over_budget(load_test, steady)
    users, rate = _users_and_rate(spec, steps, steady)
    script = parts.catalogs.load_test_file(at.snapshot, spec.file)
    abort = spec.abort_on
    return LoadOrder(
        load_test=load_test.metadata.name,
        script=script,
        target=await _text(parts, stage, spec.target),
        users=users,
        rate=rate,
        warm_up=spec.warm_up.total_seconds(),
        steady=steady,
        environment=await _texts(parts, stage, spec.env),
        is_open=spec.arrival is not None or spec.profile is not None,
        stages=steps,
        mix=spec.mix,
        files={path: parts.catalogs.load_test_file(at.snapshot, path) for path in spec.data},
        abort=Abort(abort.error_rate.value, abort.for_.total_seconds()) if abort else None,
        most_requests=spec.budgets.requests if spec.budgets else None,
        workers=spec.processes,
        are_elsewhere=spec.expect_workers is not None,
    )


def _refuse_over_budget(load_test: LoadTest, steady: float) -> None:
    """Refuse what a profile makes longer than it may be; of the rest the document is the proof."""
    spec = load_test.spec
    longest = spec.budgets.time if spec.budgets else None
    takes = spec.warm_up.total_seconds() + steady
    if longest is not None and takes > longest.total_seconds():
        raise Stalled.because(
            f"a run of `{load_test.metadata.name}` would take {takes:g} s,"
            f" and `budgets` allows {longest.total_seconds():g} s",
            hint="shorten the LoadProfile, or raise `budgets.time`",
            code="gate/order-wrong",
        )


def _users_and_rate(
    spec: LoadTestSpec, steps: tuple[LoadStage, ...], steady: float
) -> tuple[int, float]:
    """Give the users and the rate; of steps, the rate in the middle."""
    if spec.arrival is None and not steps:
        return spec.users or 1, spec.rate or 1.0
    rate = peak = spec.arrival.rate if spec.arrival else 0.0
    if steps:
        rate = sum(step.rate * step.seconds for step in steps) / steady
        peak = max(step.rate for step in steps)
    most = spec.arrival.most_users if spec.arrival else None
    return most or max(FEWEST_USERS, spec.processes, math.ceil(2 * peak)), rate


def load_digest(order: LoadOrder) -> str:
    """Digest what makes two runs comparable; not where the target is, nor where secrets lie."""
    told: list[object] = [order.users, order.rate, order.warm_up, order.steady]
    if order.is_open or order.mix or order.files:
        told += [
            order.is_open,
            [(stage.rate, stage.seconds) for stage in order.stages],
            sorted(order.mix.items()),
            sorted((p, hashlib.sha256(content).hexdigest()) for p, content in order.files.items()),
        ]
    content = json.dumps(told).encode() + b"\0" + order.script
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


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


def title_of(objective: ObjectiveDocument) -> str:
    """Name what an objective observes; empty where its measure says it."""
    if objective.name:
        return objective.name
    return objective.prometheus.query if objective.prometheus else ""


def read_objective(objective: ObjectiveDocument) -> Objective:
    """Read an objective of a document."""
    satisfied = objective.satisfied.total_seconds() * 1000 if objective.satisfied else 0.0
    return Objective(
        objective.measure or "prometheus",
        objective.pass_,
        objective.warning or (),
        objective.endpoint,
        satisfied=satisfied,
        weight=objective.weight,
        key=objective.key,
        name=title_of(objective),
    )


def score_of(score: ScoreDocument | None) -> Score | None:
    """Read the wanted score."""
    return Score(score.pass_, score.warning) if score else None
