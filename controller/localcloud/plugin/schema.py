"""How a resource type says what it is made of."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from controller.localcloud.plugin import wire
from controller.localcloud.plugin.values import UNKNOWN

STRING: Final = "string"
NUMBER: Final = "number"
BOOL: Final = "bool"
STRINGS: Final = ("list", "string")
STRING_MAP: Final = ("map", "string")

NO_DEFAULT: Final = object()

Check = Callable[[Any], str | None]
_NESTING_SINGLE = 1


@dataclass(frozen=True)
class Attribute:
    """One attribute; an object with `members` if it has some, otherwise of `type`.

    `default` is what the attribute has when the configuration does not say; it comes back when
    the argument is removed. `keep` says that a computed value outlives an update; without it the
    value is unknown as soon as anything changes. `check` gives a sentence if a value is wrong.
    """

    name: str
    type: str | tuple[str, str] = STRING
    description: str = ""
    required: bool = False
    computed: bool = False
    optional: bool = False
    default: Any = NO_DEFAULT
    force_new: bool = False
    keep: bool = False
    sensitive: bool = False
    check: Check | None = None
    members: tuple[Attribute, ...] = ()

    @property
    def has_default(self) -> bool:
        """Say whether there is a default, of its own or of its members."""
        return self.default is not NO_DEFAULT or bool(self.members)

    @property
    def is_only_computed(self) -> bool:
        """Say whether a user may not set it."""
        return self.computed and not (self.optional or self.required)

    def message(self) -> Any:
        """Give the attribute as protocol message."""
        message = wire.make(
            "Attribute",
            name=self.name,
            description=self.description,
            required=self.required,
            optional=not self.required and not self.is_only_computed,
            computed=self.computed or self.has_default,
            sensitive=self.sensitive,
        )
        if self.members:
            message.nested_type.nesting = _NESTING_SINGLE
            message.nested_type.attributes.extend(member.message() for member in self.members)
        else:
            message.type = json.dumps(self.type).encode()
        return message


@dataclass(frozen=True)
class Schema:
    """The attributes of a provider, resource type or data source."""

    attributes: tuple[Attribute, ...]
    description: str = ""
    version: int = 0
    by_name: Mapping[str, Attribute] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {each.name: each for each in self.attributes})

    def message(self) -> Any:
        """Give the schema as protocol message."""
        return wire.make(
            "Schema",
            version=self.version,
            block=wire.make(
                "Block",
                version=self.version,
                description=self.description,
                attributes=[attribute.message() for attribute in self.attributes],
            ),
        )

    def complete(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Give exactly the attributes of the schema: what is missing is null, the rest is left."""
        return {each.name: _complete(each, values.get(each.name)) for each in self.attributes}


def _complete(attribute: Attribute, value: Any) -> Any:
    if isinstance(value, dict) and attribute.members:
        return {each.name: _complete(each, value.get(each.name)) for each in attribute.members}
    if attribute.type == NUMBER and value is not None and value is not UNKNOWN:
        return plain_number(value)
    return value


def plain_number(value: Any) -> int | float:
    """Give a number as int if it is whole; Terraform sends large and odd ones as text."""
    number = float(value)
    return int(value) if number.is_integer() else number
