"""Small JSON files that are either the old or the new one, never half of each."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from controller.localcloud.errors import CloudError


def write_json(path: Path, value: object) -> None:
    """Replace the file in one step, readable by this user only."""
    descriptor, draft = tempfile.mkstemp(prefix=".draft-", dir=path.parent)
    with os.fdopen(descriptor, "w") as file:
        json.dump(value, file, indent=2, sort_keys=True)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    Path(draft).replace(path)


def find_json(path: Path) -> dict[str, Any] | None:
    """Give what the file holds, `None` if there is no file; raises `CloudError` if it is broken.

    People edit these files by hand, so a broken one is told with its path and its line.
    """
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise CloudError(f"`{path}` cannot be read: {error}") from error
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CloudError(
            f"`{path}` is not JSON: {error}", hint="mend the file, or remove it to forget the thing"
        ) from error
    if not isinstance(value, dict):
        raise CloudError(f"`{path}` holds no object", hint="mend the file, or remove it")
    return value
