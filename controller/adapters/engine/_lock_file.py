"""`.terraform.lock.hcl`: which providers a directory uses."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NAME = ".terraform.lock.hcl"
ASIDE = Path(".trueup") / "providers.lock.hcl"
"""The lock file with its hashes, while the one that Terraform reads has none."""

_BLOCK = re.compile(
    r'^provider "(?P<address>[^"]+)" \{\n(?P<body>.*?)^\}', re.MULTILINE | re.DOTALL
)
_HASHES = re.compile(r"^  hashes = \[\n(?P<words>.*?)^  \]\n", re.MULTILINE | re.DOTALL)
_VERSION = re.compile(r'^  version +=\s*"(?P<version>[^"]+)"', re.MULTILINE)
_WORD = re.compile(r'"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Locked:
    """One provider of a lock file."""

    address: str
    version: str
    hashes: tuple[str, ...] = ()


def read(directory: Path) -> tuple[Locked, ...]:
    """Give what is locked; nothing when there is no lock file."""
    return tuple(_read(directory / NAME))


def read_aside(directory: Path) -> tuple[Locked, ...]:
    """Give what is locked, with the hashes that were put aside."""
    return tuple(_read(directory / ASIDE))


def fingerprints(directory: Path) -> dict[str, str]:
    """Give address → fingerprint of version and hashes; nothing when there is no lock file.

    The hash of the unpacked content is enough where it is known: other sources add other ones.
    """
    locked = read_aside(directory) if hashes_are_aside(directory) else read(directory)
    found = {}
    for provider in locked:
        words = [word for word in provider.hashes if word.startswith("h1:")] or provider.hashes
        text = " ".join([provider.version, *sorted(words)])
        found[provider.address] = hashlib.sha256(text.encode()).hexdigest()
    return found


def hashes_are_aside(directory: Path) -> bool:
    """Tell whether Terraform's lock file is the one put aside, without its hashes."""
    try:
        aside = (directory / ASIDE).read_text(encoding="utf-8")
        return (directory / NAME).read_text(encoding="utf-8") == _HASHES.sub("", aside)
    except FileNotFoundError:
        return False


def put_hashes_aside(directory: Path) -> None:
    """Take the hashes away, so that packages are not hashed at every command.

    Only for packages that are checked by `packages`.
    """
    path, aside = directory / NAME, directory / ASIDE
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8")
    without = _HASHES.sub("", text)
    if without != text:
        aside.parent.mkdir(mode=0o700, exist_ok=True)
        _replace(aside, text)
        _replace(path, without)


def put_hashes_back(directory: Path) -> None:
    """Let Terraform see the hashes again, so that `init` takes no other content."""
    if hashes_are_aside(directory):
        _replace(directory / NAME, (directory / ASIDE).read_text(encoding="utf-8"))


def _read(path: Path) -> Iterator[Locked]:
    if not path.is_file():
        return
    for block in _BLOCK.finditer(path.read_text(encoding="utf-8")):
        version, hashes = _VERSION.search(block["body"]), _HASHES.search(block["body"])
        yield Locked(
            block["address"],
            version["version"] if version else "",
            tuple(_WORD.findall(hashes["words"])) if hashes else (),
        )


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
