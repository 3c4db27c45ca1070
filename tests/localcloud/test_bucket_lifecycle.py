"""A bucket through Terraform: its folder, its configuration, and what may happen to both."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.localcloud.client import Cloud
from tests.localcloud.engines import Workspace, on_one_engine

pytestmark = pytest.mark.slow

MODULE = Path(__file__).parents[2] / "modules/local/storage"
FILES = "localcloud_bucket.files"


def body(name: str, extra: str = "") -> str:
    return f"""
resource "localcloud_bucket" "files" {{
  name   = "{name}"
  owner  = "shop/dev/files"
  labels = {{ team = "shop" }}
  {extra}
}}
output "path" {{ value = localcloud_bucket.files.path }}
"""


@pytest.fixture
def workspace(engine: str, make_workspace: Callable[..., Workspace]) -> Workspace:
    workspace = make_workspace(engine, body(f"files-{engine}"))
    workspace.apply()
    return workspace


@on_one_engine
def test_a_bucket_is_changed_damaged_mended_and_removed(
    workspace: Workspace, cloud: Cloud, engine: str
) -> None:
    name = f"files-{engine}"
    folder = Path(workspace.outputs()["path"])
    (folder / "object").write_text("kept")
    assert workspace.changes() == {}

    file = cloud.places.configuration("bucket", name)
    file.write_text(json.dumps({**json.loads(file.read_text()), "versioning": True}))
    assert workspace.changes() == {FILES: (["update"], {"versioning": (True, False)})}

    workspace.write(body(name, "quota_mb = 10"))
    workspace.apply()
    assert json.loads(file.read_text())["quota_mb"] == 10
    assert (folder / "object").read_text() == "kept"
    assert "is not empty" in workspace.fails("destroy", "-auto-approve")

    shutil.rmtree(folder)
    assert workspace.changes()[FILES][0] == ["create"]
    workspace.apply()
    file.unlink()
    assert workspace.changes()[FILES][0] == ["create"]
    workspace.write(body(name, "force_destroy = true"))
    workspace.apply()
    (folder / "object").write_text("forced")
    workspace.destroy()
    assert not folder.exists()


@on_one_engine
def test_the_module_gives_path_and_address(
    engine: str, make_workspace: Callable[..., Workspace]
) -> None:
    text = f"""
module "files" {{
  source      = "{MODULE}"
  product     = "shop"
  environment = "dev"
  stack       = "files-{engine}"
}}
output "all" {{ value = module.files }}
"""
    workspace = make_workspace(engine, text)
    workspace.apply()
    given = workspace.outputs()["all"]
    assert given["url"] == Path(given["path"]).as_uri()
    assert Path(given["path"]).is_dir()
    workspace.destroy()
    assert not Path(given["path"]).exists()
