"""How a document wants a credential made, and who consumes it → makers and consumers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from controller.adapters.consumer.process import SignalledProcess
from controller.adapters.consumer.reader import AcknowledgingReader
from controller.adapters.consumer.services import RestartedServices
from controller.adapters.credential._server import Server
from controller.adapters.credential.approle_secret_id import AppRoleMaker
from controller.adapters.credential.aws_access_key import AwsAccessKeyMaker, AwsUser
from controller.adapters.credential.certificate import CertificateMaker, Wanted
from controller.adapters.credential.command import CommandMaker
from controller.adapters.credential.embedded_engines import EmbeddedEngines
from controller.adapters.credential.totp import TotpMaker
from controller.adapters.credential.transit_key import TransitKeyMaker
from controller.adapters.secret_store.openbao import OpenBaoSecretStore
from controller.diagnostics.errors import Stalled
from controller.diagnostics.secret import SecretText
from controller.model.names import StageName, UnitName
from controller.ports.consumer import Consumer
from controller.ports.credential import Maker
from controller.ports.secret_store import SecretStore
from controller.settings import Settings
from controller.wiring.local_services import LocalServices
from controller.workflows.world import MakerOrder
from schemas.generate import AwsAccessKey, Certificate, Command
from schemas.kinds.secret_store import SecretStore as SecretStoreDocument
from schemas.rotation import Consumer as ConsumerDocument

SEED_LENGTH = 64
SECRET_ID_LENGTH = 40


@dataclass(frozen=True)
class Makers:
    """Makes a maker for each order."""

    settings: Settings
    store: Callable[[SecretStoreDocument], Awaitable[SecretStore]]
    new_secret: Callable[[int], SecretText]
    now: Callable[[], datetime]
    engines: EmbeddedEngines = field(default_factory=EmbeddedEngines)

    async def get(self, order: MakerOrder) -> Maker:
        """Give what makes the credential of an order. Raises Stalled, StoreUnreachable."""
        generate = order.generate
        if generate.aws_access_key is not None:
            return AwsAccessKeyMaker.connect(_user(generate.aws_access_key, str(order.secret)))
        if generate.command is not None:
            return self._command(generate.command, str(order.secret))
        return await self._on_server(order)

    async def _on_server(self, order: MakerOrder) -> Maker:
        generate, server = order.generate, await self._server(order)
        if generate.certificate is not None:
            return CertificateMaker(server, _wanted(generate.certificate), self.now)
        if generate.totp is not None:
            of = generate.totp
            fresh = self.new_secret(SEED_LENGTH)
            return TotpMaker(server, of.mount, of.key, of.account, of.issuer, fresh, self.now)
        if generate.transit_key is not None:
            return TransitKeyMaker(server, generate.transit_key.mount, generate.transit_key.key)
        if generate.approle_secret_id is not None:
            role, fresh = generate.approle_secret_id, self.new_secret(SECRET_ID_LENGTH)
            return AppRoleMaker(server, role.mount, role.role, fresh)
        raise Stalled.because(f"nothing here makes a `{generate.way()}`")

    async def _server(self, order: MakerOrder) -> Server:
        store = None if order.store is None else await self.store(order.store)
        if not isinstance(store, OpenBaoSecretStore):
            named = "no store" if order.store is None else f"`{order.store.metadata.name}`"
            raise Stalled.because(
                f"a `{order.generate.way()}` needs a server of OpenBao or Vault; this is {named}",
                hint="name a secret store whose provider is `openbao` or `embedded`",
                code="secrets/no-engine",
            )
        if order.store is not None and order.store.spec.provider.embedded is not None:
            await self.engines.prepare(store, order.generate)
        return store

    def _command(self, command: Command, secret: str) -> CommandMaker:
        program = self.settings.rotation_commands.get(command.name, ())
        if not program or not program[0].startswith("/"):
            known = ", ".join(f"`{name}`" for name in sorted(self.settings.rotation_commands))
            raise Stalled.because(
                f"the settings name no command `{command.name}` with an absolute path",
                hint=f"`rotation_commands` names {known or 'none'}",
                code="secrets/command-refused",
            )
        fresh, seconds = self.new_secret(command.length), command.timeout.total_seconds()
        return CommandMaker(command.name, program, secret, fresh, seconds)


def _user(key: AwsAccessKey, owner: str) -> AwsUser:
    return AwsUser(key.user, owner, key.region, key.endpoint, key.profile)


def _wanted(certificate: Certificate) -> Wanted:
    return Wanted(
        certificate.mount,
        certificate.role,
        certificate.common_name,
        certificate.alt_names,
        certificate.life,
        certificate.verify.address if certificate.verify else None,
    )


def consumer_of(
    settings: Settings, cloud: Path, document: ConsumerDocument, stage: StageName, place: str
) -> Consumer:
    """Give what tells or asks a consumer of the secret that lies at `place`. Raises Stalled."""
    if document.ack == "poll":
        return AcknowledgingReader(document.name, Path(place))
    if document.stack is not None:
        if not settings.local_cloud:
            raise Stalled.because("the settings offer no local cloud, whose services could restart")
        unit = UnitName(stage.product, stage.environment, document.stack)
        return RestartedServices(document.name, unit, Path(place), LocalServices(cloud))
    pid_file = settings.consumer_pid_files.get(document.pid_file or "")
    if pid_file is None:
        known = ", ".join(f"`{name}`" for name in sorted(settings.consumer_pid_files))
        raise Stalled.because(
            f"the settings name no file with a process id `{document.pid_file}`",
            hint=f"`consumer_pid_files` names {known or 'none'}",
        )
    return SignalledProcess(document.name, pid_file, document.signal)
