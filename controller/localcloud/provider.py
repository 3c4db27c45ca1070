"""`python -m controller.localcloud.provider`: the provider, as Terraform starts it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from controller.localcloud.client import ROOT_VARIABLE, Cloud
from controller.localcloud.plugin.planning import State
from controller.localcloud.plugin.resource import Problem, ProblemsFound
from controller.localcloud.plugin.schema import STRING, Attribute, Schema
from controller.localcloud.plugin.serving import serve
from controller.localcloud.plugin.values import UNKNOWN
from controller.localcloud.resources.bucket import BucketResource
from controller.localcloud.resources.database import DatabaseResource
from controller.localcloud.resources.service import ServiceLookup, ServiceResource


class LocalCloudProvider:
    """The provider `trueup.local/trueup/localcloud`."""

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
    resources = (ServiceResource(), DatabaseResource(), BucketResource())
    data_sources = (ServiceLookup(),)

    def configure(self, config: State) -> Any:
        """Give the cloud that is meant; a problem is found if none is named."""
        root = config.get("root")
        if root is UNKNOWN:
            raise ProblemsFound([Problem("`root` must be known while planning", path=("root",))])
        root = root or os.environ.get(ROOT_VARIABLE)
        if not root:
            raise ProblemsFound(
                [
                    Problem(
                        "it is not said where the local cloud is",
                        f"hint: set `root` in the provider block, or ${ROOT_VARIABLE}",
                        ("root",),
                    )
                ]
            )
        if not Path(root).is_absolute():
            raise ProblemsFound(
                [Problem(f"`{root}` is not an absolute path", "hint: use `abspath(…)`", ("root",))]
            )
        return Cloud(root)


if __name__ == "__main__":
    sys.exit(serve(LocalCloudProvider()))
