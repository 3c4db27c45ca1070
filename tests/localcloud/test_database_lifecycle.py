"""A database through Terraform: real PostgreSQL, changed without loss, and kept from harm."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from controller.localcloud.client import Cloud
from tests.localcloud.engines import Workspace, on_one_engine

pytestmark = pytest.mark.slow

MODULE = Path(__file__).parents[2] / "modules/local/database"
DB = "localcloud_database.db"


def body(name: str, *, settings: str = 'work_mem = "8MB"', extra: str = "") -> str:
    return f"""
resource "localcloud_database" "db" {{
  name     = "{name}"
  owner    = "shop/dev/db"
  database = "shop"
  settings = {{ {settings} }}
  {extra}
}}
output "dsn" {{ value = localcloud_database.db.admin_dsn }}
output "url" {{ value = localcloud_database.db.url }}
"""


@pytest.fixture(scope="module")
def workspace(engine: str, make_workspace: Callable[..., Workspace]) -> Workspace:
    workspace = make_workspace(engine, body(f"db-{engine}"))
    workspace.apply()
    ask(workspace, "CREATE TABLE kept (word text)")
    ask(workspace, "INSERT INTO kept VALUES ('still here')")
    return workspace


@pytest.fixture
def name(engine: str, workspace: Workspace, cloud: Cloud) -> str:
    """Bring the database back to what the first body says, whatever a test has left."""
    name = f"db-{engine}"
    workspace.write(body(name))
    spec = {"database": "shop", "settings": {"work_mem": "8MB"}}
    cloud.ensure("database", name, spec, owner="shop/dev/db")
    return name


def ask(workspace: Workspace, text: str) -> list[tuple[object, ...]]:
    with psycopg.connect(workspace.outputs()["dsn"], autocommit=True) as connection:
        cursor = connection.execute(text.encode())
        return cursor.fetchall() if cursor.description else []


def data_is_kept(workspace: Workspace) -> bool:
    return ask(workspace, "SELECT word FROM kept") == [("still here",)]


def test_a_database_has_its_settings_and_no_changes(workspace: Workspace, name: str) -> None:
    assert ask(workspace, "SHOW work_mem") == [("8MB",)]
    assert ask(workspace, "SHOW listen_addresses") == [("127.0.0.1",)]
    assert workspace.changes() == {}


@on_one_engine
def test_the_network_asks_for_a_password_and_the_private_socket_does_not(
    workspace: Workspace, name: str
) -> None:
    outputs = workspace.outputs()
    with pytest.raises(psycopg.OperationalError, match="no password"):
        psycopg.connect(outputs["url"], user="postgres")
    ask(workspace, "DROP ROLE IF EXISTS app")
    ask(workspace, "CREATE ROLE app LOGIN PASSWORD 'right'")
    with psycopg.connect(outputs["url"], user="app", password="right") as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("app",)
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(outputs["url"], user="app", password="wrong")


@on_one_engine
def test_settings_change_in_place_with_a_restart_only_where_needed(
    workspace: Workspace, cloud: Cloud, engine: str, name: str
) -> None:
    (pid,) = cloud.get("database", name)["pids"]
    workspace.write(body(name, settings='work_mem = "16MB"'))
    workspace.apply()
    assert ask(workspace, "SHOW work_mem") == [("16MB",)]
    assert cloud.get("database", name)["pids"] == [pid]
    workspace.write(body(name, settings='max_connections = "17"'))
    workspace.apply()
    assert ask(workspace, "SHOW max_connections") == [("17",)]
    assert ask(workspace, "SHOW work_mem") == [("4MB",)]
    assert cloud.get("database", name)["pids"] != [pid]
    assert data_is_kept(workspace)


@on_one_engine
@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ('no_such_setting = "1"', "no_such_setting"),
        ('work_mem = "a lot"', "work_mem"),
        ('max_connections = "many"', "max_connections"),
        ('listen_addresses = "0.0.0.0"', "is the local cloud's to decide"),
    ],
)
def test_a_setting_that_is_not_taken_changes_nothing(
    workspace: Workspace, name: str, settings: str, complaint: str
) -> None:
    workspace.write(body(name, settings=settings))
    assert complaint in workspace.fails("apply", "-auto-approve")
    assert ask(workspace, "SHOW work_mem") == [("8MB",)]
    assert data_is_kept(workspace)


@on_one_engine
def test_a_killed_server_is_a_change_and_recovers(
    workspace: Workspace, cloud: Cloud, name: str
) -> None:
    (pid,) = cloud.get("database", name)["pids"]
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.1)
    assert workspace.changes() == {DB: (["update"], {"running": (False, True)})}
    workspace.apply()
    assert data_is_kept(workspace)
    assert "automatic recovery" in cloud.logs("database", name, lines=200)
    assert workspace.changes() == {}


@on_one_engine
def test_a_setting_changed_in_the_server_is_named_and_taken_back(
    workspace: Workspace, name: str
) -> None:
    ask(workspace, "ALTER SYSTEM SET work_mem = '99MB'")
    ask(workspace, "SELECT pg_reload_conf()")
    deadline = time.monotonic() + 60
    while ask(workspace, "SHOW work_mem") != [("99MB",)] and time.monotonic() < deadline:
        time.sleep(0.05)
    differences = {"settings": ({"work_mem": "99MB"}, {"work_mem": "8MB"})}
    assert workspace.changes() == {DB: (["update"], differences)}
    workspace.apply()
    assert ask(workspace, "SHOW work_mem") == [("8MB",)]
    assert workspace.changes() == {}


@on_one_engine
def test_a_hand_edited_file_is_named(workspace: Workspace, cloud: Cloud, name: str) -> None:
    file = cloud.places.configuration("database", name)
    content = json.loads(file.read_text())
    content["settings"]["work_mem"] = "5MB"
    file.write_text(json.dumps(content))
    differences = {"settings": ({"work_mem": "5MB"}, {"work_mem": "8MB"})}
    assert workspace.changes() == {DB: (["update"], differences)}


@on_one_engine
def test_a_protected_database_is_neither_destroyed_nor_replaced(
    workspace: Workspace, cloud: Cloud, name: str
) -> None:
    workspace.write(body(name, extra="deletion_protection = true"))
    workspace.apply()
    assert "is protected against deletion" in workspace.fails("plan", "-destroy")
    workspace.write(body(f"{name}-2", extra="deletion_protection = true"))
    assert "is protected against deletion" in workspace.fails("plan")
    assert data_is_kept(workspace)


@on_one_engine
def test_the_port_is_moved_in_place(workspace: Workspace, cloud: Cloud, name: str) -> None:
    port = cloud.get("database", name)["port"] + 1
    workspace.write(body(name, extra=f"port = {port}"))
    assert workspace.changes()[DB][0] == ["update"]
    workspace.apply()
    assert workspace.outputs()["url"] == f"postgresql://127.0.0.1:{port}/shop"
    assert data_is_kept(workspace)


@on_one_engine
def test_the_module_gives_what_an_application_needs(
    engine: str, make_workspace: Callable[..., Workspace], cloud: Cloud
) -> None:
    text = f"""
module "db" {{
  source      = "{MODULE}"
  product     = "shop"
  environment = "dev"
  stack       = "db-{engine}"
}}
output "all" {{ value = module.db }}
"""
    workspace = make_workspace(engine, text)
    workspace.apply()
    given = workspace.outputs()["all"]
    assert given["url"] == f"postgresql://{given['host']}:{given['port']}/{given['database']}"
    with psycopg.connect(given["admin_dsn"]) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("app",)
    data = cloud.places.data("database", given["name"])
    workspace.destroy()
    assert not data.exists()
    assert cloud.find("database", given["name"]) is None
