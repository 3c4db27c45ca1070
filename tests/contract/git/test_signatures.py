"""Signatures of real commits, looked at by the real git with keys made here."""

import asyncio
import shutil
from pathlib import Path

import pytest

from controller.adapters.git.gitpython import GitRepository
from controller.adapters.git.signing import SigningKeys
from controller.diagnostics.errors import Stalled
from controller.model.following import Tag
from controller.model.names import Commit
from tests.contract.git.conftest import Upstream
from tests.contract.git.signers import (
    Person,
    allowed_signers,
    gpg_person,
    public_keys,
    run,
    ssh_person,
)

pytestmark = pytest.mark.skipif(
    not (shutil.which("gpg") and shutil.which("ssh-keygen")), reason="gpg and ssh-keygen are wanted"
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("keys")
    yield folder
    for home in folder.glob("*-gpg"):
        run("gpgconf", "--homedir", str(home), "--kill", "gpg-agent")


@pytest.fixture(scope="module")
def people(keys: Path) -> dict[str, Person]:
    made = {name: ssh_person(keys, name) for name in ("ann", "ben", "eve")}
    made |= {name: gpg_person(keys, name) for name in ("gil", "mia")}
    made["old"] = gpg_person(keys, "old", expires="20250201T000000")
    return made


@pytest.fixture
def guarded(upstream: Upstream, mirror: Path, keys: Path, people: dict[str, Person]):
    opened = GitRepository(
        upstream.url,
        "main",
        mirror,
        keys=SigningKeys(
            public_keys(keys / "known.asc", people["gil"], people["old"]),
            allowed_signers(keys / "allowed", people["ann"], people["ben"]),
        ),
    )
    yield opened
    opened.close()


async def seen(upstream: Upstream, repository: GitRepository):
    upstream.push(force=True)
    head = await repository.fetch()
    return await repository.signature(head.revision.commit)


@pytest.mark.parametrize("name", ["ann", "gil"])
async def test_a_good_signature_names_its_signer(upstream, guarded, people, name):
    people[name].commit(upstream, {"a.yaml": "1"})
    found = await seen(upstream, guarded)
    assert found.signer == f"{name}@example.com"
    assert people[name].fingerprint in found.identities
    assert found.problem == ""


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("eve", "an SSH key that is not allowed"),
        ("mia", "a PGP key that was not given"),
        ("old", "the key of its signature has expired"),
    ],
)
async def test_a_signature_that_does_not_count_says_why(upstream, guarded, people, name, problem):
    people[name].commit(upstream, {"a.yaml": "1"})
    found = await seen(upstream, guarded)
    assert found.identities == ()
    assert problem in found.problem


async def test_an_unsigned_commit_has_no_signer(upstream, guarded):
    upstream.commit({"a.yaml": "1"})
    assert (await seen(upstream, guarded)).problem == "it is not signed"


@pytest.mark.parametrize("name", ["ann", "gil"])
async def test_a_signature_of_another_commit_does_not_count(upstream, guarded, people, name):
    people[name].commit(upstream, {"a.yaml": "1"})
    raw = upstream.run(upstream.work, "cat-file", "commit", "HEAD") + "\n"
    forged = raw.replace("\n\nsigned", "\n\nforged")
    commit = upstream.git("hash-object", "-t", "commit", "-w", "--stdin", given=forged.encode())
    upstream.git("update-ref", "HEAD", commit)
    found = await seen(upstream, guarded)
    assert found.identities == ()
    assert found.problem


async def test_without_keys_of_a_kind_its_signatures_do_not_count(
    upstream, mirror, people, tmp_path
):
    people["ann"].commit(upstream, {"a.yaml": "1"})
    only_gpg = SigningKeys(public_keys(tmp_path / "k.asc", people["gil"]), None)
    repository = GitRepository(upstream.url, "main", mirror, keys=only_gpg)
    assert "no allowed signers" in (await seen(upstream, repository)).problem
    people["gil"].commit(upstream, {"a.yaml": "2"})
    assert (await seen(upstream, repository)).signer == "gil@example.com"
    repository.close()


@pytest.mark.parametrize(("name", "there"), [("ann", "ssh-keygen"), ("gil", "gpg")])
async def test_only_the_program_that_is_needed_has_to_be_there(
    upstream, guarded, people, tmp_path, monkeypatch, name, there
):
    from controller.adapters.git import signing

    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / there).symlink_to(str(shutil.which(there)))
    monkeypatch.setattr(signing, "PROGRAMS_PATH", str(tmp_path / "bin"))
    people[name].commit(upstream, {"a.yaml": "1"})
    assert (await seen(upstream, guarded)).signer == f"{name}@example.com"
    (tmp_path / "bin" / there).unlink()
    with pytest.raises(Stalled, match=f"`{there}` is not installed"):
        await seen(upstream, guarded)


async def test_keys_are_read_anew_when_their_file_changes(upstream, guarded, people, keys):
    for name in ("mia", "eve"):
        people[name].commit(upstream, {"a.yaml": name})
        assert (await seen(upstream, guarded)).identities == ()
        if name == "mia":
            public_keys(keys / "known.asc", people["mia"])
        else:
            allowed_signers(keys / "allowed", people["eve"])
        assert (await seen(upstream, guarded)).signer == f"{name}@example.com"


