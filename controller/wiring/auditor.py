"""A record and public keys, and nothing of an installation: what an auditor has."""

from collections.abc import Sequence
from pathlib import Path

from controller.adapters.seal.ed25519 import Ed25519Keys, is_key
from controller.diagnostics.errors import Stalled
from controller.model.record import Verification
from controller.steps.decide.verify import verify

LARGEST = 1024 * 1024


def verify_file(file: Path, keys: Sequence[str], address: str = "") -> Verification:
    """Check the record in a file. Raises Stalled when it cannot be read, or a key is none."""
    known = Ed25519Keys(key for given in keys for key in _keys(given))
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        raise Stalled.because(f"`{file}` cannot be read: {error.strerror}") from error
    if len(content) > LARGEST:
        raise Stalled.because(f"`{file}` is larger than a decision record ever is")
    return verify(content.decode("utf-8", "replace"), known, address)


def _keys(given: str) -> Sequence[str]:
    """Give the keys of a file, or the text itself."""
    file = Path(given)
    try:
        if not is_key(given) and file.is_file():
            return file.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise Stalled.because(f"`{given}` lists no public keys") from error
    return (given,)
