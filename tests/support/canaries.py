"""Finds planted values wherever they lie, in the forms that programs write texts in."""

import base64
import io
import json
import urllib.parse
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path


def forms_of(value: str) -> tuple[bytes, ...]:
    """Give a value as it may be written: in clear, quoted, encoded, as bytes."""
    raw = value.encode()
    found = {
        raw,
        raw.hex().encode(),
        urllib.parse.quote(value, safe="").encode(),
        urllib.parse.quote_plus(value).encode(),
        json.dumps(value)[1:-1].encode(),
        json.dumps(value, ensure_ascii=False)[1:-1].encode(),
        repr(value)[1:-1].encode(),
        base64.b64encode(raw),
        base64.urlsafe_b64encode(raw).rstrip(b"="),
    }
    for skipped in (1, 2):  # in the middle of something that was encoded as a whole
        found.add(base64.b64encode(b"x" * skipped + raw)[4:-4])
    return tuple(form for form in found if len(form) >= len(raw) // 2)


def found_in(contents: Mapping[str, bytes], values: Mapping[str, str]) -> list[str]:
    """Tell which value lies where: `name in place`, without the value."""
    forms = {name: forms_of(value) for name, value in values.items()}
    return [
        f"{name} in {place}"
        for place, content in contents.items()
        for name, each in forms.items()
        if any(form in content for form in each)
    ]


def files_below(root: Path, but: Iterable[Path]) -> dict[str, bytes]:
    """Read every file below a folder, but for those in some folders and some files.

    What is packed, as a saved plan, is unpacked too.
    """
    left = tuple(but)
    found: dict[str, bytes] = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and not any(path == one or one in path.parents for one in left):
            content = path.read_bytes()
            found |= {f"{path.relative_to(root)}{part}": c for part, c in _parts(content).items()}
    return found


def _parts(content: bytes) -> dict[str, bytes]:
    if not content.startswith(b"PK\x03\x04"):
        return {"": content}
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return {"": content, **{f" {name}": packed.read(name) for name in packed.namelist()}}
