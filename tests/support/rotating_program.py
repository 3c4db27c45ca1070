"""A controller of one secret, to be killed: rotates it until a generation is reached, and ends.

Reads one JSON object from stdin; prints `ready` when it is connected. Started with
`python -m tests.support.rotating_program`.
"""

import asyncio
import json
import secrets
import string
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from controller.adapters.credential.aws_access_key import AwsAccessKeyMaker, AwsUser
from controller.adapters.credential.certificate import CertificateMaker, Wanted
from controller.adapters.credential.postgres import PostgresCredentialIssuer
from controller.adapters.secret_store.openbao import OpenBaoSecretStore, Token
from controller.adapters.secret_target.file import FileSecretTarget
from controller.diagnostics.errors import Transient, Waiting
from controller.diagnostics.secret import SecretText
from controller.model.delivery import DatabaseAddress, RotationPhase
from controller.model.names import SecretName
from controller.steps.secrets.deliver import deliver
from controller.steps.secrets.request import (
    Issued,
    PostgresLogin,
    Rotation,
    SecretPorts,
    SecretRequest,
    reference_of,
)

TEMPLATES = {
    "postgres": "postgresql://{username}:{password}@{host}:{port}/{database}",
    "aws": "{access_key_id} {secret_access_key}",
    "certificate": "{bundle}",
}
NAME = SecretName("shop", "dev", "key")


def new_secret(length: int) -> SecretText:
    letters = string.ascii_letters + string.digits
    return SecretText("".join(secrets.choice(letters) for _ in range(length)))


def now() -> datetime:
    return datetime.now(UTC)


def kind_of(told: dict[str, Any], store: OpenBaoSecretStore) -> PostgresLogin | Issued:
    match told["kind"]:
        case "postgres":
            address = DatabaseAddress(SecretText(told["admin"]), told["url"])
            return PostgresLogin(address, "shop_app")
        case "aws":
            place = AwsUser(told["user"], str(NAME), "eu-central-1", told["endpoint"])
            return Issued(AwsAccessKeyMaker.connect(place, pause=0.1))
        case _:
            life = timedelta(hours=1)
            wanted = Wanted("pki", "web", "localhost", (), life, told["address"])
            return Issued(CertificateMaker(store, wanted, now))


async def rotate(told: dict[str, Any]) -> None:
    while True:
        try:
            token = Token(SecretText(told["token"]))
            store = await OpenBaoSecretStore.connect(told["store"], token, mount="secret")
            break
        except Transient:  # sealed
            await asyncio.sleep(0.05)
    print("ready", flush=True)
    target = FileSecretTarget.open(Path(told["target"]))
    ports = SecretPorts(store, target, PostgresCredentialIssuer(), new_secret, now)
    request = SecretRequest(
        NAME, reference_of("main", NAME), kind_of(told, store), TEMPLATES[told["kind"]],
        Rotation(None, timedelta(seconds=told["grace"])),
        datetime.fromisoformat(told["asked_at"]),
    )  # fmt: skip
    while True:
        try:
            delivery = await deliver(request, ports)
        except (Transient, Waiting):
            await asyncio.sleep(0.05)
            continue
        if delivery.phase is RotationPhase.IDLE and delivery.generation >= told["generation"]:
            return
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(rotate(json.load(sys.stdin)))
