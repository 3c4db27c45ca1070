"""A service through Terraform: made, changed, damaged, mended, moved in and removed."""

import http.client
import json
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.localcloud.client import Cloud
from tests.localcloud.engines import GREETER, Workspace, on_one_engine

pytestmark = pytest.mark.slow

MODULE = Path(__file__).parents[2] / "modules/local/service"


def body(name: str, *, greeting: str = "hi", replicas: int = 2, extra: str = "") -> str:
    return f"""
resource "localcloud_service" "web" {{
  name        = "{name}"
  owner       = "shop/dev/web"
  command     = ["python", "{GREETER}"]
  environment = {{ GREETING = "{greeting}" }}
  replicas    = {replicas}
  {extra}
}}
output "url" {{ value = localcloud_service.web.url }}
"""


WEB = "localcloud_service.web"


@pytest.fixture(scope="module")
def workspace(engine: str, make_workspace: Callable[..., Workspace]) -> Workspace:
    workspace = make_workspace(engine, body(f"web-{engine}"))
    workspace.apply()
    return workspace


@pytest.fixture
def name(engine: str, workspace: Workspace, cloud: Cloud) -> str:
    """Bring the service back to what the first body says, whatever a test has left."""
    name = f"web-{engine}"
    workspace.write(body(name))
    state = json.loads((workspace.folder / "terraform.tfstate").read_text())
    names = [each["instances"][0]["attributes"].get("name") for each in state["resources"]]
    status = cloud.find("service", name)
    if names != [name] or status is None:
        workspace.apply()
        return name
    spec = {
        "command": ["python", GREETER],
        "environment": {"GREETING": "hi"},
        "replicas": 2,
        "port": status["port"],
    }
    cloud.ensure("service", name, spec, owner="shop/dev/web", previous_owner=status["owner"])
    return name


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read().decode()


def test_a_service_answers_at_its_address(workspace: Workspace, name: str) -> None:
    assert {get(workspace.outputs()["url"]).split()[0] for _ in range(6)} == {"hi"}


def test_a_second_plan_changes_nothing(workspace: Workspace, name: str) -> None:
    assert workspace.run("plan", "-detailed-exitcode", "-input=false").code == 0


def test_a_killed_process_is_a_change_in_place(
    workspace: Workspace, cloud: Cloud, name: str
) -> None:
    url = workspace.outputs()["url"]
    os.kill(cloud.get("service", name)["pids"][0], signal.SIGKILL)
    time.sleep(0.1)
    plan = workspace.plan()
    (drift,) = plan["resource_drift"]
    assert (drift["change"]["before"]["running"], drift["change"]["after"]["running"]) == (2, 1)
    assert workspace.changes() == {WEB: (["update"], {"running": (1, 2)})}
    workspace.apply()
    assert workspace.changes() == {}
    assert workspace.outputs()["url"] == url


@on_one_engine
def test_a_hand_edited_file_is_named_by_attribute(
    workspace: Workspace, cloud: Cloud, name: str
) -> None:
    file = cloud.places.configuration("service", name)
    content = json.loads(file.read_text())
    content["environment"]["GREETING"] = "hacked"
    file.write_text(json.dumps(content))
    cloud.restart("service", name)
    assert get(workspace.outputs()["url"]).startswith("hacked")
    edited = ({"GREETING": "hacked"}, {"GREETING": "hi"})
    assert workspace.changes() == {WEB: (["update"], {"environment": edited})}
    workspace.apply()
    assert get(workspace.outputs()["url"]).startswith("hi")


@on_one_engine
def test_an_edit_through_the_console_is_named_by_attribute(
    workspace: Workspace, cloud: Cloud, name: str
) -> None:
    cloud.edit("service", name, {"replicas": 1, "restart": "always"})
    actions, differences = workspace.changes()[WEB]
    assert actions == ["update"]
    assert differences == {"replicas": (1, 2), "restart": ("always", "never"), "running": (1, 2)}


@on_one_engine
def test_a_broken_file_is_told_and_written_anew(
    workspace: Workspace, cloud: Cloud, name: str
) -> None:
    cloud.places.configuration("service", name).write_text('{"command": [')
    text = workspace.must("plan", "-no-color")
    assert "is broken" in text
    assert "is not JSON" in text
    workspace.apply()
    assert workspace.changes() == {}


