"""Opens a one-time token at the store, from the machine of the one whom it is for."""

import ssl
from collections.abc import Mapping
from typing import Any

import httpx

from controller.diagnostics.errors import Stalled, Transient

SECONDS = 15.0


class AlreadyOpen(Stalled):
    """The token was opened before, or its time is over."""

    code = "cli/already-unwrapped"


def unwrap(handed: Mapping[str, Any]) -> dict[str, Any]:
    """Compare what the token is said to be of, and open it. Raises AlreadyOpen, Transient."""
    trusted = ssl.create_default_context(cadata=handed["authority"] or None)
    headers = {"X-Vault-Namespace": handed["namespace"]} if handed["namespace"] else {}
    token = str(handed["token"])
    try:
        with httpx.Client(
            base_url=handed["address"], verify=trusted, timeout=SECONDS, headers=headers,
            trust_env=False,
        ) as store:  # fmt: skip
            seen = _read(store.post("/v1/sys/wrapping/lookup", json={"token": token}))
            if seen["data"]["creation_path"] != handed["creation_path"]:
                raise AlreadyOpen.because(
                    f"the token is of `{seen['data']['creation_path']}`, and not of "
                    f"`{handed['creation_path']}`: somebody put another in its place",
                    hint="it was not opened, and what was made is revoked",
                )
            opened = _read(store.post("/v1/sys/wrapping/unwrap", headers={"X-Vault-Token": token}))
    except httpx.TransportError as error:
        raise Transient.because(
            f"the store at {handed['address']} does not answer: {type(error).__name__}",
            hint="revoke the request and ask anew where the store can be reached",
        ) from None
    data = dict(opened["data"])
    inner = data.get("data")
    return dict(inner) if isinstance(inner, dict) and "metadata" in data else data


def _read(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code in {400, 403, 404}:
        raise AlreadyOpen.because(
            "the token was opened before, or its time is over",
            hint="what was made is revoked; ask anew, and find out who opened it",
        )
    if not answer.is_success:
        raise Transient.because(
            f"the store answers {answer.status_code}", hint="revoke the request and ask anew"
        )
    return dict(answer.json())
