"""What is known of a Terraform module without running anything."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.model.names import Digest
from schemas.references import FromSecret

VERSION_SUFFIX = "_version"
"""`password_version` beside an ephemeral `password` is the version of the secret it gets."""


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
    ephemeral: bool = False
    """Whether its value is in no plan and no state: a secret is given to it by its value."""

    @property
    def takes_text(self) -> bool:
        """Whether a name fits it, as that of an environment."""
        return self.type in {"string", "any"}


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
    uses_ephemeral: bool = False
    """Whether it, or one below it, has ephemeral variables, outputs or resources."""

    def secrets_by_value(self, inputs: Mapping[str, object]) -> Mapping[str, FromSecret]:
        """Give the variables that get a secret itself, where others get the place of its file."""
        return {
            name: value
            for name, value in inputs.items()
            if isinstance(value, FromSecret)
            and (variable := self.variables.get(name)) is not None
            and variable.ephemeral
        }

    def secret_versions(self, inputs: Mapping[str, object]) -> Mapping[str, FromSecret]:
        """Give the variables that are filled in with the version of a secret beside them."""
        return {
            version: secret
            for name, secret in self.secrets_by_value(inputs).items()
            if (version := f"{name}{VERSION_SUFFIX}") in self.variables and version not in inputs
        }
