"""A LoadTest document → the order for the load generator, and the objectives of the gate."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from controller.diagnostics.errors import DependencyNotReady
from controller.model.names import SecretName, StageName, UnitName
from controller.ports.load_generator import LoadOrder
from controller.steps.gate.judge import Score
from controller.steps.gate.objectives import Objective
from controller.workflows.catalogs import Loaded
from controller.workflows.parts import Parts
from schemas.kinds.load_test import LoadTest
from schemas.objectives import Objective as ObjectiveDocument
from schemas.objectives import PrometheusQuery
from schemas.objectives import Score as ScoreDocument
from schemas.references import FromOutput, FromSecret


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


async def ask(parts: Parts, stage: StageName, load_test: LoadTest, at: Loaded) -> Asked:
    """Put the order together. Raises DependencyNotReady while an output is not there."""
    order = await _order(parts, stage, load_test, at)
    watched = [
        Watched(title_of(o), await _text(parts, stage, o.prometheus.url), o.prometheus)
        for o in load_test.spec.objectives
        if o.prometheus is not None
    ]
    objectives = tuple(read_objective(o) for o in load_test.spec.objectives)
    return Asked(order, objectives, tuple(watched), load_digest(order))


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


def load_digest(order: LoadOrder) -> str:
    """Digest what makes two runs comparable; not where the target is, nor where secrets lie."""
    told = [order.users, order.rate, order.warm_up, order.steady]
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
