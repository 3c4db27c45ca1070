"""What there is of a product, and what hangs on what: as `trueup tree` shows it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SecretNode:
    """A secret that a unit waits for."""

    secret: str
    ready: bool
    made_from: tuple[str, ...] = ()
    """Units whose outputs it is made from: they come first, too."""


@dataclass(frozen=True, slots=True)
class UnitNode:
    """A unit of a stage, with what it needs first."""

    unit: str
    ready: str
    """`True`, `False` or `Unknown`."""
    message: str
    module: str = ""
    """Empty where nobody wants the unit any more: then it goes."""
    needs: tuple[str, ...] = ()
    """Units that come before it."""
    secrets: tuple[SecretNode, ...] = ()


@dataclass(frozen=True, slots=True)
class StageNode:
    """A stage with its units, those that are needed first."""

    stage: str
    health: str
    commit: str
    after: tuple[str, ...]
    """Environments that a release has to pass before."""
    waiting_for: str
    units: tuple[UnitNode, ...]


@dataclass(frozen=True, slots=True)
class ProductNode:
    """A product with its stages, in the order of its pipeline."""

    product: str
    title: str
    owner: str
    stages: tuple[StageNode, ...]
