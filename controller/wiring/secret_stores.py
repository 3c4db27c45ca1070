"""Documents of secret stores → the stores they describe."""

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.adapters.issuer.openbao import Call, OpenBaoIssuer, Place
from controller.adapters.secret_copy.github import GitHubCopy
from controller.adapters.secret_store._aws import AwsPlace
from controller.adapters.secret_store.embedded import EmbeddedOpenBao
from controller.adapters.secret_store.openbao import (
    AppRole,
    Jwt,
    Kubernetes,
    OpenBaoSecretStore,
    ServerRequest,
    Token,
)
from controller.adapters.secret_store.secrets_manager import SecretsManagerStore
from controller.adapters.secret_store.ssm import SsmSecretStore
from controller.diagnostics.errors import Stalled
from controller.diagnostics.secret import SecretText
from controller.model.delivery import ServerHealth
from controller.model.issuance import Counter
from controller.ports.secret_store import SecretStore
from controller.settings import Settings
from schemas.kinds.secret_store import Authentication, AwsSecretsManager, AwsSsm, OpenBao
from schemas.kinds.secret_store import SecretStore as SecretStoreDocument


@dataclass
class SecretStores:
    """Connects to each secret store when a secret first names it."""

    data: Path
    stack: AsyncExitStack
    _connected: dict[str, SecretStore] = field(default_factory=dict)
    _guard: asyncio.Lock = field(default_factory=asyncio.Lock)
    _server: EmbeddedOpenBao | None = None

    async def get(self, document: SecretStoreDocument) -> SecretStore:
        """Give the store that a document describes. Raises StoreUnreachable, Stalled."""
        key = hashlib.sha256(document.model_dump_json().encode()).hexdigest()
        async with self._guard:
            if key not in self._connected:
                self._connected[key] = await self._connect(document)
            if document.spec.provider.embedded is not None and self._server is not None:
                await self._server.tend()
        return self._connected[key]

    def health(self) -> ServerHealth | None:
        """Tell how the embedded server is doing; None while there is none."""
        return None if self._server is None else self._server.health()

    async def issuer(self, document: SecretStoreDocument) -> OpenBaoIssuer:
        """Give what makes credentials for people in a store. Raises StoreUnreachable, Stalled."""
        store = await self.get(document)
        spec = document.spec
        if not isinstance(store, OpenBaoSecretStore) or spec.issue is None:
            raise Stalled.because(
                f"nothing can be issued from the store `{document.metadata.name}`",
                hint="it needs `issue`, and to be OpenBao or Vault",
                code="issue/not-allowed",
            )

        async def server(call: Call) -> Mapping[str, Any]:
            return await store.call(
                ServerRequest(call.method, call.path, call.body, call.token, call.wrap_seconds)
            )

        place = Place(
            secrets=store.data_path, token_role=spec.issue.token_role, engines=spec.engines,
            is_embedded=spec.provider.embedded is not None, counter=self._counter(document),
        )  # fmt: skip
        return OpenBaoIssuer(server, place)

    def _counter(self, document: SecretStoreDocument) -> Counter:
        bao = document.spec.provider.openbao
        if bao is not None:
            authority = _text(Path(bao.ca_file)) if bao.ca_file else ""
            return Counter(bao.address, authority, bao.namespace or "")
        if self._server is None:
            raise Stalled.because(f"`{document.metadata.name}` names no server")
        return Counter(self._server.address, _text(self._server.authority))

    async def _connect(self, document: SecretStoreDocument) -> SecretStore:
        provider = document.spec.provider
        if provider.embedded is not None:
            if self._server is None:  # one server, however many documents say `embedded`
                self._server = await EmbeddedOpenBao.start(self.data / "openbao")
                self.stack.push_async_callback(self._server.stop)
            store: SecretStore = await self._server.connect()
        else:
            store = await connect_remote(document)
        self.stack.push_async_callback(store.close)
        return store


def _text(certificate: Path) -> str:
    try:
        return certificate.read_text()
    except OSError as error:
        raise Stalled.because(f"`{certificate}` cannot be read: {error.strerror}") from error


async def connect_remote(document: SecretStoreDocument) -> SecretStore:
    """Connect to a server that somebody else runs. Raises Stalled, StoreUnreachable."""
    provider = document.spec.provider
    if provider.openbao is not None:
        return await _openbao(provider.openbao)
    if provider.aws_secrets_manager is not None:
        aws = provider.aws_secrets_manager
        return await SecretsManagerStore.connect(_place(aws), prefix=aws.prefix)
    if provider.aws_ssm is not None:
        return await SsmSecretStore.connect(
            _place(provider.aws_ssm), prefix=provider.aws_ssm.prefix
        )
    raise Stalled.because(f"`{document.metadata.name}` names no provider")


async def _openbao(bao: OpenBao) -> OpenBaoSecretStore:
    return await OpenBaoSecretStore.connect(
        bao.address, _login(bao.auth), mount=bao.mount, prefix=bao.prefix,
        namespace=bao.namespace, verify=Path(bao.ca_file) if bao.ca_file else None,
    )  # fmt: skip


def _login(auth: Authentication) -> AppRole | Jwt | Kubernetes | Token:
    if auth.approle is not None:
        secret_id = read_secret(Path(auth.approle.secret_id_file))
        return AppRole(SecretText(auth.approle.role_id), secret_id)
    if auth.jwt is not None:
        return Jwt(auth.jwt.role, Path(auth.jwt.token_file), auth.jwt.mount)
    if auth.kubernetes is not None:
        account = auth.kubernetes
        return Kubernetes(account.role, Path(account.token_file), account.mount)
    return Token(read_secret(Path(str(auth.token_file))))


def _place(aws: AwsSecretsManager | AwsSsm) -> AwsPlace:
    return AwsPlace(aws.region, aws.endpoint, aws.profile)


def read_secret(path: Path) -> SecretText:
    """Read a file that holds how the controller logs in somewhere. Raises Stalled."""
    try:
        return SecretText(path.read_text().strip())
    except OSError as error:
        raise Stalled.because(
            f"`{path}` cannot be read: {error.strerror}", hint="it holds how the controller logs in"
        ) from error


def github_copy(settings: Settings, repository: str, name: str) -> GitHubCopy:
    """Give a secret of a GitHub repository. Raises Stalled when the settings name no token."""
    if settings.github.token_file is None:
        raise Stalled.because(
            "no token for GitHub is set",
            hint="name its file in the settings: `github: {token_file: …}`",
            code="secrets/login-refused",
        )
    token = read_secret(settings.github.token_file)
    return GitHubCopy(settings.github.api, token, repository, name)
