"""Events as signed POSTs."""

import hashlib
import hmac
import json
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from controller.diagnostics.errors import Stalled, Transient
from controller.diagnostics.secret import SecretText
from controller.model.event import Event

TIMEOUT = 10.0
_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class ReceiverUnreachable(Transient):
    """The receiver of a notification does not answer, or asks to come again."""

    code = "notify/unreachable"


class ReceiverRefused(Stalled):
    """The receiver of a notification refuses it, and would do so again."""

    code = "notify/refused"


class WebhookNotifier:
    """Implements `ports.notify.Notifier`.

    The address may itself be a secret, so messages name its host alone. Nothing is followed: a
    signed event goes nowhere but to where the document says.
    """

    def __init__(
        self,
        address: SecretText,
        key: SecretText | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._address = address
        self._key = key
        self._client = httpx.AsyncClient(
            timeout=TIMEOUT, follow_redirects=False, trust_env=False, transport=transport
        )

    async def send(self, event: Event) -> None:
        """POST the event. Raises ReceiverUnreachable, ReceiverRefused."""
        body = body_of(event)
        address = self._address.reveal()
        host = urlsplit(address).hostname or "?"
        try:
            answer = await self._client.post(
                address, content=body, headers=self._headers(event, body)
            )
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError):
            raise ReceiverRefused.because(
                "the address of a webhook is none",
                hint="mend `address`, or what `addressFile` holds",
            ) from None
        except httpx.HTTPError as error:
            raise ReceiverUnreachable.because(
                f"the webhook at `{host}` does not answer: {type(error).__name__}"
            ) from None
        if answer.is_success:
            return
        message = f"the webhook at `{host}` answered {answer.status_code}"
        if answer.is_server_error or answer.status_code in _AGAIN:
            raise ReceiverUnreachable.because(message)
        raise ReceiverRefused.because(message, hint="look at the address, the key and the receiver")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _headers(self, event: Event, body: bytes) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "trueup",
            "X-Trueup-Event": event.reason,
            "X-Trueup-Id": identity_of(event),
            "X-Trueup-Timestamp": str(int(event.at.timestamp())),
        }
        if self._key is not None:
            headers["X-Trueup-Signature"] = signature(
                self._key.reveal(), headers["X-Trueup-Timestamp"], body
            )
        return headers


def body_of(event: Event) -> bytes:
    """Give what is sent; the same event gives the same bytes."""
    values = {
        "id": identity_of(event),
        "at": event.at.isoformat(),
        "type": event.type.value,
        "reason": event.reason,
        "subject": event.subject,
        "message": event.message,
        "revision": event.revision,
    }
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def identity_of(event: Event) -> str:
    """Name an event, the same at every sending."""
    parts = (event.at.isoformat(), event.type.value, event.reason, event.subject, event.message)
    text = json.dumps([*parts, event.revision, event.number])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def signature(key: str, timestamp: str, body: bytes) -> str:
    """Give the value of `X-Trueup-Signature`."""
    signed = hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={signed.hexdigest()}"
