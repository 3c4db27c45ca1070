"""`localcloud_database`: a PostgreSQL server."""

from __future__ import annotations

from typing import Any

from controller.localcloud import names
from controller.localcloud.client import Status
from controller.localcloud.plugin.planning import State
from controller.localcloud.plugin.resource import Problem, ProblemsFoundError
from controller.localcloud.plugin.schema import BOOL, NUMBER, STRING, STRING_MAP, Attribute, Schema
from controller.localcloud.plugin.values import UNKNOWN
from controller.localcloud.resources.cloud_resource import (
    NAME,
    OWNER,
    CloudResource,
    choice_check,
    map_check,
    range_check,
)

_SCHEMA = Schema(
    description="A PostgreSQL server of its own, on a stable loopback port.",
    attributes=(
        NAME,
        OWNER,
        Attribute(
            "database",
            STRING,
            "The database made in the server.",
            default="app",
            force_new=True,
            check=names.database_problem,
        ),
        Attribute(
            "settings",
            STRING_MAP,
            "PostgreSQL's settings, beyond the defaults.",
            default={},
            check=map_check(names.setting_problem),
        ),
        Attribute(
            "port",
            NUMBER,
            "Its port; a free one is leased if left out.",
            optional=True,
            computed=True,
            keep=True,
            check=range_check(1024, 65535),
        ),
        Attribute("deletion_protection", BOOL, "Refuse to destroy or replace it.", default=False),
        Attribute(
            "restart",
            STRING,
            "`always`: the server is started again when it ends.",
            default="never",
            check=choice_check("never", "always"),
        ),
        Attribute("host", STRING, "Its host.", computed=True, keep=True),
        Attribute("url", STRING, "Its address, without credentials.", computed=True, keep=True),
        Attribute(
            "admin_dsn",
            STRING,
            "libpq's words for the administrator's private socket.",
            computed=True,
            keep=True,
        ),
        Attribute("running", BOOL, "Whether it answers.", computed=True),
        Attribute("version", STRING, "The version of PostgreSQL.", computed=True, keep=True),
    ),
)


def _adjust(prior: State | None, planned: State) -> None:
    """Plan it to run, so that a dead server is a change; follow port and name."""
    planned["running"] = True
    if prior is None:
        return
    for key in ("port", "name", "database"):
        if planned[key] != prior.get(key):
            planned["url"] = planned["admin_dsn"] = UNKNOWN
    if not prior.get("version"):
        planned["version"] = UNKNOWN


def _check_destroy(prior: State) -> None:
    if prior.get("deletion_protection"):
        summary = f"database `{prior['name']}` is protected against deletion"
        hint = "hint: set `deletion_protection = false`, apply, and then destroy"
        raise ProblemsFoundError([Problem(summary, hint, ("deletion_protection",))])


def _spec(planned: State) -> dict[str, Any]:
    keys = ("database", "settings", "deletion_protection", "restart")
    port = None if planned["port"] is UNKNOWN else planned["port"]
    return {**{key: planned[key] for key in keys}, "port": port}


def _observed(status: Status) -> State:
    keys = ("name", "owner", "port", "host", "url", "admin_dsn", "version")
    running = bool(status["running"])
    return {**status["spec"], **{key: status[key] for key in keys}, "running": running}


DATABASE = CloudResource("database", _SCHEMA, _spec, _observed, _adjust, _check_destroy)
