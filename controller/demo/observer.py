"""Looks at live things, past the controller."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from controller.demo.folder import Folder
from controller.localcloud.client import Cloud

T = TypeVar("T")

PATIENCE = 240.0
"""Seconds that a scene waits for the world to become what it expects."""


class NotObserved(Exception):  # noqa: N818 - says what happened
    """What a scene expected was not to be seen; the argument says what was seen instead."""


def wait_for(what: str, look: Callable[[], T | None], seconds: float = PATIENCE) -> T:
    """Look again and again until there is something to see. Raises NotObserved."""
    deadline = time.monotonic() + seconds
    problem = "nothing"
    while True:
        try:
            seen = look()
            if seen:
                return seen
        except (OSError, ValueError, KeyError, LookupError, NotObserved) as error:
            problem = f"{type(error).__name__}: {error}"
        if time.monotonic() > deadline:
            raise NotObserved(f"{what}: not seen within {seconds:.0f} s (last: {problem})")
        time.sleep(0.2)


@cache
def _client() -> Any:
    """Give one for all: each that is made reads all certificates of this machine.

    It keeps no connection, because controllers are killed between two questions.
    """
    import httpx

    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(timeout=10, trust_env=False, limits=limits)


def ask(url: str, *, headers: dict[str, str] | None = None, post: Any = None) -> Any:
    """Send one HTTP request to this machine and give the JSON answer. Raises OSError."""
    import httpx

    try:
        if post is None:
            answer = _client().get(url, headers=headers)
        else:
            answer = _client().post(url, headers=headers, json=post)
        answer.raise_for_status()
        return answer.json()
    except httpx.HTTPError as error:
        raise OSError(f"{url}: {error}") from error


@dataclass(frozen=True)
class Shop:
    """The shop's service in one environment, found through the local cloud."""

    folder: Folder
    environment: str

    def status(self, stack: str = "shop-api", kind: str = "service") -> dict[str, Any]:
        """What the local cloud itself says of a thing. Raises LookupError."""
        name = f"shop-{self.environment}-{stack}"
        for status in Cloud(self.folder.cloud).list():
            if status["name"] == name and status["kind"] == kind:
                return status
        raise LookupError(f"the local cloud has no {kind} `{name}`")

    @property
    def url(self) -> str:
        """The address of the service."""
        return f"http://127.0.0.1:{self.status()['port']}"

    def greeting(self) -> str:
        """What the service says to a visitor."""
        return str(ask(f"{self.url}/")["greeting"])

    def secret_file(self, secret: str) -> Path:
        """Where a secret was delivered to."""
        return self.folder.data / "secrets" / "shop" / self.environment / secret

    def order(self) -> str:
        """Order something with the delivered API key; gives the order's id."""
        key = self.secret_file("shop-api-key").read_text().splitlines()[0]
        product = ask(f"{self.url}/products")["products"][0]["id"]
        wanted = {"product": product, "quantity": 1}
        made = ask(f"{self.url}/orders", headers={"X-Api-Key": key}, post=wanted)
        return str(made["id"])

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the live database as its administrator, through the socket that only we may use."""
        import psycopg

        try:
            with psycopg.connect(self.admin_dsn(), connect_timeout=5) as connection:
                return connection.execute(query.encode()).fetchall()
        except psycopg.Error as error:
            raise OSError(str(error)) from error

    def admin_dsn(self) -> str:
        """How the administrator reaches the database."""
        return str(self.status("shop-db", "database")["admin_dsn"])

    def can_log_in(self, dsn: str) -> bool:
        """Log in as the consumer does."""
        import psycopg

        try:
            with psycopg.connect(dsn, connect_timeout=5) as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.OperationalError:
            return False

    def median_latency(self, requests: int = 7) -> float:
        """The median of a few requests for a product with its recommendations, in milliseconds."""
        taken = []
        url = self.url
        products = ask(f"{url}/products")["products"]
        for index in range(requests):
            began = time.perf_counter()
            ask(f"{url}/products/{products[index % len(products)]['id']}")
            taken.append((time.perf_counter() - began) * 1000)
        return sorted(taken)[len(taken) // 2]


@dataclass(frozen=True)
class Controller:
    """The controller's API, as anybody may ask it."""

    folder: Folder

    def _where(self) -> tuple[str, dict[str, str]]:
        where = json.loads((self.folder.data / "server.json").read_text())
        token = (self.folder.data / "token").read_text().strip()
        return str(where["url"]), {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> Any:
        """Read from the API. Raises OSError."""
        url, headers = self._where()
        return ask(f"{url}/api/{path}", headers=headers)

    def act(self, action: str, subject: str, *, token: str | None = None, reason: str = "") -> Any:
        """Ask for an action, with the operator's token or another one. Raises NotObserved."""
        body = {"subject": subject, "reason": reason}

        def act() -> Any:
            url, headers = self._where()
            if token is not None:
                headers = {"Authorization": f"Bearer {token}"}
            return ask(f"{url}/api/actions/{action}", headers=headers, post=body)

        # The controller may have been killed a moment ago; asking twice does nothing twice.
        return wait_for(f"the controller takes `{action} {subject}`", act, seconds=30)

    def events(self, subject: str, reason: str) -> list[dict[str, Any]]:
        """The events of one thing with one reason."""
        found = self.get(f"events?subject={subject}&limit=1000")
        events = found["events"] if isinstance(found, dict) else found
        return [event for event in events if event["reason"] == reason]
