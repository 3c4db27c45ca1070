"""A rotation that customers do not notice: orders are made all the time while it happens."""

import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from controller.demo.observer import NotObserved, wait_for
from controller.demo.scene import Stage

SECRET = "shop-db-login"  # noqa: S105 - a name
PAUSE = 0.03
CUSTOMERS = 3


@dataclass
class Customers:
    """A few threads that order one after the other, until told to stop."""

    url: str
    key: str
    requests: int = 0
    failures: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Order until it is over."""
        import httpx

        with httpx.Client(timeout=15, trust_env=False) as client:
            while not self._over.is_set():
                try:
                    client.post(
                        f"{self.url}/orders", json={"product": 1, "quantity": 1},
                        headers={"X-Api-Key": self.key},
                    ).raise_for_status()  # fmt: skip
                except httpx.HTTPError as error:
                    self.failures.append(f"{type(error).__name__}: {error}"[:200])
                self.requests += 1
                time.sleep(PAUSE)

    def stop(self) -> None:
        """Let the threads end."""
        self._over.set()


def rotate_under_load(stage: Stage) -> dict[str, Any]:
    """Ask for a rotation while orders are made; gives what was seen. Raises NotObserved."""
    shop = stage.shop("dev")
    file = shop.secret_file(SECRET)
    old = file.read_text().strip()
    key = shop.secret_file("shop-api-key").read_text().splitlines()[0]
    customers = Customers(shop.url, key)
    threads = [threading.Thread(target=customers.run) for _ in range(CUSTOMERS)]
    for thread in threads:
        thread.start()
    try:
        stage.controller.act("rotate", f"shop/dev/{SECRET}")
        new = wait_for("a new login is delivered", lambda: _other(file.read_text().strip(), old))
        stage.say("the new login is delivered; waiting until the old one is dead")
        wait_for("the old login is refused", lambda: not shop.can_log_in(old))
        time.sleep(1)  # a second of customers after the old login is gone
    finally:
        customers.stop()
        for thread in threads:
            thread.join()
    if customers.failures or not customers.requests:
        raise NotObserved(
            f"{len(customers.failures)} of {customers.requests} requests failed: "
            f"{customers.failures[:3]}"
        )
    if not shop.can_log_in(new):
        raise NotObserved("the new login is refused")
    return {
        "old_login": urlsplit(old).username,
        "new_login": urlsplit(new).username,
        "requests": customers.requests,
        "failed": len(customers.failures),
    }


def _other(seen: str, old: str) -> str | None:
    return seen if seen and seen != old else None
