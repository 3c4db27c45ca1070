"""What a rotation replaces: a password, a key, a certificate."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.diagnostics.secret import SecretText


@dataclass(frozen=True, slots=True)
class Material:
    """A value, and the login it belongs to (empty for a random text)."""

    login: str
    text: SecretText
    facts: Mapping[str, str] = field(default_factory=dict)
    """What is known of it besides and is no secret, as a serial number or the end of its life."""
