"""Signatures of commits, checked with keys that the settings name and with no others."""

import asyncio
import hashlib
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from controller.adapters.git._mirror import Mirror
from controller.diagnostics.errors import Stalled
from controller.model.following import FoundTag
from controller.model.history import Signature
from controller.model.names import Commit

PROGRAMS_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_STATUS = "[GNUPG:] "
_BROKEN = {
    "BADSIG": "its signature is of something else",
    "EXPSIG": "its signature has expired",
    "EXPKEYSIG": "the key of its signature has expired",
    "REVKEYSIG": "the key of its signature is revoked",
    "ERRSIG": "it is signed with a PGP key that was not given",
}
_GOOD_SSH = re.compile(r'^Good "git" signature for (.+) with \S+ key (SHA256:\S+)$', re.MULTILINE)
_MAIL = re.compile(r"<([^<>\s]+@[^<>\s]+)>$")
_GPG_CONF = """\
batch
no-tty
no-greeting
no-autostart
disable-dirmngr
no-auto-key-retrieve
no-auto-key-locate
trust-model always
"""


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """Who is known: a file of public PGP keys, a file of SSH signers as `ssh-keygen` reads it."""

    gpg_keys: Path | None = None
    allowed_signers: Path | None = None


class Signatures:
    """Looks at signatures. Keys are read anew when their file has changed."""

    def __init__(self, mirror: Mirror, keys: SigningKeys, *, home: Path | None = None) -> None:
        self._mirror = mirror
        self._keys = keys
        self._home = home or mirror.path.with_name(f"{mirror.path.name}.keys")
        self._ready = asyncio.Lock()

    async def look(self, commit: Commit) -> Signature:
        """Check one commit. Raises Stalled when the keys cannot be read."""
        kind = _kind(self._mirror.objects.read(commit, "commit") or b"")
        return await self._look(kind, "verify-commit", commit)

    async def look_at_tag(self, tag: FoundTag, commit: Commit) -> Signature:
        """Check a tag: a good signature of another name or commit is put there by somebody else.

        Raises Stalled when the keys cannot be read.
        """
        if not tag.identity:
            return Signature(problem="it is not annotated, so that nobody can have signed it")
        raw = self._mirror.objects.read(tag.identity, "tag") or b""
        wanted = [f"object {commit}", "type commit", f"tag {tag.name}"]
        if raw.split(b"\n")[: len(wanted)] != [line.encode() for line in wanted]:
            return Signature(problem="it was made for another name or another commit")
        return await self._look(_kind_of_tag(raw), "verify-tag", tag.identity)

    async def _look(self, kind: str, verb: str, identity: str) -> Signature:
        if kind == "":
            return Signature(problem="it is not signed")
        if kind == "other":
            return Signature(problem="its signature is neither of PGP nor of SSH")
        if kind == "pgp":
            return await self._look_pgp(verb, identity)
        return await self._look_ssh(verb, identity)

    async def _look_ssh(self, verb: str, identity: str) -> Signature:
        if self._keys.allowed_signers is None:
            return Signature(problem="it is signed with SSH, and no allowed signers are given")
        program("ssh-keygen")
        await asyncio.to_thread(_read, self._keys.allowed_signers)
        code, told = await self._verify(verb, identity, self._keys.allowed_signers)
        found = _GOOD_SSH.findall(told)
        if code != 0 or len(found) != 1:
            return Signature(problem="it is signed with an SSH key that is not allowed")
        return Signature((found[0][0], found[0][1]))

    async def _look_pgp(self, verb: str, identity: str) -> Signature:
        if self._keys.gpg_keys is None:
            return Signature(problem="it is signed with PGP, and no PGP keys are given")
        program("gpg")
        async with self._ready:
            await asyncio.to_thread(self._import, self._keys.gpg_keys)
        code, told = await self._verify(verb, identity, Path("/dev/null"))
        return _of_status(code, told)

    async def _verify(self, verb: str, identity: str, allowed: Path) -> tuple[int, str]:
        """Let git verify, with programs that we name: a repository has no say in them."""
        answer = await self._mirror.git(
            *options_of(allowed),
            verb,
            "--raw",
            identity,
            environment={"GNUPGHOME": str(self._home)},
        )
        return answer.code, f"{answer.error}\n{answer.output.decode('utf-8', 'replace')}"

    def _import(self, keys: Path) -> None:
        """Make the keyring of these keys alone."""
        content = _read(keys)
        marker = self._home / "trueup-keys"
        digest = hashlib.sha256(content).hexdigest()
        if marker.is_file() and marker.read_text(encoding="ascii", errors="replace") == digest:
            return
        shutil.rmtree(self._home, ignore_errors=True)
        self._home.mkdir(mode=0o700, parents=True)
        (self._home / "gpg.conf").write_text(_GPG_CONF, encoding="ascii")
        done = subprocess.run(
            [program("gpg"), "--homedir", str(self._home), "--quiet", "--import"],
            input=content,
            env={"PATH": PROGRAMS_PATH, "LC_ALL": "C", "HOME": str(self._home)},
            capture_output=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            told = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise Stalled.because(
                f"`{keys}` cannot be used as PGP keys: {told[-1][:200] if told else 'gpg failed'}",
                hint="write it with `gpg --export --armor KEY…`",
                code="trust/keys-unreadable",
            )
        marker.write_text(digest, encoding="ascii")


def options_of(allowed: Path, **more: str) -> tuple[str, ...]:
    """Give what git is told wherever it signs or verifies; `allowed` are the SSH signers.

    In `more` a `_` stands for the dot of a name.
    """
    options = {
        "gpg.program": _find("gpg"),
        "gpg.openpgp.program": _find("gpg"),
        "gpg.x509.program": "/bin/false",
        "gpg.ssh.program": _find("ssh-keygen"),
        "gpg.ssh.defaultKeyCommand": "",
        "gpg.ssh.revocationFile": "",
        "gpg.ssh.allowedSignersFile": str(allowed.absolute()),
        **{name.replace("_", "."): value for name, value in more.items()},
    }
    return tuple(word for name, value in options.items() for word in ("-c", f"{name}={value}"))


def _kind(commit: bytes) -> str:
    for line in commit.partition(b"\n\n")[0].split(b"\n"):
        if line.startswith(b"gpgsig "):
            if b"BEGIN SSH SIGNATURE" in line:
                return "ssh"
            return "pgp" if b"BEGIN PGP " in line else "other"
    return ""


def _kind_of_tag(tag: bytes) -> str:
    """Tell the kind of the last signature: git looks at that one, and at all before it as text."""
    starts = [line for line in tag.split(b"\n") if line.startswith(b"-----BEGIN ")]
    last = starts[-1] if starts else b""
    if last == b"-----BEGIN SSH SIGNATURE-----":
        return "ssh"
    if last in {b"-----BEGIN PGP SIGNATURE-----", b"-----BEGIN PGP MESSAGE-----"}:
        return "pgp"
    return "other" if last else ""


def _of_status(code: int, told: str) -> Signature:
    """Read what gpg says for programs: exactly one signature, and that a good one."""
    status = [line.removeprefix(_STATUS) for line in told.split("\n") if line.startswith(_STATUS)]
    words: dict[str, list[str]] = {}
    for line in status:
        word, _, rest = line.partition(" ")
        words.setdefault(word, []).append(rest)
    for word, problem in _BROKEN.items():
        if word in words:
            return Signature(problem=problem)
    good, valid = words.get("GOODSIG", []), words.get("VALIDSIG", [])
    if code != 0 or len(good) != 1 or len(valid) != 1:
        return Signature(problem="its signature cannot be checked")
    user = good[0].partition(" ")[2]
    mail = _MAIL.search(user)
    fields = valid[0].split()
    fingerprints = dict.fromkeys((fields[-1], fields[0]))
    return Signature((mail[1] if mail else user, *fingerprints))


def _find(name: str) -> str:
    """Give the whole path of a program; without it one that always says no."""
    return shutil.which(name, path=PROGRAMS_PATH) or "/bin/false"


def program(name: str) -> str:
    """Give the whole path of a program. Raises Stalled when it is not installed."""
    found = shutil.which(name, path=PROGRAMS_PATH)
    if found is None:
        raise Stalled.because(
            f"the program `{name}` is not installed, which signatures are checked with",
            hint="install gnupg and openssh-client with the package manager of this system",
            code="trust/no-program",
        )
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Stalled.because(
            f"`{path}` cannot be read: {error.strerror}",
            hint="`repository.signatures` of the settings names it",
            code="trust/keys-unreadable",
        ) from error
