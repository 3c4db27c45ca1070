"""The controller's API, as commands ask it."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.errors import Bug, Stalled, Transient, TrueupError, Waiting
from controller.tls import trust_for

SECONDS = 30.0

_KINDS: Mapping[str, type[TrueupError]] = {
    "stalled": Stalled,
    "waiting": Waiting,
    "transient": Transient,
    "bug": Bug,
}


class NotAnswering(Stalled):
    """Nothing answers at the controller's address."""

    code = "cli/not-answering"


class NotRecognised(Stalled):
    """There is nothing to ask with."""

    code = "cli/no-token"


class Client:
    """Asks one controller."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        is_here: bool = True,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        if not token or not token.isascii() or not token.isprintable():
            raise NotRecognised.because(
                "the token file holds no token",
                hint="it holds one line: the token as it was given to you",
            )
        self._http = httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=SECONDS,
            # A proxy is for the world outside: what runs here is asked directly.
            trust_env=not is_here,
            verify=trust_for(self.url, trust_env=not is_here),
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def get(self, path: str, **query: str | int | None) -> Any:
        """Read from the API. Raises NotAnswering, and what the controller tells."""
        given = {name: value for name, value in query.items() if value is not None}
        return self._ask("GET", f"/api/{path}", params=given)

    def act(self, action: str, subject: str, **more: str) -> Mapping[str, Any]:
        """Ask for an action. Raises NotAnswering, and what the controller tells."""
        told = {name: text for name, text in more.items() if text}
        found = self._ask("POST", f"/api/actions/{action}", json={"subject": subject, **told})
        return found if isinstance(found, dict) else {}

    def begin_drill(
        self, selector: str, *, expect: int, at_once: bool, reason: str
    ) -> dict[str, Any]:
        """Have all rotated that a selector names, if it still names so many."""
        body = {"selector": selector, "expect": str(expect), "reason": reason}
        body["at_once"] = "yes" if at_once else ""
        return dict(self._ask("POST", "/api/drills", json=body))

    def ask_for(self, **asked: str) -> dict[str, Any]:
        """Ask for a secret or a credential."""
        told = {name: text for name, text in asked.items() if text}
        return dict(self._ask("POST", "/api/requests", json=told))

    def fetch(self, request: str) -> dict[str, Any]:
        """Take over the one-time token of a request: nobody gets it a second time."""
        return dict(self._ask("POST", f"/api/requests/{request}/fetch", json={}))

    def adopt(self, unit: str, *, branch: str, dry_run: bool, seconds: float) -> dict[str, Any]:
        """Have drift turned into a proposed edit; waits until that is proved and pushed."""
        body = {"subject": unit, "branch": branch, "dry_run": "yes" if dry_run else ""}
        found = self._ask("POST", "/api/adoptions", json=body, timeout=seconds)
        return dict(found)

    def propose_capacity(self, name: str, *, dry_run: bool, seconds: float) -> dict[str, Any]:
        """Have the change of a capacity plan proposed; waits until it is pushed."""
        body = {"subject": name, "dry_run": "yes" if dry_run else ""}
        found = self._ask("POST", "/api/capacity-proposals", json=body, timeout=seconds)
        return dict(found)

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        try:
            answer = self._http.request(method, path, **more)
        except httpx.TimeoutException as error:
            raise Transient.because(
                f"the controller at {self.url} did not answer in time",
                hint="try again; its log tells what it is busy with",
            ) from error
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise NotAnswering.because(
                f"no controller answers at {self.url}",
                hint="start it with `trueup serve`, or name another with `--server URL`",
            ) from error
        try:
            found = answer.json()
        except ValueError as error:
            raise NotAnswering.because(
                f"what answers at {self.url} is no Trueup controller",
                hint="look at the address; the API lies directly below it",
            ) from error
        if answer.is_success:
            return found
        raise _refusal(answer.status_code, found)


def _refusal(status: int, told: Any) -> TrueupError:
    if not isinstance(told, dict):
        told = {}
    if status == httpx.codes.UNAUTHORIZED:
        told |= {"hint": "name the file of your own token with `--token-file FILE`"}
    kind = _KINDS.get(str(told.get("kind", "")), Bug if status >= 500 else Stalled)  # noqa: PLR2004 - the server's errors
    return kind(
        [
            Diagnostic(
                code=str(told.get("code") or kind.code),
                message=str(told.get("message") or f"the controller answered {status}"),
                hint=str(told["hint"]) if told.get("hint") else None,
            )
        ]
    )
