"""`localcloud_service`: a few processes behind one stable address."""

from __future__ import annotations

from typing import Any

from controller.localcloud import names
from controller.localcloud.client import Cloud, Status
from controller.localcloud.plugin.planning import State
from controller.localcloud.plugin.resource import Request
from controller.localcloud.plugin.schema import (
    NUMBER,
    STRING,
    STRING_MAP,
    STRINGS,
    Attribute,
    Schema,
)
from controller.localcloud.plugin.values import UNKNOWN
from controller.localcloud.resources.cloud_resource import (
    NAME,
    OWNER,
    CloudResource,
    choice_check,
    map_check,
    range_check,
    told_as_problems,
)

_HEALTH = Attribute(
    "health",
    description="How it is found out whether a replica is ready.",
    members=(
        Attribute(
            "path",
            STRING,
            "GET of this path must be answered well; empty: an open port is enough.",
            default="/",
        ),
        Attribute(
            "interval_ms",
            NUMBER,
            "How often a serving replica is asked.",
            default=1000,
            check=range_check(50, 60_000),
        ),
        Attribute(
            "timeout_s",
            NUMBER,
            "How long a new replica may take to get ready.",
            default=30,
            check=range_check(1, 600),
        ),
    ),
)


def _command_check(value: Any) -> str | None:
    return None if value else "the command is empty; expected at least the program"


def _directory_check(value: str) -> str | None:
    is_absolute = not value or value.startswith("/")
    return None if is_absolute else f"`{value}` is not absolute; expected for example `abspath(…)`"


_SCHEMA = Schema(
    description="Processes behind a stable loopback port, updated without a gap.",
    attributes=(
        NAME,
        OWNER,
        Attribute(
            "command",
            STRINGS,
            "Program and arguments; `python` is the daemon's own Python.",
            required=True,
            check=_command_check,
        ),
        Attribute(
            "directory",
            STRING,
            "Where it runs; an own folder if empty.",
            default="",
            check=_directory_check,
        ),
        Attribute(
            "environment",
            STRING_MAP,
            "Variables of the processes. PORT, HOST and REPLICA are set for each.",
            default={},
            check=map_check(names.variable_problem),
        ),
        Attribute("replicas", NUMBER, "How many processes.", default=1, check=range_check(0, 64)),
        Attribute(
            "port",
            NUMBER,
            "The port of its address; a free one is leased if left out.",
            optional=True,
            computed=True,
            keep=True,
            check=range_check(1024, 65535),
        ),
        _HEALTH,
        Attribute(
            "restart",
            STRING,
            "`always`: a replica that ends is started again.",
            default="never",
            check=choice_check("never", "always"),
        ),
        Attribute(
            "stop_grace_s",
            NUMBER,
            "How long connections and processes get to end.",
            default=5,
            check=range_check(0, 600),
        ),
        Attribute("url", STRING, "Its address.", computed=True, keep=True),
        Attribute("running", NUMBER, "How many replicas are healthy.", computed=True),
    ),
)


def _adjust(prior: State | None, planned: State) -> None:
    """Plan every replica to be healthy, so that a dead one is a change; follow the port."""
    planned["running"] = planned["replicas"]
    if prior is not None and planned["port"] != prior.get("port"):
        planned["url"] = UNKNOWN


def _spec(planned: State) -> dict[str, Any]:
    keys = ("command", "directory", "environment", "replicas", "health", "restart", "stop_grace_s")
    port = None if planned["port"] is UNKNOWN else planned["port"]
    return {**{key: planned[key] for key in keys}, "port": port}


def _observed(status: Status) -> State:
    keys = ("name", "owner", "port", "url", "running")
    return {**status["spec"], **{key: status[key] for key in keys}}


SERVICE = CloudResource("service", _SCHEMA, _spec, _observed, _adjust)


class ServiceLookup:
    """The data source: the address of a service that something else has made."""

    type_name = "localcloud_service"
    schema = Schema(
        description="Looks up a service by its name.",
        attributes=(
            Attribute("name", STRING, "Its name.", required=True, check=names.name_problem),
            Attribute("owner", STRING, "Whose it is.", computed=True),
            Attribute("url", STRING, "Its address.", computed=True),
            Attribute("port", NUMBER, "The port of its address.", computed=True),
            Attribute("running", NUMBER, "How many replicas are healthy.", computed=True),
        ),
    )

    def read(self, request: Request, config: State) -> State:
        """Look the service up; a problem is found if there is none."""
        cloud: Cloud = request.provider
        with told_as_problems():
            status = cloud.get("service", config["name"])
        return {key: status[key] for key in ("name", "owner", "url", "port", "running")}
