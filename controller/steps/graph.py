"""Catalog → graph: a unit for each usable stack in each environment of its product."""

from collections.abc import Iterator, Mapping

from controller.model.catalog import Catalog
from controller.model.graph import Graph, Unit
from controller.model.names import SecretName, UnitName
from schemas.kinds.environment import Environment
from schemas.kinds.product import Product
from schemas.kinds.secret import Secret
from schemas.kinds.stack import Stack
from schemas.references import FromOutput, FromSecret, references_in

Reads = tuple[tuple[UnitName, str], ...]


def graph(catalog: Catalog) -> Graph:
    """Give the units, in the order of their names, each with what comes before it.

    What is broken, or needs an environment that is, has no unit. Raises nothing: `load` has
    refused circles.
    """
    secret_reads = dict(sorted(_secret_reads(catalog)))
    units = {
        name: _unit(name, stack, secret_reads)
        for stack in catalog.all(Stack)
        for name in _names(catalog, stack)
    }
    return Graph(units={name: units[name] for name in sorted(units)}, secret_reads=secret_reads)


def _environments(catalog: Catalog, product: str) -> tuple[str, ...]:
    found = catalog.find(Product, product)
    return tuple(
        name
        for name in (found.spec.environments if found else ())
        if catalog.find(Environment, name) is not None
    )


def _names(catalog: Catalog, stack: Stack) -> Iterator[UnitName]:
    product = stack.metadata.product
    for environment in _environments(catalog, product):
        yield UnitName(product, environment, stack.metadata.name)


def _secret_reads(catalog: Catalog) -> Iterator[tuple[SecretName, Reads]]:
    for secret in catalog.all(Secret):
        product = secret.metadata.product
        outputs = (
            [found for _, found in secret.spec.generate.outputs()] if secret.spec.generate else []
        )
        for environment in _environments(catalog, product):
            name = SecretName(product, environment, secret.metadata.name)
            reads = {(UnitName(product, environment, out.stack), out.output) for out in outputs}
            yield name, tuple(sorted(reads))


def _unit(name: UnitName, stack: Stack, secret_reads: Mapping[SecretName, Reads]) -> Unit:
    inputs = stack.inputs_in(name.environment)
    reads: set[tuple[UnitName, str]] = set()
    secrets: set[SecretName] = set()
    for _, found in references_in(inputs):
        if isinstance(found, FromOutput):
            reads.add((UnitName(name.product, name.environment, found.stack), found.output))
        elif isinstance(found, FromSecret):
            secrets.add(SecretName(name.product, name.environment, found.secret))
    needed = {UnitName(name.product, name.environment, other) for other in stack.spec.depends_on}
    needed |= {unit for unit, _ in reads}
    for secret in secrets:
        needed |= {unit for unit, _ in secret_reads.get(secret, ())}
    return Unit(
        name=name,
        stack=stack,
        inputs=inputs,
        needs_units=tuple(sorted(needed)),
        needs_secrets=tuple(sorted(secrets)),
        reads=tuple(sorted(reads)),
    )