@on_one_engine
def test_a_service_removed_by_hand_is_made_anew(
    workspace: Workspace, cloud: Cloud, name: str
) -> None:
    cloud.remove("service", name)
    assert workspace.changes()[WEB][0] == ["create"]
    workspace.apply()
    assert get(workspace.outputs()["url"]).startswith("hi")


@on_one_engine
def test_a_default_comes_back_when_the_argument_goes(
    workspace: Workspace, engine: str, name: str
) -> None:
    extra = 'stop_grace_s = 1\n health = { path = "", timeout_s = 9 }'
    workspace.write(body(f"web-{engine}", extra=extra))
    workspace.apply()
    workspace.write(body(f"web-{engine}"))
    _actions, differences = workspace.changes()[WEB]
    assert differences["stop_grace_s"] == (1, 5)
    before, after = differences["health"]
    assert (before["path"], before["timeout_s"], before["interval_ms"]) == ("", 9, 1000)
    assert (after["path"], after["timeout_s"], after["interval_ms"]) == ("/", 30, 1000)


@on_one_engine
def test_an_update_under_load_loses_no_request(
    workspace: Workspace, engine: str, name: str
) -> None:
    url = workspace.outputs()["url"]
    workspace.write(body(f"web-{engine}", greeting="bye"))
    stop = threading.Event()
    answers: list[str] = []
    failures: list[str] = []
    threads = [
        threading.Thread(target=ask, args=(url, is_kept, stop, answers, failures))
        for is_kept in (True, True, False)
    ]
    for thread in threads:
        thread.start()
    workspace.apply()
    time.sleep(0.3)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert answers[0].startswith("hi")
    assert all(answer.startswith("bye") for answer in answers[-3:])
    assert get(url).startswith("bye")


def ask(
    url: str, is_kept: bool, stop: threading.Event, answers: list[str], failures: list[str]
) -> None:
    """Ask again and again, over one connection or over a new one each time."""
    host = url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=60)
    while not stop.is_set():
        try:
            connection.request("GET", "/")
            answers.append(connection.getresponse().read().decode())
        except (OSError, http.client.HTTPException) as error:
            failures.append(repr(error))
            connection.close()
        if not is_kept:
            connection.close()
        time.sleep(0.002)
    connection.close()


@on_one_engine
def test_a_sick_update_is_refused_and_the_old_replicas_serve_on(
    workspace: Workspace, cloud: Cloud, engine: str, name: str
) -> None:
    before = cloud.get("service", name)["pids"]
    sick = body(f"web-{engine}").replace("GREETING", "MODE").replace('"hi"', '"crash"')
    workspace.write(sick)
    text = workspace.fails("apply", "-auto-approve")
    assert "did not get healthy: it ended with code 3" in text
    assert "cannot find my configuration" in text
    assert cloud.get("service", name)["pids"] == before
    assert get(workspace.outputs()["url"]).startswith("hi")


@on_one_engine
def test_a_new_name_replaces_the_service(workspace: Workspace, engine: str, name: str) -> None:
    workspace.write(body(f"other-{engine}"))
    actions, differences = workspace.changes()[WEB]
    assert actions == ["delete", "create"]
    assert differences["name"] == (name, f"other-{engine}")
    workspace.apply()
    assert get(workspace.outputs()["url"]).startswith("hi")


def test_a_saved_plan_is_applied_as_it_was_shown(
    workspace: Workspace, engine: str, name: str
) -> None:
    workspace.write(body(f"web-{engine}", greeting="saved"))
    workspace.plan()
    workspace.must("apply", "-no-color", "-input=false", "saved")
    assert get(workspace.outputs()["url"]).startswith("saved")
    assert "stale" in workspace.run("apply", "-input=false", "saved").text


@on_one_engine
def test_what_is_there_with_the_same_owner_is_adopted(
    workspace: Workspace, cloud: Cloud, name: str
) -> None:
    pids = cloud.get("service", name)["pids"]
    workspace.must("state", "rm", WEB)
    workspace.apply()
    assert cloud.get("service", name)["pids"] == pids


