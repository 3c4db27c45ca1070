"""What a real OpenBao makes for people, and takes back, under the controller's own rights."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from controller.adapters.issuer.openbao import OpenBaoIssuer
from controller.adapters.secret_store.openbao import OpenBaoSecretStore
from controller.cli.unwrapping import AlreadyOpen, unwrap
from controller.diagnostics.errors import Stalled
from controller.model.issuance import Order, Permit, Target, TargetKind, Wrapped
from tests.contract.issuer.conftest import CANARY, KEPT, Servers

pytestmark = pytest.mark.slow
READER = Target(TargetKind.DATABASE, "main/reader")


def order(target: Target, seconds: float = 300) -> Order:
    return Order(
        "r-0123456789ab", "casey", target, timedelta(seconds=seconds), timedelta(minutes=1),
        timedelta(hours=8),
    )  # fmt: skip


async def made(issuer: OpenBaoIssuer, wanted: Order) -> tuple[Permit, Wrapped, dict[str, Any]]:
    """Issue and open, as the command line does."""
    permit = await issuer.permit(wanted)
    wrapped = await issuer.issue(permit, wanted)
    return permit, wrapped, await asyncio.to_thread(unwrap, handed(issuer, wrapped))


def handed(issuer: OpenBaoIssuer, wrapped: Wrapped) -> dict[str, str]:
    counter = issuer.counter()
    return {
        "token": wrapped.token.reveal(), "creation_path": wrapped.path,
        "address": counter.address, "authority": counter.authority, "namespace": "",
    }  # fmt: skip


def logs_in(servers: Servers, login: dict[str, Any]) -> bool:
    try:
        psycopg.connect(
            host="127.0.0.1", port=servers.postgres.port, dbname="shop",
            user=login["username"], password=login["password"], connect_timeout=30,
        ).close()  # fmt: skip
    except psycopg.OperationalError:
        return False
    return True


async def until_dead(servers: Servers, login: dict[str, Any]) -> None:
    ends = time.monotonic() + 60
    while await asyncio.to_thread(logs_in, servers, login):
        assert time.monotonic() < ends
        await asyncio.sleep(0.1)


async def test_a_login_is_made_for_one_request_and_dropped_at_its_end(
    servers: Servers, store: OpenBaoSecretStore
) -> None:
    issuer = servers.issuer(store)
    permit, _, login = await made(issuer, order(READER))
    _, _, other = await made(issuer, order(READER))
    assert await asyncio.to_thread(logs_in, servers, login)
    assert login["username"] != other["username"]
    assert await issuer.end(permit.accessor)
    await until_dead(servers, login)
    assert await asyncio.to_thread(logs_in, servers, other)


async def test_a_login_ends_by_itself_when_nobody_comes_back_to_end_it(
    servers: Servers, store: OpenBaoSecretStore
) -> None:
    _, _, login = await made(servers.issuer(store), order(READER, seconds=2))
    await until_dead(servers, login)


async def test_what_was_made_and_not_heard_of_ends_with_its_permit(
    servers: Servers, store: OpenBaoSecretStore
) -> None:
    issuer = servers.issuer(store)
    permit = await issuer.permit(order(READER))
    await issuer.issue(permit, order(READER))  # the answer is lost: only the accessor was noted
    counted = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'v-%'"
    with psycopg.connect(servers.postgres.admin("shop"), autocommit=True) as admin:
        before = admin.execute(counted).fetchone()
        await issuer.end(permit.accessor)
        ends = time.monotonic() + 60
        while admin.execute(counted).fetchone() == before:
            assert time.monotonic() < ends
            await asyncio.sleep(0.1)


async def test_a_certificate_is_of_the_authority_and_revoked_at_its_end(
    servers: Servers, store: OpenBaoSecretStore
) -> None:
    issuer = servers.issuer(store)
    name = Target(TargetKind.PKI, "main/internal", common_name="probe.internal.example.com")
    permit, wrapped, found = await made(issuer, order(name))
    assert wrapped.path == "issue-pki/issue/internal"
    certificate = x509.load_pem_x509_certificate(found["certificate"].encode())
    authority = x509.load_pem_x509_certificate(found["issuing_ca"].encode())
    certificate.verify_directly_issued_by(authority)
    assert certificate.not_valid_after_utc < datetime.now(UTC) + timedelta(minutes=6)
    await issuer.end(permit.accessor)
    ends = time.monotonic() + 60
    while not await asyncio.to_thread(is_revoked, servers, certificate.serial_number):
        assert time.monotonic() < ends
        await asyncio.sleep(0.2)
    _, _, again = await made(issuer, order(name))
    assert again["issuing_ca"] == found["issuing_ca"]


def is_revoked(servers: Servers, serial: int) -> bool:
    trusted = ssl.create_default_context(cadata=servers.bao.authority.read_text())
    with httpx.Client(base_url=servers.bao.address, verify=trusted, trust_env=False) as client:
        crl = x509.load_der_x509_crl(client.get("/v1/issue-pki/crl").content)
    return crl.get_revoked_certificate_by_serial_number(serial) is not None


async def test_a_key_is_certified_for_a_user_and_a_while_by_the_same_authority_each_time(
    servers: Servers, store: OpenBaoSecretStore
) -> None:
    issuer = servers.issuer(store)
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    text = key.public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    ).decode()
    target = Target(TargetKind.SSH, "main/operators", user="ops", public_key=text)
    certificates = []
    for _ in range(2):
        _, _, found = await made(issuer, order(target))
        certificate = serialization.load_ssh_public_identity(found["signed_key"].strip().encode())
        assert isinstance(certificate, serialization.SSHCertificate)
        certificate.verify_cert_signature()
        certificates.append(certificate)
    first, second = certificates
    assert first.valid_principals == [b"ops"]
    assert first.key_id == b"token-trueup-r-0123456789ab"
    assert first.valid_before - first.valid_after < 400
    assert first.signature_key() == second.signature_key()
    with pytest.raises(Stalled, match="refused"):
        await made(issuer, order(replace(target, user="root")))


async def test_a_kept_secret_comes_whole_and_nobody_in_between_has_seen_it(
    servers: Servers, store: OpenBaoSecretStore, audit: Path
) -> None:
    issuer = servers.issuer(store)
    wanted = order(Target(TargetKind.KEPT, KEPT.path))
    permit = await issuer.permit(wanted)
    wrapped = await issuer.issue(permit, wanted)
    assert CANARY not in repr((permit, wrapped))
    assert wrapped.token.reveal() not in repr(wrapped)
    found = await asyncio.to_thread(unwrap, handed(issuer, wrapped))
    assert found == {"value": CANARY}
    with pytest.raises(AlreadyOpen):
        await asyncio.to_thread(unwrap, handed(issuer, wrapped))
    text = audit.read_text()
    assert "r-0123456789ab" in text
    assert CANARY not in text


async def test_another_token_in_its_place_is_not_opened(
    servers: Servers, store: OpenBaoSecretStore
) -> None:
    issuer = servers.issuer(store)
    wanted = order(Target(TargetKind.KEPT, KEPT.path))
    wrapped = await issuer.issue(await issuer.permit(wanted), wanted)
    false = handed(issuer, wrapped) | {"creation_path": "issue-database/creds/reader"}
    with pytest.raises(AlreadyOpen, match="in its place"):
        await asyncio.to_thread(unwrap, false)
    assert await issuer.is_wrapped(wrapped.accessor)


async def test_a_missing_right_is_told_with_its_path_and_capability(
    servers: Servers, store: OpenBaoSecretStore
) -> None:
    wanted = order(Target(TargetKind.KEPT, "../../sys/mounts"))
    with pytest.raises(Stalled, match="cannot be the path"):
        await made(servers.issuer(store), wanted)
    foreign = servers.issuer(store, token_role="another")
    with pytest.raises(Stalled) as refused:
        await foreign.permit(order(READER))
    (told,) = refused.value.diagnostics
    assert told.code == "issue/denied"
    assert "`update` on `auth/token/create/another`" in told.message
    assert told.hint is not None
    assert 'path "auth/token/create/another" { capabilities = ["update"] }' in told.hint
    stripped = replace(servers, engines=servers.engines.model_copy(deep=True))
    database = stripped.engines.database
    assert database is not None
    object.__setattr__(database, "mount", "elsewhere")
    issuer = stripped.issuer(store)
    permit = await issuer.permit(order(READER))
    with pytest.raises(Stalled, match=r"of the role `trueup-issue`.*`elsewhere/creds/reader`"):
        await issuer.issue(permit, order(READER))
