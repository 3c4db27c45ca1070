"""How git shows the server who we are: told to the one child that talks to it, and to no other."""

import base64
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from controller.diagnostics.errors import Stalled

_PLAIN_PATH = re.compile(r"/[A-Za-z0-9._/+@=,-]+")
_PROXY = re.compile(
    r"(?:https?|socks5h?)://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?/?"
)
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")
_USERNAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_SSH_ALWAYS = (
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    "ForwardAgent=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "ConnectTimeout=20",
    "ServerAliveInterval=15",
)


@dataclass(frozen=True, slots=True)
class Login:
    """Files and addresses for a login. The token is read anew each time: it may be replaced.

    Without `ssh_key`, ssh has the keys and the configuration of the user that runs us.
    """

    token_file: Path | None = None
    username: str = "x-access-token"
    bearer: bool = False
    """Send the token as `Bearer`, not as the password of `username`."""
    ssh_key: Path | None = None
    known_hosts: Path | None = None
    proxy: str = ""
    ca_file: Path | None = None

    def check(self, url: str) -> None:
        """Raise Stalled for what cannot be used with that address."""
        if self.token_file is not None and not url.startswith("https://"):
            raise _refused("a token is given, and the address does not begin with `https://`")
        if not _USERNAME.fullmatch(self.username):
            raise _refused("`repository.username` has letters that no user name has")
        if self.proxy and not _PROXY.fullmatch(self.proxy):
            raise _refused(
                "`repository.proxy` is no address of a proxy, or holds a password",
                hint="use `http://host:port` or `socks5h://host:port`",
            )
        self.ssh_command()

    def environment(self, url: str) -> dict[str, str]:
        """Give what is added to the environment of a git that talks to the server.

        Raises Stalled when a file cannot be read.
        """
        options = []
        if self.token_file is not None:
            told = urlsplit(url)
            header = f"Authorization: {self._credentials(self.token_file)}"
            # For this server alone, and not followed elsewhere: git would send it along.
            options.append((f"http.{told.scheme}://{told.netloc}/.extraHeader", header))
            options.append(("http.followRedirects", "false"))
        if self.proxy:
            options.append(("http.proxy", self.proxy))
        if self.ca_file is not None:
            options.append(("http.sslCAInfo", str(_readable(self.ca_file))))
        environment = {"GIT_CONFIG_COUNT": str(len(options))} if options else {}
        for number, (name, value) in enumerate(options):
            environment[f"GIT_CONFIG_KEY_{number}"] = name
            environment[f"GIT_CONFIG_VALUE_{number}"] = value
        for file in (self.ssh_key, self.known_hosts):
            if file is not None:
                _readable(file)
        return {**environment, "GIT_SSH_COMMAND": self.ssh_command()}

    def ssh_command(self) -> str:
        """Give ssh with its options; a shell reads it, so that only plain paths may stand in it.

        Raises Stalled for any other path.
        """
        words = ["ssh", *(word for option in _SSH_ALWAYS for word in ("-o", option))]
        if self.ssh_key is not None:
            key = _plain(self.ssh_key)
            words += ["-F", "/dev/null", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"]
            words += ["-i", key]
        if self.known_hosts is not None:
            known = _plain(self.known_hosts)
            words += ["-o", f"UserKnownHostsFile={known}", "-o", "GlobalKnownHostsFile=/dev/null"]
        return shlex.join(words)

    def _credentials(self, file: Path) -> str:
        try:
            token = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable(file, error) from error
        if not _TOKEN.fullmatch(token):
            raise Stalled.because(
                f"`{file}` does not hold a token: one word of printable letters",
                hint="put the token into that file, and nothing else",
                code="fetch/token-unusable",
            )
        if self.bearer:
            return f"Bearer {token}"
        return f"Basic {base64.b64encode(f'{self.username}:{token}'.encode()).decode()}"


def _plain(path: Path) -> str:
    text = str(path.absolute())
    if not _PLAIN_PATH.fullmatch(text):
        raise _refused(
            f"the path {text!r} cannot be told to ssh",
            hint="use a path of letters, digits and `._/+@=,-`",
        )
    return text


def _readable(path: Path) -> Path:
    try:
        with path.open("rb"):
            return path.absolute()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> Stalled:
    reason = error.strerror if isinstance(error, OSError) else "it is no text"
    return Stalled.because(
        f"`{path}` cannot be read: {reason}",
        hint="the settings of `repository` name it; it is read anew at the next try",
        code="fetch/login-unreadable",
    )


def _refused(message: str, hint: str = "look at `repository` of the settings") -> Stalled:
    return Stalled.because(message, hint=hint, code="fetch/login-refused")
