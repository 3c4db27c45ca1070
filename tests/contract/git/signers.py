"""People who sign commits: keys made for a test, by gpg and by ssh-keygen."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.contract.git.conftest import Upstream


def run(*arguments: str, **variables: str) -> str:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", **variables}
    done = subprocess.run(arguments, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@dataclass(frozen=True)
class Person:
    """Somebody with a key; `options` make git sign with it."""

    name: str
    mail: str
    options: tuple[str, ...]
    home: Path
    fingerprint: str = ""

    def commit(self, upstream: Upstream, files: dict[str, str], *more: str) -> str:
        for path, content in files.items():
            target = upstream.work / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)
        upstream.git("add", "-A")
        upstream.git(*self.options, "commit", "-q", "--allow-empty", "-S", "-m", "signed", *more)
        return upstream.git("rev-parse", "HEAD")


def ssh_person(folder: Path, name: str) -> Person:
    key = folder / f"{name}.key"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key))
    options = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}.pub")
    told = run("ssh-keygen", "-l", "-f", f"{key}.pub").split()[1]
    return Person(name, f"{name}@example.com", options, folder, told)


def allowed_signers(file: Path, *people: Person) -> Path:
    lines = [
        f'{person.mail} namespaces="git" {key}'
        for person in people
        for key in [" ".join((person.home / f"{person.name}.key.pub").read_text().split()[:2])]
    ]
    file.write_text("".join(f"{line}\n" for line in lines))
    return file


def gpg_person(folder: Path, name: str, *, expires: str = "0") -> Person:
    home = folder / f"{name}-gpg"
    home.mkdir(mode=0o700)
    mail = f"{name}@example.com"
    gpg = ("gpg", "--homedir", str(home), "--batch", "--quiet")
    made = (*gpg, "--passphrase", "", "--faked-system-time", "20250101T000000")
    run(*made, "--quick-gen-key", f"{name.title()} <{mail}>", "ed25519", "sign", expires)
    listing = run(*gpg, "--list-keys", "--with-colons").splitlines()
    fingerprint = next(line.split(":")[9] for line in listing if line.startswith("fpr"))
    program = folder / f"{name}-gpg.sh"
    faked = " --faked-system-time 20250110T000000" if expires != "0" else ""
    program.write_text(f'#!/bin/sh\nexec gpg --homedir "{home}" --batch{faked} "$@"\n')
    program.chmod(0o755)
    options = ("-c", f"gpg.program={program}", "-c", f"user.signingkey={fingerprint}")
    return Person(name, mail, options, home, fingerprint)


def public_keys(file: Path, *people: Person) -> Path:
    file.write_text(
        "".join(
            run("gpg", "--homedir", str(person.home), "--export", "--armor") for person in people
        )
    )
    return file
