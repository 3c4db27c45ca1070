"""Looks for values of secrets in texts, without keeping either.

A text becomes the marks of its token-like strings, and so does a value: a keyed code of 64 bits
each, whose key is made anew in each life of the controller and never written down. A value is in a
text when all of its marks are. What is shorter than twelve characters is not looked for.
"""

import base64
import binascii
import hmac
import re
from array import array
from collections.abc import Iterable, Iterator

from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretReference
from controller.ports.secret_store import SecretReader

TOKEN = re.compile(rb"[A-Za-z0-9_-]{12,256}")
ENCODED = re.compile(rb"[A-Za-z0-9+/]{16,4096}={0,2}")
"""What may be base64: manifests of Kubernetes keep secrets so, and states keep files so."""
NOT_SECRET = frozenset(
    {
        "username", "user", "host", "port", "database", "region", "issuer", "account", "digits",
        "period", "algorithm", "certificate", "chain", "ca", "serial", "public_key",
        "access_key_id", "role_id", "client_id", "id", "name", "key_name", "accessor",
    }
)  # fmt: skip
"""Fields that anybody may see, and that lie in Git for good reasons."""
MARK_BYTES = 8
MOST_MARKS = 50_000
"""Of one text; what lies beyond is not looked at."""

Marks = frozenset[int]


async def marks_of(
    store: SecretReader, reference: SecretReference, key: SecretText
) -> tuple[Marks, ...]:
    """Give the marks of each secret field of a value; none when there is no value.

    Raises StoreUnreachable, Stalled.
    """
    fields = await store.read(reference)
    code = key.reveal().encode()
    found = [
        frozenset(_mark(token, code) for token in TOKEN.findall(text.reveal().encode()))
        for name, text in sorted((fields or {}).items())
        if name not in NOT_SECRET
    ]
    return tuple(marks for marks in found if marks)


def marks_in(text: bytes | SecretText, key: SecretText) -> "array[int]":
    """Give the marks of all that looks like a token in a text, in clear or in base64."""
    content = text if isinstance(text, bytes) else text.reveal().encode()
    code = key.reveal().encode()
    found: dict[bytes, None] = {}
    for token in _tokens(content):
        found[token] = None
        if len(found) >= MOST_MARKS:
            break
    return array("Q", [_mark(token, code) for token in found])


def is_in(value: Iterable[Marks], text: Marks) -> bool:
    """Tell whether one of the fields of a value is in a text."""
    return any(marks <= text for marks in value)


def _tokens(content: bytes) -> Iterator[bytes]:
    for match in TOKEN.finditer(content):
        yield match[0]
    for match in ENCODED.finditer(content):
        text = match[0]
        try:
            decoded = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
        except binascii.Error:
            continue
        if decoded.isascii():
            yield from TOKEN.findall(decoded)


def _mark(token: bytes, code: bytes) -> int:
    return int.from_bytes(hmac.digest(code, token, "sha256")[:MARK_BYTES])
