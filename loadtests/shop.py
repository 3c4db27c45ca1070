"""Load on the shop: customers look around, look at products, and some of them order.

TRUEUP_LOAD_RATE_PER_USER   tasks a second that each user makes; the load generator sets it
TRUEUP_LOAD_REMOTE_TARGET   `yes` allows a target that is not this machine
API_KEY_FILE                its first line is the key that orders show; read again when it changes

Each task makes one request, so that tasks a second are requests a second.
"""

from locust import FastHttpUser, constant_throughput, task  # isort: skip - it patches what follows

import ipaddress
import os
import random
from pathlib import Path
from urllib.parse import urlsplit

from locust.env import Environment
from locust.exception import StopTest

PRODUCTS = 400


class ApiKey:
    """The key in API_KEY_FILE, as it is now."""

    def __init__(self) -> None:
        self._path = Path(os.environ["API_KEY_FILE"]) if "API_KEY_FILE" in os.environ else None
        self._stamp: tuple[int, int] | None = None
        self._key = ""

    def read(self) -> str:
        """Give the first line of the file; empty when no file was named."""
        if self._path is None:
            return ""
        found = self._path.stat()
        if (found.st_ino, found.st_mtime_ns) != self._stamp:
            self._key = self._path.read_text(encoding="utf-8").strip().split("\n")[0].strip()
            self._stamp = (found.st_ino, found.st_mtime_ns)
        return self._key


def is_this_machine(address: str) -> bool:
    """Tell whether a URL's host is this machine, without asking a name server."""
    try:
        host = urlsplit(address).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Customer(FastHttpUser):
    """One customer, who does one thing after the other at a steady pace."""

    wait_time = constant_throughput(float(os.environ.get("TRUEUP_LOAD_RATE_PER_USER", "1")))
    network_timeout = 10.0
    connection_timeout = 5.0
    api_key = ApiKey()

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        allowed = os.environ.get("TRUEUP_LOAD_REMOTE_TARGET") == "yes"
        if not allowed and not is_this_machine(self.host or ""):
            raise StopTest(
                f"{self.host} is not this machine; TRUEUP_LOAD_REMOTE_TARGET=yes allows it"
            )

    @task(6)
    def browse(self) -> None:
        """Look at the list."""
        self.client.get("/products")

    @task(2)
    def look_at_product(self) -> None:
        """Look at one product and what is recommended with it."""
        self.client.get(f"/products/{random.randint(1, PRODUCTS)}", name="/products/{id}")

    @task(2)
    def order(self) -> None:
        """Order something."""
        order = {"product": random.randint(1, PRODUCTS), "quantity": random.randint(1, 3)}
        headers = {"X-Api-Key": self.api_key.read()}
        self.client.post("/orders", json=order, headers=headers)
