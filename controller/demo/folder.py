"""The demo's folder: the bare repository, the developer's clone, the settings, and what is kept."""

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from controller import shipped

DEVELOPER = "Casey Developer"
SETTINGS = """\
# What `trueup serve` is told. `trueup demo` wrote it; change it and start again.
data: {data}
repository:
  url: {repository}
  branch: main
  poll_every: PT2S        # so that a push shows soon; a team would say PT30S and use a webhook
listen:
  host: 127.0.0.1
  port: {port}
public_view: true         # pages may be read without a token on this machine; acting needs one
users:
  - name: demo            # who approves in the demo; its token is in the file `demo-token`
    role: approver
    token_sha256: {token_sha256}
"""


class GitFailed(Exception):  # noqa: N818 - says what happened
    """Git said no; its own words are the argument."""


@dataclass(frozen=True)
class Folder:
    """Where everything of the demo lies."""

    root: Path

    @property
    def repository(self) -> Path:
        """The bare repository that the controller watches."""
        return self.root / "platform-config.git"

    @property
    def clone(self) -> Path:
        """The working clone that people edit and push."""
        return self.root / "platform-config"

    @property
    def settings(self) -> Path:
        """The settings file of `trueup serve`."""
        return self.root / "trueup.yaml"

    @property
    def data(self) -> Path:
        """What the controller keeps."""
        return self.root / ".trueup"

    @property
    def cloud(self) -> Path:
        """The root of the local cloud."""
        return self.data / "cloud"

    @property
    def log(self) -> Path:
        """What the controller says."""
        return self.data / "controller.log"

    @property
    def evidence(self) -> Path:
        """What the scenes saw, a file each."""
        return self.root / "evidence"

    @property
    def token(self) -> Path:
        """The token that the demo approves with."""
        return self.root / "demo-token"

    def prepare(self, port: int) -> bool:
        """Make what is missing; gives whether the folder is new. Doing it again changes nothing."""
        self.root.mkdir(parents=True, exist_ok=True)
        is_new = not (self.repository / "trueup-ready").exists()
        if is_new:
            self._make_repository()
        if not self.clone.is_dir():
            run_git(self.root, "clone", "--quiet", str(self.repository), str(self.clone))
            self._name_developer()
        self.evidence.mkdir(exist_ok=True)
        if not self.token.exists():
            _write_private(self.token, os.urandom(24).hex() + "\n")
        digest = hashlib.sha256(self.token.read_text().strip().encode()).hexdigest()
        if not self.settings.exists():
            text = SETTINGS.format(
                data=_quoted(self.data), repository=_quoted(self.repository), port=port,
                token_sha256=digest,
            )  # fmt: skip
            self.settings.write_text(text)
        return is_new

    def _make_repository(self) -> None:
        staging = self.root / ".staging"
        if staging.exists():
            _remove(staging)
        if self.repository.exists():
            _remove(self.repository)
        work = staging / "work"
        work.mkdir(parents=True)
        for path, content in shipped.example().items():
            target = work / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        run_git(work, "init", "--quiet", "--initial-branch=main")
        run_git(work, "add", "--all")
        commit(work, "The shop: three stacks, two secrets, a load gate and a pipeline")
        bare = staging / "bare.git"
        run_git(staging, "clone", "--quiet", "--bare", str(work), str(bare))
        run_git(bare, "remote", "remove", "origin")
        (bare / "trueup-ready").touch()
        bare.rename(self.repository)
        _remove(staging)

    def _name_developer(self) -> None:
        run_git(self.clone, "config", "user.name", DEVELOPER)
        run_git(self.clone, "config", "user.email", "casey@example.com")


def run_git(directory: Path, *arguments: str) -> str:
    """Run git without anybody's own configuration, and give what it printed. Raises GitFailed."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(directory),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
    }
    done = subprocess.run(
        ["git", *arguments], cwd=directory, env=environment, capture_output=True, text=True,
        check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode:
        raise GitFailed(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def commit(work: Path, message: str) -> None:
    """Commit what is staged, as the developer."""
    run_git(
        work, "-c", f"user.name={DEVELOPER}", "-c", "user.email=casey@example.com",
        "-c", "commit.gpgsign=false", "commit", "--quiet", "--message", message,
    )  # fmt: skip


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _remove(path: Path) -> None:
    import shutil

    shutil.rmtree(path)
