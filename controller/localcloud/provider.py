"""`python -m controller.localcloud.provider`: the provider, as Terraform starts it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from controller.localcloud.client import ROOT_VARIABLE, Cloud
from controller.localcloud.mirror import SOURCE
from controller.localcloud.plugin.planning import State
from controller.localcloud.plugin.resource import Problem, ProblemsFoundError
from controller.localcloud.plugin.schema import STRING, Attribute, Schema
from controller.localcloud.plugin.serving import serve, serve_warm
from controller.localcloud.plugin.values import UNKNOWN
from controller.localcloud.resources.bucket import BUCKET
from controller.localcloud.resources.database import DATABASE
from controller.localcloud.resources.service import SERVICE, ServiceLookup


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
    resources = (SERVICE, DATABASE, BUCKET)
    data_sources = (ServiceLookup(),)

    def __init__(self, *, only_root: str | None = None) -> None:
        self._only_root = only_root

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
        if self._only_root is not None and Path(root).resolve() != Path(self._only_root).resolve():
            summary = f"this provider is kept warm for `{self._only_root}`, not for `{root}`"
            raise ProblemsFoundError([Problem(summary, path=("root",))])
        return Cloud(root)


def main(arguments: list[str]) -> int:
    """Serve the Terraform that has started us; with `--warm ROOT`, whoever comes."""
    match arguments:
        case ["--warm", root]:
            os.environ[ROOT_VARIABLE] = root
            return serve_warm(LocalCloudProvider(only_root=root), SOURCE)
        case _:
            return serve(LocalCloudProvider())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
