"""A root that needs providers and makes nothing: for loading them before anybody waits for it."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from controller.adapters.engine.packages import INSTALLED, READY

WORTH_IT = 50_000_000
"""Bytes of programs: what a smaller provider says of itself is loaded in a moment."""


def make_root(home: Path, providers: Mapping[str, tuple[str, str]]) -> Path:
    """Write the root; the same providers have the same one."""
    root = {
        "terraform": {
            "required_providers": {
                name: {"source": source, **({"version": version} if version else {})}
                for name, (source, version) in sorted(providers.items())
            }
        },
        "provider": {name: {} for name in sorted(providers)},
    }
    text = json.dumps(root, indent=2)
    directory = home / READY / hashlib.sha256(text.encode()).hexdigest()[:16]
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    (directory / "main.tf.json").write_text(text, encoding="utf-8")
    return directory


def takes_long(directory: Path) -> bool:
    """Tell whether loading the providers of an initialised root takes longer than a moment."""
    packages = (directory / INSTALLED).glob("*/*/*/*/*")
    files = (path for package in packages for path in package.resolve().iterdir())
    return any(path.is_file() and path.stat().st_size > WORTH_IT for path in files)
