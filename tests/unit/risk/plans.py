"""Plans as Terraform shows them, from a few words."""

from typing import Any

from controller.model.names import Commit, Digest, UnitName
from controller.model.plan import Plan, PlanBinding
from controller.model.plan_document import PlanDocument

EMPTY = Digest("sha256:0")
UNIT = UnitName("shop", "dev", "api")


def entry(
    address: str,
    *actions: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    unknown: Any = None,
) -> dict[str, Any]:
    """Give one resource; without values a delete or replace has an empty one."""
    if before is None and "create" not in actions[:1]:
        before = {}
    if after is None and actions != ("delete",):
        after = {}
    change = {"actions": list(actions), "before": before, "after": after}
    return {
        "address": address,
        "mode": "managed",
        "type": address.rpartition("module.")[2].split(".")[-2],
        "name": address.rpartition(".")[2],
        "change": {**change, "after_unknown": {} if unknown is None else unknown},
    }


def plan_of(*entries: dict[str, Any], provisional: tuple[str, ...] = ()) -> Plan:
    return Plan(
        unit=UNIT,
        digest=Digest("sha256:plan"),
        binding=PlanBinding(Commit("c"), EMPTY, EMPTY, EMPTY, "memory 1", "", 0),
        changes=(),
        drift=(),
        outputs_change=False,
        provisional=provisional,
        document=PlanDocument.of({"format_version": "1.2", "resource_changes": list(entries)}),
    )
