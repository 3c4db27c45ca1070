"""A real OpenSSH server on loopback, as the user that runs the tests; its keys are made here."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pwd import getpwuid

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

_CONFIGURATION = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
PidFile none
AuthenticationMethods publickey
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
UseDNS no
PrintMotd no
"""


@dataclass
class SshServer:
    """Where it listens, who may come in, and how it is known."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def key(self) -> Path:
        """The private key that is let in."""
        return self.folder / "user"

    def url(self, repository: Path) -> str:
        return f"ssh://{getpwuid(os.getuid()).pw_name}@127.0.0.1:{self.port}{repository}"

    def known_hosts(self, host_key: Path | None = None) -> str:
        public = (host_key or self.folder / "host").with_suffix(".pub").read_text()
        return f"[127.0.0.1]:{self.port} {public}"

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate()


def make_key(file: Path) -> Path:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", file.name, "-f", str(file)],
        check=True,
        capture_output=True,
    )
    return file


@contextmanager
def ssh_server(folder: Path) -> Iterator[SshServer]:
    """Serve until the end of the block."""
    assert SSHD is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for name in ("host", "user"):
        make_key(folder / name)
    (folder / "authorized").write_text(f"restrict {(folder / 'user.pub').read_text()}")
    (folder / "sshd_config").write_text(_CONFIGURATION.format(port=port, folder=folder))
    if os.getuid() == 0:  # sshd wants this folder of root, which its service makes
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    log = folder / "log"
    process = subprocess.Popen(
        [SSHD, "-D", "-f", str(folder / "sshd_config"), "-E", str(log)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    server = SshServer(folder, port, process)
    try:
        while not _listens(port):
            if process.poll() is not None:
                _, told = process.communicate()
                raise AssertionError(f"sshd ended: {told.decode()}{log.read_text()}")
            time.sleep(0.02)
        yield server
    finally:
        server.stop()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True
