"""Drift that a provider finds: the builtin resources have none."""

import json
import os
import shutil
from pathlib import Path

import pytest

from controller.adapters.engine import embedded
from controller.adapters.engine.environment import build_environment
from controller.localcloud import mirror
from controller.localcloud.client import ROOT_VARIABLE, Cloud
from controller.localcloud.forking.starter import ForkServer
from controller.model.drift import EngineLook
from controller.model.plan import Action, AttributeChange

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
ADDRESS = "module.unit.localcloud_service.this"


def write(directory: Path) -> None:
    shutil.copytree(ROOT / "modules" / "local" / "service", directory / "module")
    values = {
        "product": "shop",
        "environment": "dev",
        "stack": "api",
        "command": ["python", "-m", "http.server"],
        "replicas": 0,
    }
    provider = {"localcloud": {"source": mirror.SOURCE, "version": mirror.VERSION}}
    main = {
        "terraform": {"required_providers": provider},
        "variable": {name: {} for name in values},
        "module": {"unit": {"source": "./module", **{name: f"${{var.{name}}}" for name in values}}},
        "output": {"url": {"value": "${module.unit.url}"}},
    }
    (directory / "main.tf.json").write_text(json.dumps(main))
    (directory / "terraform.tfvars.json").write_text(json.dumps(values))


async def test_drift_is_found_told_and_put_back(tmp_path: Path) -> None:
    rc = tmp_path / "rc"
    rc.write_text(mirror.cli_configuration(mirror.install(tmp_path / "providers")))
    forks = ForkServer()
    forks.start()
    extras = {
        ROOT_VARIABLE: str(tmp_path / "cloud"), **mirror.environment(), **forks.environment(),
    }  # fmt: skip
    environment = build_environment(
        tmp_path / "home", path=os.environ["PATH"], cli_config=rc, extras=extras
    )
    directory = tmp_path / "shop" / "dev" / "api"
    write(directory)
    engine = await embedded.connect(environment, size=1)
    try:
        await engine.init(directory)
        await engine.plan(directory)
        await engine.apply(directory)
        await engine.normalise(directory)
        assert await engine.refresh(directory) == EngineLook()
        Cloud(tmp_path / "cloud").edit("service", "shop-dev-api", {"environment": {"BY": "hand"}})
        before = await engine.state(directory)
        look = await engine.refresh(directory)
        (found,) = look.drift
        assert (found.address, found.action) == (ADDRESS, Action.UPDATE)
        assert found.attributes == (AttributeChange("environment.BY", None, "hand"),)
        assert await engine.state(directory) == before
        plan = await engine.plan(directory)
        assert [change.attributes for change in plan.changes] == [
            (AttributeChange("environment.BY", "hand", None),)
        ]
        assert [change.address for change in plan.drift] == [ADDRESS]
        await engine.apply(directory)
        assert await engine.refresh(directory) == EngineLook()
        await engine.plan(directory, destroy=True)
        await engine.apply(directory)
    finally:
        Cloud(tmp_path / "cloud").stop_all()
        await engine.close()
        forks.stop()
