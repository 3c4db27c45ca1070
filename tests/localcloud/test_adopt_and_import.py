"""With a real engine and a real provider: drift is adopted, and what is there is taken over."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.adapters.engine import embedded
from controller.adapters.engine.environment import build_environment
from controller.localcloud import mirror
from controller.localcloud.client import ROOT_VARIABLE, Cloud
from controller.localcloud.forking.starter import ForkServer
from controller.model.caller import Caller, Role
from controller.model.plan import DriftKind
from tests.support.worlds import AUTHOR, Life, MemoryWorld

pytestmark = pytest.mark.slow

OPERATOR = Caller("Robin", Role.OPERATOR)
PLATFORM = """\
apiVersion: platform/v1
kind: Environment
metadata: {name: dev}
spec: {providers: {localcloud: {}}}
---
apiVersion: platform/v1
kind: Product
metadata: {name: shop}
spec: {owner: team-shop, environments: [dev]}
---
apiVersion: platform/v1
kind: Pipeline
metadata: {name: shop, product: shop}
spec: {stages: [{environment: dev}]}
"""
STACK = """\
apiVersion: platform/v1
kind: Stack
metadata: {{name: {name}, product: shop}}
spec:
  module: modules/local/storage
  inputs:
    labels:
      holds: receipts   # since the beginning
  {more}drift: {{mode: report, every: 10m}}
"""
IMPORT = "import: [{{environment: dev, to: localcloud_bucket.this, id: {id}}}]\n  "
SPEC = {"versioning": False, "quota_mb": None, "force_destroy": False}


@pytest.fixture
async def life(
    folder: Path, cloud: Cloud, fork_server: ForkServer, tmp_path: Path
) -> AsyncIterator[Life]:
    rc = tmp_path / "rc"
    rc.write_text(mirror.cli_configuration(mirror.install(tmp_path / "providers")))
    extras = {
        ROOT_VARIABLE: str(cloud.places.root), **mirror.environment(), **fork_server.environment(),
    }  # fmt: skip
    environment = build_environment(
        tmp_path / "home", path=os.environ["PATH"], cli_config=rc, extras=extras
    )
    engine = await embedded.connect(environment, size=1)
    world = MemoryWorld()
    world.engine = engine
    world.repository.commit({"a.yaml": PLATFORM, "box.yaml": STACK.format(name="box", more="")})
    life = world.start()
    await life.begin()
    await life.settle()
    yield life
    await engine.close()
    world.workspaces.close()


async def commit(life: Life, files: dict[str, object]) -> None:
    life.world.repository.commit(files, subject="more", author=AUTHOR)
    await life.pass_time(31)


async def test_drift_is_adopted_and_what_is_there_is_taken_over(life: Life, cloud: Cloud) -> None:
    cloud.edit("bucket", "shop-dev-box", {"labels": {"holds": "letters", "by": "hand"}})
    await life.pass_time(601)
    view = await life.app.unit("shop/dev/box")
    assert [change.drift for change in view.drift_changes] == [DriftKind.CHANGED]
    assert "labels.holds: receipts → letters" in view.drift[0]

    made = await life.app.adopt(OPERATOR, "shop/dev/box")
    lines = [line for line in made.diff.splitlines() if line[:2] in {"- ", "+ "}]
    assert lines == [
        "-      holds: receipts   # since the beginning",
        "+      holds: letters   # since the beginning",
        "+      by: hand",
    ]
    await commit(life, dict(life.world.branches.pushed[made.branch].files))
    await life.pass_time(601)
    view = await life.app.unit("shop/dev/box")
    assert (view.ready, view.in_sync, view.drift) == ("True", "True", ())
    assert cloud.get("bucket", "shop-dev-box")["spec"]["labels"]["by"] == "hand"

    for name, labels in (("same", {"holds": "receipts"}), ("other", {"holds": "nothing"})):
        made_by_hand = {**SPEC, "labels": labels}
        cloud.ensure("bucket", f"shop-dev-{name}", made_by_hand, owner=f"shop/dev/{name}")
        more = IMPORT.format(id=f"shop-dev-{name}")
        await commit(life, {f"{name}.yaml": STACK.format(name=name, more=more)})

    assert (await life.app.unit("shop/dev/same")).ready == "True"
    other = await life.app.unit("shop/dev/other")
    assert (other.ready, other.reason) == ("False", "ApprovalPending")
    assert "update of what is imported" in other.message
    await life.pass_time(601)
    assert (await life.app.unit("shop/dev/same")).in_sync == "True"
