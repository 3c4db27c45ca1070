"""What is known of a Terraform module without running anything."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.model.names import Digest


@dataclass(frozen=True, slots=True)
class Validation:
    """What a value of a variable must fulfil, as Terraform writes it, and what is said if not."""

    condition: str
    message: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Variable:
    """An input of a module: its type as Terraform writes it, and whether it must be given."""

    name: str
    type: str
    required: bool
    sensitive: bool = False
    description: str = ""
    validations: tuple[Validation, ...] = ()
    nullable: bool = True
    """Whether `null` is a value; where it is not, it stands for the default."""


@dataclass(frozen=True, slots=True)
class Output:
    """An output of a module."""

    name: str
    sensitive: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Module:
    """A module at one content: `files` maps its relative paths to their bytes."""

    path: str
    digest: Digest
    variables: Mapping[str, Variable]
    outputs: Mapping[str, Output]
    providers: Mapping[str, tuple[str, str]]
    """Local provider name → (source address, version constraint)."""
    files: Mapping[str, bytes]
    aliases: tuple[str, ...] = ()
    """Further configurations of providers that whoever calls it must give, as `aws.peer`."""
    kinds: frozenset[str] = frozenset()
    """What it makes, as `aws_s3_bucket`, with what its folders make."""
