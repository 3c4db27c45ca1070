"""Engines that have loaded the providers of the stacks before the first commit of a life comes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import structlog

from controller.diagnostics.errors import TrueupError
from controller.model.catalog import Catalog
from controller.ports.engine import Engine
from controller.workflows.catalogs import Catalogs
from controller.workflows.world import World
from schemas.kinds.environment import Environment

Providers = Mapping[str, tuple[str, str]]

_log = structlog.get_logger(__name__)


@dataclass
class EnginesReady:
    """Knows what each engine was told to load in this life."""

    world: World
    catalogs: Catalogs
    _told: list[tuple[Engine, Providers]] = field(default_factory=list)

    async def follow(self) -> None:
        """Have engines load what stacks at the head may need, once in a life.

        What cannot be had is no fault of anybody yet: the plan that needs it says so.
        """
        head = self.catalogs.head
        for environment, providers in _used(head.catalog) if head else ():
            try:
                engine = await self.world.engine(environment.spec.engine, environment.metadata.name)
                if (engine, providers) in self._told:
                    continue
                self._told.append((engine, providers))
                await engine.get_ready(providers)
            except TrueupError as error:
                _log.info("an engine is not ready yet", error=str(error))


def _used(catalog: Catalog) -> Iterator[tuple[Environment, Providers]]:
    """Give each environment that is worked in, with the providers of modules that fit it."""
    wanted = {
        tuple(sorted(module.providers.items()))
        for module in catalog.modules.values()
        if module.providers
    }
    for environment in catalog.all(Environment):
        configured = {name.partition(".")[0] for name in environment.spec.providers}
        for providers in sorted(wanted):
            if not environment.spec.suspended and {name for name, _ in providers} <= configured:
                yield environment, dict(providers)
