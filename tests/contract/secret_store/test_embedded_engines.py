"""Kinds of rotation on the embedded server as it is, with nothing set up by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from controller.adapters.credential.memory import MemoryCredentialIssuer
from controller.adapters.secret_store.embedded import EmbeddedOpenBao
from controller.adapters.secret_store.openbao import OpenBaoSecretStore
from controller.adapters.secret_target.memory import MemorySecretTarget
from controller.diagnostics.errors import Stalled
from controller.model.delivery import RotationPhase
from controller.model.names import SecretName
from controller.settings import Repository, Settings
from controller.steps.secrets.deliver import deliver
from controller.steps.secrets.request import (
    Issued,
    Rotation,
    SecretPorts,
    SecretRequest,
    reference_of,
)
from controller.wiring.makers import Makers
from controller.workflows.world import MakerOrder
from schemas.generate import Generate
from schemas.kinds.secret_store import SecretStore as SecretStoreDocument
from tests.support.rotating_program import new_secret, now

pytestmark = pytest.mark.slow

EMBEDDED = SecretStoreDocument.model_validate(
    {
        "apiVersion": "platform/v1",
        "kind": "SecretStore",
        "metadata": {"name": "main"},
        "spec": {"provider": {"embedded": {}}},
    }
)
WAYS = {
    "certificate": {"role": "web", "commonName": "shop.example.com", "altNames": ["127.0.0.1"]},
    "totp": {"key": "shop", "account": "robot", "issuer": "Shop"},
    "transitKey": {"key": "shop"},
}
TEMPLATES = {"certificate": "{bundle}", "totp": "{seed}", "transitKey": "{version}"}


def makers_of(store: OpenBaoSecretStore) -> Makers:
    async def get(_document: object) -> OpenBaoSecretStore:
        return store

    return Makers(Settings(repository=Repository(url="file:///none")), get, new_secret, now)


@pytest.mark.parametrize("way", WAYS)
async def test_it_is_made_rotated_and_retired(openbao: OpenBaoSecretStore, way: str) -> None:
    generate = Generate.model_validate({way: {"store": "main", **WAYS[way]}})
    name = SecretName("shop", "dev", way.lower())
    makers = makers_of(openbao)
    maker = await makers.get(MakerOrder(name, generate, EMBEDDED))
    again = await makers_of(openbao).get(MakerOrder(name, generate, EMBEDDED))
    target = MemorySecretTarget()
    ports = SecretPorts(openbao, target, MemoryCredentialIssuer(), new_secret, now)
    request = SecretRequest(
        name,
        reference_of("main", name),
        Issued(maker),
        TEMPLATES[way],
        rotation=Rotation(None, timedelta(0)),
    )
    first = await deliver(request, ports)
    assert (first.generation, first.phase) == (1, RotationPhase.IDLE)
    wish = replace(request, kind=Issued(again), requested_at=datetime.now(UTC))
    second = await deliver(wish, ports)
    if second.phase is not RotationPhase.IDLE:  # the grace of nothing was over a moment later
        second = await deliver(wish, ports)
    assert (second.generation, second.phase) == (2, RotationPhase.IDLE)


async def test_another_mount_is_told_at_once(openbao: OpenBaoSecretStore) -> None:
    generate = Generate.model_validate({"transitKey": {"store": "main", "key": "x", "mount": "y"}})
    order = MakerOrder(SecretName("shop", "dev", "x"), generate, EMBEDDED)
    with pytest.raises(Stalled, match="not at `y`"):
        await makers_of(openbao).get(order)


async def test_rights_end_at_these_engines(
    bao: EmbeddedOpenBao, openbao: OpenBaoSecretStore
) -> None:
    for path in ("auth/approle/role/trueup-keeper/role-id", "transit/export/encryption-key/shop"):
        with pytest.raises(Stalled, match=f"`read` on `{path}`"):
            await openbao.request("get", path)
