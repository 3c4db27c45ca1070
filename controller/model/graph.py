"""Catalog → graph: the units, and which comes before which."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from controller.model.names import SecretName, StageName, UnitName
from schemas.kinds.stack import Stack


@dataclass(frozen=True)
class Unit:
    """A stack in one environment, with the inputs that hold there."""

    name: UnitName
    stack: Stack
    inputs: Mapping[str, object]
    """The stack's inputs with the environment's own laid over; references are still references."""
    needs_units: tuple[UnitName, ...]
    needs_secrets: tuple[SecretName, ...]
    reads: tuple[tuple[UnitName, str], ...]
    """Outputs of other units that the inputs refer to."""


@dataclass(frozen=True)
class Graph:
    """The units of one catalog; `secret_reads` are the outputs that secrets are made from."""

    units: Mapping[UnitName, Unit]
    secret_reads: Mapping[SecretName, tuple[tuple[UnitName, str], ...]]

    def of_stage(self, stage: StageName) -> tuple[Unit, ...]:
        """Give the units of one stage, by name."""
        return self._stages.get(stage, ())

    def dependents(self, name: UnitName) -> tuple[UnitName, ...]:
        """Give the units that directly need `name`."""
        return self._needed_by.get(name, ())

    @cached_property
    def _stages(self) -> Mapping[StageName, tuple[Unit, ...]]:
        found: dict[StageName, list[Unit]] = {}
        for name in sorted(self.units):
            found.setdefault(name.stage, []).append(self.units[name])
        return {stage: tuple(units) for stage, units in found.items()}

    @cached_property
    def _needed_by(self) -> Mapping[UnitName, tuple[UnitName, ...]]:
        found: dict[UnitName, list[UnitName]] = {}
        for name in sorted(self.units):
            for needed in self.units[name].needs_units:
                found.setdefault(needed, []).append(name)
        return {name: tuple(units) for name, units in found.items()}

    def all_dependents(self, name: UnitName) -> tuple[UnitName, ...]:
        """Give the units that need `name`, directly or by way of others."""
        needed_by: dict[UnitName, list[UnitName]] = {}
        for unit in self.units.values():
            for need in unit.needs_units:
                needed_by.setdefault(need, []).append(unit.name)
        found: set[UnitName] = set()
        queue = [name]
        for each in queue:
            new = [other for other in needed_by.get(each, ()) if other not in found]
            found.update(new)
            queue.extend(new)
        return tuple(sorted(found - {name}))

    def waves(self, stage: StageName) -> Iterator[tuple[UnitName, ...]]:
        """Give the units of a stage in waves: each needs only units of earlier waves."""
        left = {unit.name: set(unit.needs_units) for unit in self.of_stage(stage)}
        while left:
            wave = tuple(sorted(name for name, needs in left.items() if not needs & left.keys()))
            if not wave:
                raise ValueError(f"units of {stage} need each other in a circle")
            yield wave
            for name in wave:
                del left[name]
