"""What is shipped with Trueup: modules, load tests, policies and the example repository, by path.

In an installed wheel they lie beside this file; in a checkout, at its top level, but for the
policies, which are always here. Imports nothing.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parent.parent
_LEFT_OUT = frozenset({"__pycache__", ".terraform", ".terraform.lock.hcl"})


def files() -> Mapping[str, bytes]:
    """Give modules, load tests and policies: `modules/local/service/main.tf` → its content."""
    return _files()


def example() -> Mapping[str, bytes]:
    """Give the example repository, by paths as they are in it: `products/shop/product.yaml`."""
    return _example()


@cache
def _files() -> Mapping[str, bytes]:
    return MappingProxyType(
        {
            f"{folder}/{path}": content
            for folder in ("loadtests", "modules", "policies")
            for path, content in _read(_place(folder))
        }
    )


@cache
def _example() -> Mapping[str, bytes]:
    return MappingProxyType(dict(_read(_place("platform-config"))))


def _place(folder: str) -> Path:
    installed = _HERE / folder
    return installed if installed.is_dir() else _CHECKOUT / folder


def _read(folder: Path) -> Iterator[tuple[str, bytes]]:
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder)
        if path.suffix == ".pyc" or not _LEFT_OUT.isdisjoint(below.parts) or not path.is_file():
            continue
        yield below.as_posix(), path.read_bytes()
