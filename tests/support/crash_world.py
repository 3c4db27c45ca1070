"""A controller over real Terraform, real files and a real ledger, with one unit to be cut off.

The unit makes three things one after another; each writes a line into `effects`, so that it shows
what was made how often. Everything else is in memory. `terraform` is reached through a wrapper, in
which a test has a command killed, starved of memory, or held.
"""

import contextlib
import json
import os
import shutil
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from controller.adapters.clock.memory import MemoryClock
from controller.adapters.engine import command
from controller.adapters.engine.environment import build_environment
from controller.adapters.git.memory import MemoryRepository
from controller.adapters.ledger.sqlite import SqliteLedger
from controller.adapters.processes.local import LocalProcesses
from controller.adapters.state_history.disk import DiskStateHistory
from controller.adapters.workspaces.disk import DiskWorkspaces
from controller.model.names import Digest, UnitName
from controller.model.workspace import Workspace
from controller.ports.engine import Engine
from tests.support.state_servers import LOGIN
from tests.support.worlds import Life, MemoryWorld

UNIT = UnitName("shop", "dev", "api")
THINGS = ("first", "second", "third")
LARGE = 6000
"""Each thing needs room of its own in the state, so that a full disk shows."""
FILES = """
apiVersion: platform/v1
kind: Environment
metadata: {{name: dev}}
spec: {{engine: terraform, state: {state}}}
---
apiVersion: platform/v1
kind: Product
metadata: {{name: shop}}
spec: {{owner: team-shop, environments: [dev]}}
---
apiVersion: platform/v1
kind: Pipeline
metadata: {{name: shop, product: shop}}
spec: {{stages: [{{environment: dev}}]}}
---
apiVersion: platform/v1
kind: Stack
metadata: {{name: api, product: shop}}
spec: {{module: modules/service, drift: {{mode: "off"}}}}
"""
MODULE = 'output "url" { value = "x" }\n'
# `$1` is the command; a file named for it says what becomes of it, once.
WRAPPER = """#!/bin/sh
fault="{faults}/$1"
if [ -e "$fault" ]; then
  how=$(cat "$fault"); rm "$fault"
  case "$how" in
    kill) {real} "$@" & p=$!; sleep 0.04; kill -9 $p; kill -9 $$;;
    dead) kill -9 $$;;
    memory) ulimit -v 200000;;
  esac
fi
exec {real} "$@"
"""
STEP = (
    "cd {marks}; echo {name} >> effects; touch started-{name};"
    " while [ -e hold-{name} ]; do sleep 0.1; done; [ ! -e die-{name} ] || kill -9 $PPID"
)


class CraftedWorkspaces(DiskWorkspaces):
    """Puts the three things in the place of the module, which may hold no provisioners."""

    async def write(self, workspace: Workspace, *, dated_as: Digest | None = None) -> Path:
        marks = self._root.parent / "marks"
        marks.mkdir(exist_ok=True)
        main = json.loads(workspace.files["main.tf.json"])
        del main["module"]
        things = {
            name: {
                "depends_on": [f"terraform_data.{earlier}"] if earlier else [],
                "provisioner": [{"local-exec": {"command": STEP.format(name=name, marks=marks)}}],
                "input": "x" * LARGE,
            }
            for earlier, name in zip(("", *THINGS), THINGS, strict=False)
        }
        main["resource"] = {"terraform_data": things}
        main["output"] = {"url": {"value": workspace.digest}}
        files = {**workspace.files, "main.tf.json": json.dumps(main).encode()}
        return await super().write(replace(workspace, files=files), dated_as=dated_as)


@dataclass
class CrashWorld:
    """What survives a kill, in a folder; `live` gives a new life of the controller."""

    root: Path
    state: str = "{backend: local}"
    world: MemoryWorld | None = None
    engine: Engine | None = None
    history: list[str] = field(default_factory=list)

    @property
    def directory(self) -> Path:
        return self.root / "workspaces" / "units" / "shop" / "dev" / "api"

    @property
    def marks(self) -> Path:
        """Where files lie that hold a thing in hand, or let it kill its engine."""
        return self.root / "marks"

    @property
    def tfstate(self) -> Path:
        return self.directory / "terraform.tfstate"

    def fault(self, of: str, how: str) -> None:
        (self.root / "faults").mkdir(parents=True, exist_ok=True)
        (self.root / "faults" / of).write_text(how)

    def mark(self, name: str) -> None:
        self.marks.mkdir(parents=True, exist_ok=True)
        (self.marks / name).touch()

    def effects(self) -> dict[str, int]:
        path = self.marks / "effects"
        return dict(Counter(path.read_text().split())) if path.is_file() else {}

    async def live(self, on_step=None) -> Life:
        (self.root / "bin").mkdir(parents=True, exist_ok=True)
        wrapper = self.root / "bin" / "terraform"
        real = shutil.which("terraform")
        wrapper.write_text(WRAPPER.format(faults=self.root / "faults", real=real))
        wrapper.chmod(0o700)
        environment = build_environment(
            self.root / "home", path=f"{self.root / 'bin'}:{os.environ['PATH']}",
            extras={"TF_HTTP_USERNAME": LOGIN[0], "TF_HTTP_PASSWORD": LOGIN[1]},
        )  # fmt: skip
        self.engine = await command.connect(str(wrapper), environment)
        before, clock = self.world, self.world.clock if self.world else MemoryClock()
        self.world = MemoryWorld(
            clock=clock,
            repository=before.repository if before else MemoryRepository(),
            ledger=SqliteLedger.open(self.root / "ledger.db"),
            workspaces=CraftedWorkspaces(self.root / "workspaces"),
            processes=LocalProcesses(),
            states=DiskStateHistory(self.root / "states", limit=20, now=clock.now),
            engine=self.engine,
        )
        MemoryWorld.opened.clear()  # nothing of it is temporary
        if before:
            self.world.pointers, self.world.seal = before.pointers, before.seal
        else:
            self.world.repository.commit(
                {"all.yaml": FILES.format(state=self.state), "modules/service/main.tf": MODULE}
            )
        return self.world.start(on_step)

    async def end(self) -> None:
        """The process is gone: the ledger's lock goes with it."""
        if self.world is not None:
            with contextlib.suppress(Exception):
                await self.world.ledger.close()

    async def heal(self, life: Life, turns: int = 12) -> None:
        """Let the controller work until the unit is ready, or nothing changes any more."""
        await life.begin()
        for _ in range(turns):
            await life.settle()
            status = await life.world.ledger.unit(UNIT)
            if status is not None and (await life.app.unit(str(UNIT))).ready == "True":
                return
            life.world.clock.advance(301)
