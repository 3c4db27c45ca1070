"""The rules that hold for a unit, and what Exceptions allow it for now."""

from collections.abc import Iterator, Mapping
from datetime import date

from controller.model.allowance import Allowance
from controller.model.catalog import Catalog
from controller.model.names import UnitName
from controller.model.rego_files import rego_files
from controller.model.snapshot import Snapshot
from controller.ports.policy_engine import PolicyModules
from controller.steps.policy.traits import PolicyRule, RegoRule
from schemas.kinds.exception import AllowedFinding
from schemas.kinds.policy import Policy
from schemas.rules import SHIPPED

SHIPPED_FOLDER = "policies/"
LIBRARY = "policies/library.rego"


def rules_for(catalog: Catalog, unit: UnitName) -> tuple[PolicyRule, ...]:
    """Give the rules about whole plans that hold in the unit's environment."""
    return tuple(
        PolicyRule(rule=rule.rule, level=rule.level, limit=rule.limit)
        for policy in _policies(catalog, unit)
        for rule in policy.spec.rules
        if rule.rule not in SHIPPED
    )


def rego_for(
    catalog: Catalog, unit: UnitName, head: Snapshot, shipped: Mapping[str, bytes]
) -> tuple[RegoRule, ...]:
    """Give the rules in Rego that hold there: of ours, and of the repository as it is at the head.

    A file that is not there any more leaves a rule without files, which cannot be asked.
    """
    found = []
    for policy in _policies(catalog, unit):
        for rule in policy.spec.rules:
            if rule.rule in SHIPPED:
                names = (LIBRARY, f"{SHIPPED_FOLDER}{rule.rule}.rego")
                files = {name: shipped[name].decode() for name in names}
                found.append(RegoRule(rule.level, PolicyModules(rule.rule, files, rule.parameters)))
        for rego in policy.spec.rego:
            files = {
                name: head.read(name).decode(errors="replace")
                for name in rego_files(head.files, rego.path)
            }
            found.append(RegoRule(rego.level, PolicyModules(rego.path, files, rego.parameters)))
    return tuple(found)


def allowances(catalog: Catalog, unit: UnitName, today: date) -> tuple[Allowance, ...]:
    """Give what is allowed to the unit today; of several exceptions the one that holds longest."""
    document = f"Stack/{unit.stack}"
    fitting = [
        each
        for each in catalog.all(AllowedFinding)
        if each.spec.rule is not None
        and not each.has_expired(today)
        and each.covers(product=unit.product, document=document, environment=unit.environment)
    ]
    fitting.sort(key=lambda each: (each.spec.expires, each.metadata.name), reverse=True)
    return tuple(
        Allowance(each.metadata.name, str(each.spec.rule), each.spec.where.addresses)
        for each in fitting
    )


def _policies(catalog: Catalog, unit: UnitName) -> Iterator[Policy]:
    for policy in catalog.all(Policy):
        if unit.environment in policy.spec.environments:
            yield policy
