"""Which configurations of providers a unit's module gets, and their blocks in the root module."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.model.module import Module
from schemas.kinds.environment import EnvironmentSpec
from schemas.kinds.stack import StackSpec

BUILT_IN = frozenset({"terraform"})
TAGGED_SOURCE = "hashicorp/aws"
_TEMPLATE = re.compile(r"[$%]\{")


class Expression(str):
    """A text of ours that Terraform is to evaluate."""

    __slots__ = ()


def passed_on(module: Module, stack: StackSpec) -> Mapping[str, str]:
    """Give what the module calls each configuration that it wants → what the environment does."""
    wanted = {*module.providers, *module.aliases} - BUILT_IN
    return {name: stack.providers.get(name, name) for name in sorted(wanted)}


def are_inherited(passed: Mapping[str, str]) -> bool:
    """Tell whether Terraform would pass them on like this without being told."""
    return all(name == given and "." not in name for name, given in passed.items())


def is_tagged(source: str) -> bool:
    """Tell whether a provider tags all that it makes, when its configuration says so."""
    return source == TAGGED_SOURCE or source.endswith(f"/{TAGGED_SOURCE}")


@dataclass
class ProviderBlocks:
    """The `provider` section of a root module, made of an environment's literal values."""

    spec: EnvironmentSpec
    tags: Mapping[str, str]
    texts: dict[str, str] = field(default_factory=dict)
    """Variable → a text that looks like a template, which is given through it."""

    def write(self, module: Module, passed: Mapping[str, str]) -> Mapping[str, object]:
        """Give a block for each provider, or several where it has aliases that are used."""
        blocks: dict[str, object] = {}
        for name in sorted(module.providers.keys() & self.spec.providers.keys()):
            blocks[name] = self._block(name, module)
        aliases: dict[str, list[object]] = {}
        for given in sorted(set(passed.values())):
            name, dot, alias = given.partition(".")
            if dot:
                block = {"alias": alias, **self._block(given, module)}
                aliases.setdefault(name, []).append(block)
        for name, more in aliases.items():
            blocks[name] = [blocks[name], *more] if name in blocks else more
        return blocks

    def _block(self, given: str, module: Module) -> dict[str, object]:
        configuration = self.spec.provider(given)
        source, _ = module.providers[given.partition(".")[0]]
        if is_tagged(source):
            configuration = _tagged(configuration, self.tags)
        return {key: self._literal(value) for key, value in configuration.items()}

    def _literal(self, value: object) -> object:
        """Write a value to be taken literally: what looks like a template is a variable."""
        if isinstance(value, Mapping):
            return {str(key): self._literal(inner) for key, inner in value.items()}
        if isinstance(value, (tuple, list)):
            return [self._literal(inner) for inner in value]
        if isinstance(value, Expression):
            return str(value)
        if isinstance(value, str) and _TEMPLATE.search(value):
            name = f"trueup_provider_{len(self.texts)}"
            self.texts[name] = value
            return f"${{var.{name}}}"
        return value


def _tagged(configuration: Mapping[str, object], tags: Mapping[str, str]) -> Mapping[str, object]:
    """Add tags to the configuration of a provider; those that it has itself win."""
    block = configuration.get("default_tags", {})
    if isinstance(block, (tuple, list)) and len(block) == 1:
        block = block[0]
    own = block.get("tags", {}) if isinstance(block, Mapping) else None
    if not isinstance(own, Mapping):
        return configuration  # Terraform says what is wrong with it
    return {**configuration, "default_tags": [{"tags": {**tags, **own}}]}
