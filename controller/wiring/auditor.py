"""A record and public keys, and nothing of an installation: what an auditor has."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from controller.adapters.seal.ed25519 import Ed25519Keys, is_key
from controller.diagnostics.errors import Stalled
from controller.model.names import Digest
from controller.model.record import Standing, Verification
from controller.steps.decide.verify import verify
from controller.workflows.gate_evidence import BUNDLE, judge_gates, without_evidence
from controller.workflows.pointers import read_decision

LARGEST = 256 * 1024 * 1024
"""Bytes of a bundle: a measurement is some hundred kilobytes, and a record names some tens."""


def verify_file(file: Path, keys: Sequence[str], address: str = "") -> Verification:
    """Check the record in a file, or that of a bundle with what its gates measured.

    Raises Stalled when it cannot be read, or a key is none.
    """
    known = Ed25519Keys(key for given in keys for key in _keys(given))
    text, evidence = _parted(_content(file))
    found = verify(text, known, address)
    decision = read_decision(text)
    if found.standing != Standing.VALID or decision is None:
        return found
    if evidence is None:
        return without_evidence(found, decision.gates)
    return judge_gates(found, decision.gates, evidence)


def _content(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        raise Stalled.because(
            f"`{file}` cannot be read: {error.strerror}",
            hint="name a file, or a decision by `sha256:` and 64 hexadecimal digits",
        ) from error
    if len(content) > LARGEST:
        raise Stalled.because(f"`{file}` is larger than a decision record ever is")
    return content.decode("utf-8", "replace")


def _parted(content: str) -> tuple[str, Mapping[Digest, bytes] | None]:
    """Give the record, and the evidence by its address; None for a record alone."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return content, None
    if not isinstance(told, dict) or BUNDLE not in told:
        return content, None
    record, evidence = told.get("record"), told.get("evidence")
    if told[BUNDLE] != 1 or not isinstance(record, str) or not isinstance(evidence, dict):
        raise Stalled.because(
            "this bundle is not of a format that is known here",
            hint="`trueup decision show DECISION --bundle FILE` writes one",
        )
    return record, {Digest(str(key)): str(each).encode() for key, each in evidence.items()}


def _keys(given: str) -> Sequence[str]:
    """Give the keys of a file, or the text itself."""
    file = Path(given)
    try:
        if not is_key(given) and file.is_file():
            return file.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise Stalled.because(f"`{given}` lists no public keys") from error
    return (given,)