async def test_keys_that_cannot_be_read_are_said(upstream, guarded, people, keys):
    people["gil"].commit(upstream, {"a.yaml": "1"})
    (keys / "known.asc").write_text("no keys at all")
    with pytest.raises(Stalled, match="cannot be used as PGP keys"):
        await seen(upstream, guarded)
    (keys / "known.asc").unlink()
    with pytest.raises(Stalled, match="cannot be read"):
        await seen(upstream, guarded)


async def test_nothing_in_the_repository_or_around_it_names_the_program(
    upstream, guarded, people, mirror, tmp_path, monkeypatch
):
    marker = tmp_path / "pwned"
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {marker}\n")
    evil.chmod(0o755)
    people["ann"].commit(upstream, {".gitconfig": f"[gpg]\n\tprogram = {evil}\n", "a": "1"})
    assert (await seen(upstream, guarded)).signer == "ann@example.com"
    for option in ("gpg.program", "gpg.openpgp.program", "gpg.ssh.program", "gpg.x509.program"):
        upstream.run(mirror, "config", option, str(evil))
    upstream.run(mirror, "config", "gpg.ssh.defaultKeyCommand", str(evil))
    monkeypatch.setenv("GNUPGHOME", str(people["mia"].home))
    for name, signer in (("gil", "gil@example.com"), ("ben", "ben@example.com"), ("mia", "")):
        people[name].commit(upstream, {"a": name})
        assert (await seen(upstream, guarded)).signer == signer
    assert not marker.exists()


async def test_an_x509_signature_does_not_count_and_starts_nothing(upstream, guarded):
    upstream.commit({"a.yaml": "1"})
    raw = upstream.run(upstream.work, "cat-file", "commit", "HEAD")
    head, _, message = raw.partition("\n\n")
    signed = f"{head}\ngpgsig -----BEGIN SIGNED MESSAGE-----\n x\n -----END SIGNED MESSAGE-----"
    text = f"{signed}\n\n{message}\n"
    commit = upstream.git("hash-object", "-t", "commit", "-w", "--stdin", given=text.encode())
    upstream.git("update-ref", "HEAD", commit)
    assert "neither of PGP nor of SSH" in (await seen(upstream, guarded)).problem


async def test_what_was_not_accepted_cannot_be_read(upstream, guarded):
    first = upstream.commit({"a.yaml": "1"})
    second = upstream.commit({"a.yaml": "2"})
    await guarded.fetch()
    with pytest.raises(Stalled, match="was not accepted"):
        await guarded.snapshot(second)
    await guarded.accept(second)
    assert (await guarded.snapshot(second)).read("a.yaml") == b"2"
    assert (await guarded.snapshot(first)).read("a.yaml") == b"1"  # it came before
    third = upstream.commit({"a.yaml": "3"})
    await guarded.fetch()
    with pytest.raises(Stalled, match="was not accepted"):
        await guarded.snapshot(third)
    await guarded.accept(third)
    await guarded.accept(third)
    await guarded.accept(Commit("not a commit"))
    listed = await asyncio.to_thread(
        upstream.run, guarded._mirror.path, "for-each-ref", "refs/trueup/accepted"
    )
    assert listed.count("refs/trueup/accepted") == 1


def push_tag(upstream: Upstream, *arguments: str) -> None:
    upstream.git(*arguments)
    upstream.git("push", "-q", "-f", "--tags", "origin")


@pytest.fixture
def tagged(upstream: Upstream, mirror: Path, keys: Path, people: dict[str, Person]):
    known = SigningKeys(
        public_keys(keys / "tags.asc", people["gil"]), allowed_signers(keys / "tags", people["ann"])
    )
    opened = GitRepository(upstream.url, Tag("v*"), mirror, keys=known)
    yield opened
    opened.close()


async def tag_signature(repository: GitRepository):
    head = await repository.fetch()
    assert head.tag is not None
    return await repository.tag_signature(head.tag, head.revision.commit)


@pytest.mark.parametrize("name", ["ann", "gil"])
async def test_a_signed_tag_names_its_signer(upstream, tagged, people, name):
    upstream.commit({"a.yaml": "1"})
    push_tag(upstream, *people[name].options, "tag", "-s", "-m", "x", "v1")
    assert (await tag_signature(tagged)).signer == f"{name}@example.com"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("tag", "v1"), "not annotated"),
        (("tag", "-a", "-m", "x", "v1"), "not signed"),
        (("tag", "-a", "-m", "x\n\n-----BEGIN SIGNED MESSAGE-----", "v1"), "neither of PGP"),
    ],
)
async def test_a_tag_that_nobody_signed_does_not_count(upstream, tagged, arguments, problem):
    upstream.commit({"a.yaml": "1"})
    push_tag(upstream, *arguments)
    assert problem in (await tag_signature(tagged)).problem


async def test_a_tag_of_a_stranger_or_of_another_name_does_not_count(upstream, tagged, people):
    upstream.commit({"a.yaml": "1"})
    push_tag(upstream, *people["eve"].options, "tag", "-s", "-m", "x", "v1")
    assert "not allowed" in (await tag_signature(tagged)).problem
    upstream.git(*people["ann"].options, "tag", "-s", "-m", "x", "old")
    upstream.git("update-ref", "refs/tags/v1", "refs/tags/old")
    push_tag(upstream, "tag", "-d", "old")
    assert "another name" in (await tag_signature(tagged)).problem
