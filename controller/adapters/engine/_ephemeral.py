"""Secrets for ephemeral variables: read for each command, because no plan and no state has them.

Terraform wants the same ones again when it applies a saved plan.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from controller.diagnostics.errors import DependencyNotReady, EngineRefused
from controller.diagnostics.secret import SecretText
from controller.model.workspace import EPHEMERAL_VARIABLES

TAKING = frozenset({"plan", "apply", "import"})
"""The commands that ask for variables."""
LONGEST = 100_000
"""Bytes: Linux takes no longer one in an environment."""


def read(directory: Path, words: str) -> Mapping[str, SecretText]:
    """Give the variables of a command by their names.

    Raises DependencyNotReady while a secret is not delivered; EngineRefused for one that no engine
    takes.
    """
    file = directory / EPHEMERAL_VARIABLES
    if words not in TAKING or not file.is_file():
        return {}
    places: Mapping[str, str | None] = json.loads(file.read_bytes())
    return {name: _read(name, place) for name, place in places.items()}


def _read(name: str, place: str | None) -> SecretText:
    try:
        text = Path(place).read_bytes().decode() if place is not None else None
    except FileNotFoundError:
        text = None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise _unusable(name, reason) from None
    if text is None:
        raise DependencyNotReady.because(
            f"the secret for `{name}` is not delivered{f': no file `{place}`' if place else ''}"
        )
    if "\0" in text or len(text.encode()) > LONGEST:
        raise _unusable(name, f"it holds a zero byte, or is longer than {LONGEST} bytes")
    return SecretText(text)


def _unusable(name: str, reason: object) -> EngineRefused:
    return EngineRefused.because(
        f"the secret for the ephemeral variable `{name}` cannot be given to the engine: {reason}",
        hint="write another value into the store, or have its file be readable for the controller",
        code="engine/secret-unusable",
    )
