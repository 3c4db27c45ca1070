"""A service that is started anew for a new secret: once, by what lies there, whoever is killed."""

import asyncio
import os
import signal
import time
import urllib.request
from pathlib import Path

import pytest

from controller.diagnostics.errors import DependencyNotReady, Stalled, Transient
from controller.localcloud.client import Cloud, Status
from controller.localcloud.errors import CloudError
from controller.model.names import SecretName, UnitName
from controller.ports.consumer import Consumer as ConsumerPort
from controller.settings import Repository, Settings
from controller.wiring.makers import consumer_of
from schemas.rotation import Consumer
from tests.localcloud.engines import GREETER

SECRET = SecretName("shop", "dev", "key")
UNIT = UnitName("shop", "dev", "shop-api")


def put(file: Path, text: str) -> None:
    fresh = file.with_name("fresh")
    fresh.write_text(text)
    fresh.replace(file)


def start(cloud: Cloud, name: str, owner: object, file: Path, **more: object) -> Status:
    spec = {"command": ["python", GREETER], "stop_grace_s": 1, "replicas": 2, **more}
    spec["environment"] = {"GREETING_FILE": str(file)}
    return cloud.ensure("service", name, spec, owner=str(owner))


def served(status: Status) -> str:
    with urllib.request.urlopen(status["url"], timeout=60) as answer:
        return answer.read().decode().split()[0]


async def has_it(consumer: ConsumerPort, generation: int) -> None:
    """Ask until it is so: what leaves may take a moment."""
    deadline = time.monotonic() + 60
    while not await consumer.has(SECRET, generation):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_what_ran_with_the_old_secret_is_replaced_once(cloud: Cloud, tmp_path: Path) -> None:
    file = tmp_path / "key"
    document = Consumer(name="api", ack="restart", stack=UNIT.stack)
    settings = Settings(repository=Repository(url="file:///none"))
    consumer = consumer_of(settings, cloud.places.root, document, UNIT.stage, str(file))
    without = settings.model_copy(update={"local_cloud": False})
    with pytest.raises(Stalled, match="no local cloud"):
        consumer_of(without, file, document, UNIT.stage, str(file))
    with pytest.raises(Transient, match="cannot be looked at"):
        await consumer.has(SECRET, 1)
    put(file, "one")
    with pytest.raises(DependencyNotReady, match="has no services"):
        await consumer.has(SECRET, 1)
    start(cloud, "api", UNIT, file)
    other = start(cloud, "other", "shop/dev/other", file)
    put(file, "two")
    await has_it(consumer, 2)
    first = cloud.get("service", "api")
    assert served(first) == "two"
    assert (first["running"], first["leaving"]) == (2, 0)
    assert cloud.get("service", "other")["pids"] == other["pids"]
    # The answer was lost, or the daemon was killed: asked again, nothing is restarted.
    os.kill(cloud.ping()["pid"], signal.SIGKILL)
    await has_it(consumer, 2)
    assert cloud.get("service", "api")["pids"] == first["pids"]
    # A value that no process can use: what ran goes on, and what was written is not told.
    put(file, "bad")
    with pytest.raises(Transient, match="did not get healthy") as caught:
        await consumer.has(SECRET, 3)
    assert "configuration" not in str(caught.value)
    assert cloud.get("service", "api")["pids"] == first["pids"]
    put(file, "four")
    await has_it(consumer, 3)
    assert served(cloud.get("service", "api")) == "four"
    assert not set(cloud.get("service", "api")["pids"]) & set(first["pids"])


def test_a_dead_process_is_not_brought_back_by_a_renewal(cloud: Cloud, tmp_path: Path) -> None:
    """That is drift, and for Terraform to mend."""
    put(tmp_path / "key", "one")
    pids = start(cloud, "dead", "shop/dev/dead", tmp_path / "key", replicas=1)["pids"]
    cloud.kill("service", "dead")
    status = cloud.renew("dead", {"shop/dev/key": "2"})
    assert (status["pids"], status["running"]) == ([], 0)
    assert pids
    with pytest.raises(CloudError, match="no service"):
        cloud.renew("nothing", {})
