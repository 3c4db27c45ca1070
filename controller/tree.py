"""What there is of a product: stages, their units in the order of their needs, their secrets."""

from collections.abc import Mapping, Sequence

from controller.lookup import not_there
from controller.model.condition import ConditionType
from controller.model.graph import Graph
from controller.model.names import SecretName, StageName, UnitName
from controller.model.status import SecretStatus, UnitStatus
from controller.model.tree_view import ProductNode, SecretNode, StageNode, UnitNode
from controller.model.view import ProductView, StageView
from controller.workflows.parts import Parts


async def tree_of(
    parts: Parts, products: Sequence[ProductView], product: str = ""
) -> Sequence[ProductNode]:
    """Give one product of those that are shown, or all of them.

    Raises NotFound when none is called so, Stalled or Waiting when a release cannot be read.
    """
    shown = [each for each in products if product in {"", each.product}]
    if product and not shown:
        raise not_there("product", product, (each.product for each in products), "trueup tree")
    secrets = {status.name: status for status in await parts.world.ledger.secrets()}
    return [
        ProductNode(
            each.product,
            each.title,
            each.owner,
            tuple([await _stage(parts, stage, secrets) for stage in each.stages]),
        )
        for each in shown
    ]


async def _stage(
    parts: Parts, shown: StageView, secrets: Mapping[SecretName, SecretStatus]
) -> StageNode:
    name = StageName.parse(shown.name)
    graph = (await parts.units.target(name)).graph
    known = {status.name: status for status in await parts.world.ledger.units(name)}
    ordered = [unit for wave in graph.waves(name) for unit in wave]
    gone = sorted(known.keys() - set(ordered))
    return StageNode(
        stage=shown.name,
        health=shown.health,
        commit=shown.commit,
        after=tuple(parts.catalogs.pipeline_stage(name).after),
        waiting_for=shown.waiting_for,
        units=tuple(_unit(graph, each, known, secrets) for each in (*ordered, *gone)),
    )


def _unit(
    graph: Graph,
    name: UnitName,
    known: Mapping[UnitName, UnitStatus],
    secrets: Mapping[SecretName, SecretStatus],
) -> UnitNode:
    status, unit = known.get(name), graph.units.get(name)
    ready = status.condition(ConditionType.READY) if status else None
    truth, message = (str(ready.status), ready.message) if ready else ("Unknown", "not begun")
    if unit is None:
        return UnitNode(str(name), truth, "nobody wants it any more: it goes")
    return UnitNode(
        unit=str(name),
        ready=truth,
        message=message,
        module=unit.stack.spec.module,
        needs=tuple(map(str, unit.needs_units)),
        secrets=tuple(_secret(graph, each, secrets.get(each)) for each in unit.needs_secrets),
    )


def _secret(graph: Graph, name: SecretName, status: SecretStatus | None) -> SecretNode:
    sources = sorted({str(unit) for unit, _ in graph.secret_reads.get(name, ())})
    return SecretNode(str(name), status is not None and status.ready, tuple(sources))
