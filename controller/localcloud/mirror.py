"""Lets Terraform and OpenTofu find the provider without a registry: a mirror in a folder.

The launcher holds no path of this machine, so its bytes, and with them the hash in the lock file,
are the same everywhere and for every platform; which Python runs it comes from the environment.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

HOST = "trueup.local"
SOURCE = f"{HOST}/trueup/localcloud"
VERSION = "0.1.0"
PYTHON_VARIABLE = "TRUEUP_PYTHON"

_PLATFORMS = ("linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64")
_LAUNCHER = f"""#!/bin/sh
exec "${{{PYTHON_VARIABLE}:-python3}}" -P -m controller.localcloud.provider "$@"
"""
_EXECUTABLE = 0o755


def install(directory: Path) -> Path:
    """Write the mirror below `directory` and give its path; repeating changes nothing."""
    mirror = directory.resolve()
    for platform in _PLATFORMS:
        folder = mirror / SOURCE / VERSION / platform
        folder.mkdir(parents=True, exist_ok=True)
        _write_launcher(folder / f"terraform-provider-localcloud_v{VERSION}")
    return mirror


def _write_launcher(path: Path) -> None:
    if path.is_file() and path.read_text() == _LAUNCHER and os.access(path, os.X_OK):
        return
    # The folder itself is hashed by Terraform, so the draft must not stand in it.
    draft_folder = path.parents[1]
    descriptor, draft = tempfile.mkstemp(prefix=".launcher-", dir=draft_folder)
    with os.fdopen(descriptor, "w") as file:
        file.write(_LAUNCHER)
    Path(draft).chmod(_EXECUTABLE)
    Path(draft).replace(path)


def cli_configuration(mirror: Path) -> str:
    """Give the text of a CLI configuration file: the mirror for our host, as usual for the rest."""
    path = _quoted(str(mirror.resolve()))
    return f"""provider_installation {{
  filesystem_mirror {{
    path    = {path}
    include = ["{HOST}/*/*"]
  }}
  direct {{
    exclude = ["{HOST}/*/*"]
  }}
}}
"""


def environment() -> dict[str, str]:
    """Give what the engine's environment needs so that the launcher finds this very code."""
    code = str(Path(__file__).resolve().parents[2])
    return {PYTHON_VARIABLE: sys.executable, "PYTHONPATH": code}


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${")
    return f'"{escaped.replace("%{", "%%{")}"'
