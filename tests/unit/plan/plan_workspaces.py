"""Workspaces that the memory engine understands."""

import hashlib
import json
from dataclasses import replace

from controller.model.names import Commit, Digest, UnitName
from controller.model.workspace import Workspace

UNIT = UnitName("shop", "dev", "api")
COMMIT = Commit("a" * 40)
CANARY = "canary-2b9c"


def workspace(size: int = 1, *, provisional: tuple[str, ...] = (), **more: object) -> Workspace:
    main = {
        "variable": {"size": {"type": "number"}, "token": {"sensitive": True}, "name": {}},
        "output": {
            "size": {"value": "${module.app.size}"},
            "token": {"value": "${module.app.token}", "sensitive": True},
        },
    }
    values = {"size": size, "token": CANARY, "name": "api", **more}
    files = {
        "main.tf.json": json.dumps(main).encode(),
        "terraform.tfvars.json": json.dumps(values).encode(),
    }
    digest = hashlib.sha256(repr(files).encode()).hexdigest()
    return Workspace(
        unit=UNIT,
        commit=COMMIT,
        engine="memory",
        files=files,
        module_digest=Digest("sha256:module"),
        upstream_digest=Digest("sha256:upstream"),
        provisional=provisional,
        digest=Digest(f"sha256:{digest}"),
    )


def at_commit(made: Workspace, commit: str) -> Workspace:
    return replace(made, commit=Commit(commit))
