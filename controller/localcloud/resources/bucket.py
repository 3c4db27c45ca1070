"""`localcloud_bucket`: a folder of objects."""

from __future__ import annotations

from typing import Any

from controller.localcloud.client import Status
from controller.localcloud.plugin.planning import State
from controller.localcloud.plugin.schema import BOOL, NUMBER, STRING, STRING_MAP, Attribute, Schema
from controller.localcloud.resources.cloud_resource import (
    NAME,
    OWNER,
    CloudResource,
    range_check,
)

_KEYS = ("versioning", "quota_mb", "labels", "force_destroy")


_SCHEMA = Schema(
    description="A folder of objects, with a configuration of its own.",
    attributes=(
        NAME,
        OWNER,
        Attribute("versioning", BOOL, "Whether old objects are to be kept.", default=False),
        Attribute(
            "quota_mb",
            NUMBER,
            "How large it may grow.",
            optional=True,
            check=range_check(1, 1 << 40),
        ),
        Attribute("labels", STRING_MAP, "Labels, for people.", default={}),
        Attribute("force_destroy", BOOL, "Allow to destroy it with objects in it.", default=False),
        Attribute("path", STRING, "Its folder.", computed=True, keep=True),
        Attribute("url", STRING, "Its folder as `file://` address.", computed=True, keep=True),
    ),
)


def _spec(planned: State) -> dict[str, Any]:
    return {key: planned[key] for key in _KEYS}


def _observed(status: Status) -> State:
    keys = ("name", "owner", "path", "url")
    return {**status["spec"], **{key: status[key] for key in keys}}


BUCKET = CloudResource("bucket", _SCHEMA, _spec, _observed)