@on_one_engine
def test_what_belongs_to_another_is_imported_with_the_command(
    workspace: Workspace, cloud: Cloud, name: str
) -> None:
    pids = cloud.get("service", name)["pids"]
    cloud.edit("service", name, {"owner": "someone/else"})
    workspace.must("state", "rm", WEB)
    text = workspace.fails("apply", "-auto-approve")
    assert f"`service/{name}` exists already and belongs to `someone/else`" in text
    assert "terraform import" in text
    workspace.must("import", "-no-color", "-input=false", WEB, name)
    owners = ("someone/else", "shop/dev/web")
    assert workspace.changes() == {WEB: (["update"], {"owner": owners})}
    workspace.apply()
    assert cloud.get("service", name)["pids"] == pids


@on_one_engine
def test_an_import_block_finds_the_service(workspace: Workspace, name: str) -> None:
    workspace.must("state", "rm", WEB)
    workspace.write(f'import {{\n to = {WEB}\n id = "{name}"\n}}\n', name="import.tf")
    plan = workspace.plan()
    (change,) = (each["change"] for each in plan["resource_changes"])
    assert (change["actions"], change["importing"]) == (["no-op"], {"id": name})
    workspace.apply()
    (workspace.folder / "import.tf").unlink()
    workspace.must("state", "rm", WEB)
    text = workspace.run("import", "-no-color", "-input=false", WEB, "nobody").text
    assert "there is no service `nobody`" in text


@on_one_engine
def test_the_module_gives_address_and_names(
    engine: str, make_workspace: Callable[..., Workspace], cloud: Cloud
) -> None:
    text = f"""
module "api" {{
  source      = "{MODULE}"
  product     = "shop"
  environment = "dev"
  stack       = "{engine}"
  command     = ["python", "{GREETER}"]
  env         = {{ GREETING = "module" }}
}}
data "localcloud_service" "api" {{
  name       = module.api.name
  depends_on = [module.api]
}}
output "url" {{ value = module.api.url }}
output "seen" {{ value = data.localcloud_service.api.url }}
"""
    workspace = make_workspace(engine, text)
    workspace.apply()
    outputs = workspace.outputs()
    assert outputs["url"] == outputs["seen"]
    assert get(outputs["url"]).startswith("module")
    assert cloud.get("service", f"shop-dev-{engine}")["owner"] == f"shop/dev/{engine}"
    workspace.destroy()
    assert cloud.find("service", f"shop-dev-{engine}") is None


def test_values_that_only_the_apply_tells_may_be_used(
    engine: str, make_workspace: Callable[..., Workspace]
) -> None:
    text = body(f"known-{engine}", replicas=1).replace(
        '{ GREETING = "hi" }',
        'terraform_data.later.output == "x" ? { GREETING = "late" } : { GREETING = "never" }',
    )
    text += 'resource "terraform_data" "later" { input = "x" }\n'
    workspace = make_workspace(engine, text)
    workspace.apply()
    assert get(workspace.outputs()["url"]).startswith("late")
    assert workspace.changes() == {}
    workspace.destroy()


@on_one_engine
def test_a_wrong_configuration_is_told_with_its_attribute(
    engine: str, make_workspace: Callable[..., Workspace]
) -> None:
    text = body(
        "Wrong Name", extra='restart = "sometimes"\n health = { interval_ms = 1 }\n url = "x"'
    )
    workspace = make_workspace(engine, text)
    found = json.loads(workspace.run("validate", "-json").text)["diagnostics"]
    summaries = {each["summary"] for each in found}
    assert any("`Wrong Name` is not a name" in each for each in summaries)
    assert any("`sometimes` is not allowed; expected `never` or `always`" in e for e in summaries)
    assert any("1 is not allowed; expected 50 to 60000" in each for each in summaries)
    places = {each["snippet"]["code"].strip() for each in found}
    assert 'restart = "sometimes"' in places


def test_destroy_leaves_nothing(workspace: Workspace, cloud: Cloud, name: str) -> None:
    pids = cloud.get("service", name)["pids"]
    workspace.destroy()
    assert cloud.find("service", name) is None
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert not cloud.places.log("service", name).exists()
