"""How a real OpenBao says no, and what becomes of it."""

import asyncio
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import hvac
import pytest

from controller.adapters.secret_store.embedded import EmbeddedOpenBao
from controller.adapters.secret_store.openbao import AppRole, OpenBaoSecretStore, Token
from controller.diagnostics.errors import PlanStale, Stalled, StoreUnreachable
from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretReference

pytestmark = pytest.mark.slow

CANARY = "canary-5f0e3c77"


def at(path: str) -> SecretReference:
    return SecretReference("main", path)


def login_of(folder: Path) -> AppRole:
    login = folder / "server" / "login"
    return AppRole(
        SecretText((login / "role-id").read_text()), SecretText((login / "secret-id").read_text())
    )


async def test_a_missing_or_forbidden_mount_is_not_a_missing_secret(
    bao: EmbeddedOpenBao, bao_folder: Path
) -> None:
    for mount, prefix in (("nowhere", "trueup"), ("kv", "other"), ("sys", "trueup")):
        store = await OpenBaoSecretStore.connect(
            bao.address, login_of(bao_folder), mount=mount, prefix=prefix, verify=bao.authority
        )
        with pytest.raises(Stalled, match="mount"):
            await store.read(at("x"))
        with pytest.raises(Stalled, match="mount"):
            await store.describe(at("x"))
        with pytest.raises(Stalled, match="mount"):
            await store.write(at("x"), {"value": SecretText(CANARY)}, expect=0)
        await store.close()


async def test_a_version_that_somebody_deleted_is_absent_but_its_number_counts(
    openbao: OpenBaoSecretStore,
) -> None:
    where = at("deleted/x")
    await openbao.write(where, {"value": SecretText("1")}, expect=0)
    await openbao.write(where, {"value": SecretText("2")}, expect=1)
    openbao._versions().delete_latest_version_of_secret("trueup/deleted/x", mount_point="kv")
    assert await openbao.read(where) is None
    assert await openbao.read(where, version=1) == {"value": SecretText("1")}
    description = await openbao.describe(where)
    assert description is not None
    assert (description.version, description.deleted) == (2, True)
    with pytest.raises(PlanStale):
        await openbao.write(where, {"value": SecretText("3")}, expect=0)
    assert await openbao.write(where, {"value": SecretText("3")}, expect=2) == 3


async def test_an_ended_token_is_replaced_once(openbao: OpenBaoSecretStore) -> None:
    await openbao.write(at("relogin/x"), {"value": SecretText("1")}, expect=0)
    before = openbao._client.token
    openbao._client.auth.token.revoke_self()
    found = await asyncio.gather(*(openbao.read(at("relogin/x")) for _ in range(8)))
    assert found == [{"value": SecretText("1")}] * 8
    assert openbao._client.token != before
    openbao._client.token = "s.garbage"
    assert await openbao.write(at("relogin/x"), {"value": SecretText("2")}, expect=1) == 2


async def test_wrong_logins_are_refused_at_once(bao: EmbeddedOpenBao, bao_folder: Path) -> None:
    right = login_of(bao_folder)
    for wrong in (
        AppRole(right.role_id, SecretText(CANARY)),
        AppRole(SecretText(CANARY), right.secret_id),
        AppRole(right.role_id, right.secret_id, mount="elsewhere"),
        Token(SecretText(CANARY)),
    ):
        with pytest.raises(Stalled, match="login") as caught:
            await OpenBaoSecretStore.connect(bao.address, wrong, verify=bao.authority)
        assert CANARY not in repr(caught.value) + str(caught.value) + repr(wrong)


async def test_a_token_made_elsewhere_works_until_it_ends(
    bao: EmbeddedOpenBao, openbao: OpenBaoSecretStore
) -> None:
    token = Token(SecretText(openbao._client.token))
    store = await OpenBaoSecretStore.connect(bao.address, token, verify=bao.authority)
    assert await store.read(at("token/none")) is None
    openbao._client.auth.token.revoke_self()
    with pytest.raises(Stalled, match="login"):
        await store.read(at("token/none"))
    await store.close()


async def test_the_controller_can_do_no_more_than_it_needs(openbao: OpenBaoSecretStore) -> None:
    client = openbao._client
    for attempt in (
        client.sys.list_mounted_secrets_engines,
        client.sys.list_policies,
        lambda: client.sys.enable_secrets_engine("kv", path="other"),
        lambda: client.auth.token.create(policies=["root"]),
        lambda: client.auth.approle.generate_secret_id("trueup-controller"),
        lambda: client.secrets.kv.v2.read_secret_version(
            "x", mount_point="kv", raise_on_deleted_version=True
        ),
        lambda: client.secrets.kv.v2.configure(10, mount_point="kv"),
        lambda: client.secrets.kv.v2.destroy_secret_versions("trueup/x", [1], mount_point="kv"),
    ):
        with pytest.raises(hvac.exceptions.Forbidden):
            attempt()


async def test_an_unknown_authority_and_a_plain_address_are_refused(
    bao: EmbeddedOpenBao, bao_folder: Path
) -> None:
    login = login_of(bao_folder)
    with pytest.raises(Stalled, match="certificate"):
        await OpenBaoSecretStore.connect(bao.address, login)
    with pytest.raises(Stalled):
        await OpenBaoSecretStore.connect(bao.address.replace("https", "http"), login)


async def test_no_answer_is_tried_again_later(
    bao_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:1")
    monkeypatch.setenv("VAULT_TOKEN", CANARY)
    login = login_of(bao_folder)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(StoreUnreachable, match="does not answer"):
            await OpenBaoSecretStore.connect(address, login)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(StoreUnreachable, match="does not answer"):
            await OpenBaoSecretStore.connect(address, login, timeout_seconds=0.3)


class Troubled(BaseHTTPRequestHandler):
    """Answers a login, and then each request with the next status of a list."""

    statuses: list[int] = []  # noqa: RUF012 - one server, one test
    asked: list[str] = []  # noqa: RUF012

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/login"):
            self.answer(200, b'{"auth": {"client_token": "t"}}')
        else:
            self.do_GET()

    def do_GET(self) -> None:
        self.asked.append(self.command)
        status = self.statuses.pop(0) if self.statuses else 404
        self.answer(status, b'{"errors": []}')

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


async def test_reads_are_tried_again_and_writes_are_not() -> None:
    server = HTTPServer(("127.0.0.1", 0), Troubled)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        store = await OpenBaoSecretStore.connect(
            f"http://127.0.0.1:{server.server_port}", AppRole(SecretText("r"), SecretText("s"))
        )
        for status in (429, 503, 502):
            Troubled.statuses, Troubled.asked[:] = [status], []
            assert await store.read(at("x")) is None
            assert Troubled.asked == ["GET"] * 2
            Troubled.statuses, Troubled.asked[:] = [status], []
            with pytest.raises(StoreUnreachable):
                await store.write(at("x"), {"value": SecretText(CANARY)}, expect=0)
            assert Troubled.asked == ["POST"]
        Troubled.statuses, Troubled.asked[:] = [503] * 9, []
        with pytest.raises(StoreUnreachable):
            await store.read(at("x"))
        assert Troubled.asked == ["GET"] * 4
        Troubled.statuses = [500]
        with pytest.raises(StoreUnreachable, match="failed"):
            await store.read(at("x"))
        Troubled.statuses = [405]
        with pytest.raises(Stalled):
            await store.read(at("x"))
        await store.close()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
