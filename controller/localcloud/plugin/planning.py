"""From what was, what is asked for and what the configuration says: what will be.

Pure functions. Terraform proposes a new state; it knows neither our defaults nor which computed
values outlive a change, so both are decided here.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from controller.localcloud.plugin.schema import NO_DEFAULT, Attribute, Schema
from controller.localcloud.plugin.values import UNKNOWN

State = dict[str, Any]
Path = tuple[str, ...]


def propose(schema: Schema, prior: State | None, proposed: State, config: State) -> State:
    """Give the planned state: defaults filled in, computed values kept or unknown."""
    planned = schema.complete(proposed)
    for attribute in schema.attributes:
        planned[attribute.name] = _with_default(
            attribute, config.get(attribute.name), planned[attribute.name]
        )
    changed = prior is None or any(
        planned[each.name] != prior.get(each.name)
        for each in schema.attributes
        if not each.is_only_computed
    )
    for attribute in schema.attributes:
        if attribute.computed and config.get(attribute.name) is None:
            previous = None if prior is None else prior.get(attribute.name)
            is_kept = prior is not None and (attribute.keep or not changed)
            planned[attribute.name] = previous if is_kept else UNKNOWN
    return planned


def replacing_paths(schema: Schema, prior: State, planned: State) -> list[Path]:
    """List the attributes whose change needs a new object."""
    return [
        (each.name,)
        for each in schema.attributes
        if each.force_new and planned[each.name] != prior.get(each.name)
    ]


def problems(schema: Schema, config: State) -> Iterator[tuple[Path, str]]:
    """Give what is wrong with a configuration, with the attribute it is wrong at."""
    for attribute in schema.attributes:
        yield from _problems_of(attribute, config.get(attribute.name), ())


def _problems_of(attribute: Attribute, value: Any, parent: Path) -> Iterator[tuple[Path, str]]:
    path = (*parent, attribute.name)
    if value is UNKNOWN or value is None:
        return
    if attribute.is_only_computed:
        yield path, f"`{attribute.name}` is decided by the local cloud and cannot be set"
        return
    if attribute.members and isinstance(value, dict):
        for member in attribute.members:
            yield from _problems_of(member, value.get(member.name), path)
    if attribute.check is not None:
        complaint = attribute.check(value)
        if complaint is not None:
            yield path, complaint


def _with_default(attribute: Attribute, config: Any, planned: Any) -> Any:
    if attribute.members:
        if config is UNKNOWN:
            return UNKNOWN
        given = config or {}
        return {
            each.name: _with_default(each, given.get(each.name), given.get(each.name))
            for each in attribute.members
        }
    if config is None and attribute.default is not NO_DEFAULT:
        return copy.deepcopy(attribute.default)
    return planned
