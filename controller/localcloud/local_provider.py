"""The provider `trueup.local/trueup/localcloud`, with everything that it imports."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from controller.localcloud.client import ROOT_VARIABLE, Cloud
from controller.localcloud.plugin.planning import State
from controller.localcloud.plugin.resource import Problem, ProblemsFoundError
from controller.localcloud.plugin.schema import STRING, Attribute, Schema
from controller.localcloud.plugin.serving import Watch, serve, watch_parent
from controller.localcloud.plugin.values import UNKNOWN
from controller.localcloud.resources.bucket import BUCKET
from controller.localcloud.resources.database import DATABASE
from controller.localcloud.resources.service import SERVICE, ServiceLookup


class LocalCloudProvider:
    """What it is called, what it offers, and how it is configured."""

    schema = Schema(
        description="The embedded cloud: services, databases and buckets on this machine.",
        attributes=(
            Attribute(
                "root",
                STRING,
                f"The folder of the local cloud; otherwise ${ROOT_VARIABLE}.",
                optional=True,
            ),
        ),
    )
    resources = (SERVICE, DATABASE, BUCKET)
    data_sources = (ServiceLookup(),)

    def configure(self, config: State) -> Any:
        """Give the cloud that is meant; a problem is found if none is named."""
        root = config.get("root")
        if root is UNKNOWN:
            raise ProblemsFoundError(
                [Problem("`root` must be known while planning", path=("root",))]
            )
        root = root or os.environ.get(ROOT_VARIABLE)
        if not root:
            raise ProblemsFoundError(
                [
                    Problem(
                        "it is not said where the local cloud is",
                        f"hint: set `root` in the provider block, or ${ROOT_VARIABLE}",
                        ("root",),
                    )
                ]
            )
        if not Path(root).is_absolute():
            raise ProblemsFoundError(
                [Problem(f"`{root}` is not an absolute path", "hint: use `abspath(…)`", ("root",))]
            )
        return Cloud(root)


def serve_localcloud(watch: Watch = watch_parent) -> int:
    """Serve the Terraform that has started us until `watch` says to stop; give the exit code."""
    return serve(LocalCloudProvider(), watch)
