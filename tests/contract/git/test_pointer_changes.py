"""Who changed a pointer, as the promotions branch tells, and commits that Trueup signs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.clock.memory import MemoryClock
from controller.adapters.git.gitpython import GitRepository
from controller.adapters.git.own_key import OwnKeyFile
from controller.adapters.git.signing import SigningKeys
from controller.diagnostics.errors import Stalled
from tests.contract.git.conftest import POINTERS, Site, Upstream
from tests.contract.git.signers import allowed_signers, gpg_person, public_keys, run, ssh_person

FILE = "shop/dev.yaml"


async def test_changes_of_a_file_are_told_the_newest_first(site: Site):
    assert len(await site.writer.changes(FILE, 9)) == 0  # there is no branch yet
    await site.writer.write({FILE: "1", "shop/qa.yaml": "1"}, message="one\n\nmore", expect={})
    site.push_pointers({FILE: "2"})
    site.push_pointers({"shop/qa.yaml": "2"})
    await site.writer.read()
    theirs, ours = await site.writer.changes(FILE, 9)
    assert (theirs.text, theirs.message.strip(), theirs.is_merge) == ("2", "by hand", False)
    assert theirs.proposers == (theirs.author,)
    assert (ours.text, ours.message.strip()) == ("1", "one\n\nmore")
    assert ours.committer == "Trueup <trueup@localhost>"
    assert (theirs.signature.identities, theirs.by_us, ours.by_us) == ((), None, None)
    assert [each.commit for each in await site.writer.changes(FILE, 1)] == [theirs.commit]


async def test_a_merge_is_one_change_by_those_who_made_what_it_brings(
    upstream: Upstream, repository: GitRepository
):
    writer = repository.pointers(MemoryClock())
    await writer.write({FILE: "1"}, message="one", expect={})
    clone = upstream.work.parent / "clone"
    upstream.run(upstream.work, "clone", "-q", "-b", POINTERS, str(upstream.origin), str(clone))
    upstream.run(clone, "checkout", "-q", "-b", "proposal")
    (clone / FILE).write_text("2")
    upstream.run(clone, "commit", "-q", "-a", "-m", "two", who="Bob <bob@x>")
    upstream.run(clone, "checkout", "-q", POINTERS)
    upstream.run(clone, "merge", "-q", "--no-ff", "-m", "merge", "proposal")
    upstream.run(clone, "push", "-q", "origin", POINTERS)
    await writer.read()
    merge, first = await writer.changes(FILE, 9)
    assert (merge.text, merge.is_merge, first.text) == ("2", True, "1")
    assert (merge.author, merge.proposers) == ("Ann <ann@localhost>", ("Bob <bob@x>",))


@pytest.fixture(params=["ssh", "gpg"])
def signing(
    request: pytest.FixtureRequest, upstream: Upstream, tmp_path: Path
) -> Iterator[GitRepository]:
    """A repository whose pointers are signed, with the public key among those that are known."""
    if request.param == "ssh":
        trueup = ssh_person(tmp_path, "trueup")
        keys = SigningKeys(allowed_signers=allowed_signers(tmp_path / "signers", trueup))
        own = OwnKeyFile(ssh=tmp_path / "trueup.key")
    else:
        trueup = gpg_person(tmp_path, "trueup")
        keys = SigningKeys(gpg_keys=public_keys(tmp_path / "known.asc", trueup))
        secret = run("gpg", "--homedir", str(trueup.home), "--export-secret-keys", "--armor")
        (tmp_path / "secret.asc").write_text(secret)
        own = OwnKeyFile(gpg=tmp_path / "secret.asc")
    opened = GitRepository(upstream.url, "main", tmp_path / "m", keys=keys, own_key=own)
    yield opened
    opened.close()


async def test_pointers_are_signed_by_git_and_known_for_our_own(
    upstream: Upstream, signing: GitRepository, tmp_path: Path
):
    writer = signing.pointers(MemoryClock())
    await writer.write({FILE: "1"}, message="one", expect={})
    await writer.write({FILE: "2"}, message="two\n\nTrailer: x", expect={FILE: "1"})
    upstream.push_pointers({FILE: "3"})
    await writer.read()
    theirs, second, first = await writer.changes(FILE, 9)
    assert [each.by_us for each in (theirs, second, first)] == [False, True, True]
    assert "trueup@example.com" in second.signature.identities
    assert (second.message.strip(), second.author) == (
        "two\n\nTrailer: x", "Trueup <trueup@localhost>",
    )  # fmt: skip
    upstream.run(upstream.origin, "fsck", "--strict", "--no-dangling")
    signing.close()
    home = tmp_path / "m.signing" / "gpg"
    if home.is_dir():  # no agent is left that would hold the key
        assert "no gpg-agent running" in ask_agent(home)


def ask_agent(home: Path) -> str:
    program = str(shutil.which("gpg-connect-agent"))
    return subprocess.run(
        [program, "--homedir", str(home), "--no-autostart", "/bye"],
        env={"PATH": os.environ["PATH"]}, capture_output=True, check=False, text=True,
    ).stderr  # fmt: skip


@pytest.mark.parametrize("content", [None, "no key at all"])
@pytest.mark.parametrize("kind", ["ssh", "gpg"])
async def test_a_key_that_cannot_be_used_writes_nothing(
    upstream: Upstream, mirror: Path, tmp_path: Path, kind: str, content: str | None
):
    key = tmp_path / "key"
    if content:
        key.write_text(content)
        key.chmod(0o600)
    own = OwnKeyFile(ssh=key) if kind == "ssh" else OwnKeyFile(gpg=key)
    repository = GitRepository(upstream.url, "main", mirror, own_key=own)
    with pytest.raises(Stalled, match="cannot be used to sign"):
        await repository.pointers(MemoryClock()).write({FILE: "1"}, message="one", expect={})
    assert upstream.run(upstream.origin, "branch", "--list", POINTERS) == ""
    repository.close()
