"""Brings a secret to its copies, and takes copies away that are no longer wanted.

Whether a copy is right is told by what is noted beside it: whose it is, the fingerprint of the
value (keyed, so that who reads notes cannot try values), and whether somebody wrote it since.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence

from controller.diagnostics.errors import PlanStale, Stalled, StateLocked, TrueupError
from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretReference
from controller.ports.secret_copy import SecretCopy
from controller.ports.secret_store import SecretStore
from controller.steps.secrets.render import rendered
from controller.steps.secrets.request import Copy, SecretPorts, SecretRequest

KEY_LENGTH = 43


async def bring_copies(
    ports: SecretPorts, request: SecretRequest, fields: Mapping[str, SecretText]
) -> None:
    """Make every copy hold `fields`; one that cannot be written keeps no other from it.

    Raises what went wrong first: Stalled when the place belongs to somebody else.
    """
    if not ports.copies:
        return
    key = await fingerprint_key(ports, request.reference.store)
    await _remember(ports.store, request, ports.copies)
    failures: list[TrueupError] = []
    for copy in ports.copies:
        try:
            await _bring(ports, request, copy, _content(copy, fields), key)
        except TrueupError as error:
            failures.append(error)
    if failures:
        raise failures[0]


async def withdraw(ports: SecretPorts, request: SecretRequest, place: SecretCopy) -> None:
    """Take a copy away if it is ours and still what we wrote; else tell, and leave it."""
    found = await place.look()
    if found is None:
        return
    if found.owner != str(request.name) or found.is_moved:
        ports.told(f"`{place.address}` is left: it is not, or no longer, what was delivered")
        return
    await place.remove()


async def known_copies(store: SecretStore, request: SecretRequest) -> Mapping[str, str]:
    """Give the copies that were ever begun and not withdrawn: address → how it is described."""
    fields = await store.read(_reference(request))
    if fields is None:
        return {}
    found: dict[str, str] = json.loads(fields["copies"].reveal())
    return found


async def forget(store: SecretStore, request: SecretRequest, gone: Sequence[str]) -> None:
    """Note that copies were withdrawn."""
    known = await known_copies(store, request)
    left = {address: how for address, how in known.items() if address not in gone}
    await _write(store, request, known, left)


async def fingerprint_key(ports: SecretPorts, store: str) -> bytes:
    """Give the key of fingerprints, which is made once for each store and kept there."""
    reference = SecretReference(store, "fingerprint/key")
    fields = await ports.store.read(reference)
    if fields is None:
        fields = {"value": ports.new_secret(KEY_LENGTH)}
        try:
            await ports.store.write(reference, fields, expect=0)
        except PlanStale:
            fields = await ports.store.read(reference)
    if fields is None or "value" not in fields:
        raise StateLocked.because("the key of fingerprints is being made")
    return fields["value"].reveal().encode()


def fingerprint(key: bytes, fields: Mapping[str, SecretText]) -> str:
    """Tell one value from another, for who has the key only."""
    plain = json.dumps({name: text.reveal() for name, text in fields.items()}, sort_keys=True)
    return hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()


async def _bring(
    ports: SecretPorts,
    request: SecretRequest,
    copy: Copy,
    content: Mapping[str, SecretText],
    key: bytes,
) -> None:
    owner, wanted = str(request.name), fingerprint(key, content)
    found = await copy.place.look()
    if found is not None and found.owner != owner:
        if found.owner or not copy.takes_over:
            raise Stalled.because(
                f"`{copy.place.address}` belongs to {found.owner or 'somebody else'}",
                hint="move it away, name another place, or say `existing: overwrite`",
                code="secrets/not-ours",
            )
    elif found is not None and found.fingerprint == wanted:
        if not found.is_moved:
            return
        if not copy.corrects:
            ports.told(f"`{copy.place.address}` was changed by somebody else")
            return
    await copy.place.put(content, owner=owner, fingerprint=wanted)


def _content(copy: Copy, fields: Mapping[str, SecretText]) -> Mapping[str, SecretText]:
    return fields if copy.template is None else {"value": rendered(copy.template, fields)}


def _reference(request: SecretRequest) -> SecretReference:
    return SecretReference(request.reference.store, f"copies/{request.name}")


async def _remember(store: SecretStore, request: SecretRequest, copies: Sequence[Copy]) -> None:
    """Note where copies go before the first is made, so that none is forgotten."""
    known = await known_copies(store, request)
    await _write(store, request, known, {**known, **{c.place.address: c.described for c in copies}})


async def _write(
    store: SecretStore, request: SecretRequest, known: Mapping[str, str], wanted: Mapping[str, str]
) -> None:
    if known == wanted:
        return
    reference = _reference(request)
    description = await store.describe(reference)
    expect = 0 if description is None else description.version
    fields = {"copies": SecretText(json.dumps(wanted))}
    try:
        await store.write(reference, fields, expect=expect)
    except PlanStale:
        raise StateLocked.because(
            f"another controller works on the secret `{request.name}`",
            code="secrets/rotated-elsewhere",
        ) from None
