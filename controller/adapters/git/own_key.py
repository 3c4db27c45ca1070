"""The key that Trueup signs its own commits with: git signs, with programs that we name."""

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from controller.adapters.git._mirror import Mirror
from controller.adapters.git.signing import (
    PROGRAMS_PATH,
    Signatures,
    SigningKeys,
    options_of,
    program,
)
from controller.diagnostics.errors import Stalled
from controller.model.names import Commit

_GPG_CONF = "batch\nno-tty\nno-greeting\ndisable-dirmngr\npinentry-mode loopback\n"
_SECONDS = 60
_LONGEST_HOME = 87
"""Bytes: the address of a socket has 107, of which gpg's agent needs the rest for its names."""


@dataclass(frozen=True, slots=True)
class OwnKeyFile:
    """A private key without a passphrase: of SSH, or of PGP as `gpg --export-secret-keys` gives."""

    ssh: Path | None = None
    gpg: Path | None = None


class OwnKey:
    """Signs commits, and tells them from those of others. The key is read anew at each start."""

    def __init__(self, mirror: Mirror, file: OwnKeyFile) -> None:
        self._mirror = mirror
        self._file = file
        self._home = mirror.path.with_name(f"{mirror.path.name}.signing")
        self._options: tuple[str, ...] = ()
        self._signatures: Signatures | None = None
        self._ready = asyncio.Lock()

    async def sign(
        self, commit: Commit, parent: Commit | None, message: str, person: Mapping[str, str]
    ) -> Commit:
        """Make a commit anew with a signature. Raises Stalled when the key cannot be used."""
        await self._prepared()
        answer = await self._mirror.git(
            *self._options, "commit-tree", "-S", f"{commit}^{{tree}}",
            *(("-p", parent) if parent else ()),
            given=message.encode(), environment={**person, "GNUPGHOME": str(self._home / "gpg")},
        )  # fmt: skip
        if answer.code != 0:
            raise _unusable(self._file.ssh or self._file.gpg, answer.error)
        return Commit(answer.text)

    async def made(self, commit: Commit) -> bool:
        """Tell whether a commit is signed with this key. Raises Stalled when it cannot be used."""
        signatures = await self._prepared()
        return bool((await signatures.look(commit)).identities)

    def close(self) -> None:
        """End the agent of gpg, which would live on."""
        if (self._home / "gpg").is_dir():
            with contextlib.suppress(Stalled):  # it ends by itself, a minute after its folder
                self._run(
                    program("gpgconf"), "--homedir", str(self._home / "gpg"), "--kill", "gpg-agent"
                )

    async def _prepared(self) -> Signatures:
        async with self._ready:
            if self._signatures is None:
                known = await asyncio.to_thread(self._prepare)
                self._signatures = Signatures(self._mirror, known, home=self._home / "known")
        return self._signatures

    def _prepare(self) -> SigningKeys:
        shutil.rmtree(self._home, ignore_errors=True)
        self._home.mkdir(mode=0o700, parents=True)
        return self._use_ssh() if self._file.ssh else self._use_gpg()

    def _use_ssh(self) -> SigningKeys:
        key = str(_there(self._file.ssh))
        public = self._run(program("ssh-keygen"), "-y", "-P", "", "-f", key)
        allowed = self._home / "signers"
        allowed.write_text(f'trueup namespaces="git" {public}', encoding="utf-8")
        self._options = options_of(allowed, gpg_format="ssh", user_signingKey=key)
        return SigningKeys(allowed_signers=allowed)

    def _use_gpg(self) -> SigningKeys:
        home = self._home / "gpg"
        if len(os.fsencode(home)) > _LONGEST_HOME:
            raise _unusable(self._file.gpg, f"`{home}` is too long for the sockets of gpg's agent")
        home.mkdir(mode=0o700)
        (home / "gpg.conf").write_text(_GPG_CONF, encoding="ascii")
        gpg = (program("gpg"), "--homedir", str(home), "--quiet")
        self._run(*gpg, "--import", str(_there(self._file.gpg)))
        listed = self._run(*gpg, "--list-secret-keys", "--with-colons").splitlines()
        prints = [line.split(":")[9] for line in listed if line.startswith("fpr:")]
        if not prints:
            raise _unusable(self._file.gpg, "there is no secret key in it")
        known = self._home / "known.asc"
        known.write_text(self._run(*gpg, "--export", "--armor"), encoding="utf-8")
        self._options = options_of(
            Path("/dev/null"), gpg_format="openpgp", user_signingKey=prints[0]
        )
        return SigningKeys(gpg_keys=known)

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            words,
            env={"PATH": PROGRAMS_PATH, "LC_ALL": "C", "HOME": str(self._home)},
            capture_output=True, stdin=subprocess.DEVNULL, timeout=_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise _unusable(
                self._file.ssh or self._file.gpg, done.stderr.decode("utf-8", "replace")
            )
        return done.stdout.decode("utf-8", "replace")


def _there(path: Path | None) -> Path:
    if path is None or not os.access(path, os.R_OK):
        raise _unusable(path, "it cannot be read")
    return path.absolute()


def _unusable(path: Path | None, told: str) -> Stalled:
    lines = [line for line in told.strip().splitlines() if line.strip()]
    return Stalled.because(
        f"`{path}` cannot be used to sign commits: {lines[-1][:200] if lines else 'git failed'}",
        hint="`repository.signing` of the settings names it: a private key without a passphrase",
        code="promote/key-unusable",
    )
