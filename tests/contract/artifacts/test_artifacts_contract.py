import asyncio
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from controller.adapters.artifacts.disk import DiskArtifacts
from controller.adapters.artifacts.memory import MemoryArtifacts
from controller.adapters.clock.memory import MemoryClock
from controller.diagnostics.errors import Stalled, Transient
from controller.model.names import Digest
from controller.ports.artifacts import Artifacts

EMPTY = Digest("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")


@pytest.fixture(params=["memory", "disk"])
def artifacts(request: pytest.FixtureRequest, tmp_path: Path, clock: MemoryClock) -> Artifacts:
    if request.param == "memory":
        return MemoryArtifacts(clock.now)
    return DiskArtifacts(tmp_path / "artifacts", clock.now)


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def disk(tmp_path: Path, clock: MemoryClock) -> DiskArtifacts:
    return DiskArtifacts(tmp_path / "artifacts", clock.now)


@pytest.mark.parametrize("content", [b"", b"text\n", bytes(range(256)) * 4096])
async def test_what_is_put_can_be_got_by_its_address(artifacts: Artifacts, content: bytes):
    digest = await artifacts.put(content)
    assert await artifacts.get(digest) == content
    assert await artifacts.put(content) == digest


async def test_the_address_is_the_sha256_of_the_content(artifacts: Artifacts):
    assert await artifacts.put(b"") == EMPTY


async def test_what_was_never_put_is_not_there(artifacts: Artifacts):
    assert await artifacts.get(EMPTY) is None
    assert EMPTY.removeprefix("sha256:")[2:] in artifacts.locate(EMPTY)


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:../../etc/passwd", "md5:" + "0" * 64])
async def test_what_is_no_address_is_refused(artifacts: Artifacts, digest: str):
    with pytest.raises(ValueError, match="is no address"):
        await artifacts.get(Digest(digest))
    with pytest.raises(ValueError, match="is no address"):
        artifacts.locate(Digest(digest))


async def test_files_and_folders_are_for_their_owner_alone(disk: DiskArtifacts):
    path = Path(disk.locate(await disk.put(b"plan")))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert all(stat.S_IMODE(folder.stat().st_mode) == 0o700 for folder in list(path.parents)[:3])


async def test_what_was_put_is_there_after_a_new_start(
    disk: DiskArtifacts, tmp_path: Path, clock: MemoryClock
):
    digest = await disk.put(b"kept")
    assert await DiskArtifacts(tmp_path / "artifacts", clock.now).get(digest) == b"kept"


async def test_a_damaged_file_is_never_given_and_is_mended_by_putting_it_again(disk: DiskArtifacts):
    digest = await disk.put(b"evidence")
    Path(disk.locate(digest)).write_bytes(b"evidencE")
    with pytest.raises(Stalled, match="damaged"):
        await disk.get(digest)
    await disk.put(b"evidence")
    assert await disk.get(digest) == b"evidence"


async def test_nothing_is_left_in_the_temporary_folder(disk: DiskArtifacts, tmp_path: Path):
    await disk.put(b"a")
    assert list((tmp_path / "artifacts" / "tmp").iterdir()) == []


async def test_a_place_that_cannot_be_written_is_said_in_words(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Transient, match="cannot be opened"):
        DiskArtifacts(tmp_path / "file" / "artifacts", MemoryClock().now)


async def test_what_is_stored_is_listed_with_when_it_was_put_last(
    artifacts: Artifacts, clock: MemoryClock
):
    assert list(await artifacts.stored()) == []
    digest = await artifacts.put(b"1234")
    clock.advance(60)
    await artifacts.put(b"1234")
    (found,) = await artifacts.stored()
    assert (found.digest, found.size, found.put_at) == (digest, 4, clock.now())


async def test_what_was_put_again_is_not_removed(artifacts: Artifacts, clock: MemoryClock):
    digest = await artifacts.put(b"wanted again")
    clock.advance(60)
    condemned = clock.now()
    await artifacts.put(b"wanted again")
    assert not await artifacts.remove(digest, unless_put_since=condemned)
    assert await artifacts.get(digest) == b"wanted again"
    clock.advance(60)
    assert await artifacts.remove(digest, unless_put_since=clock.now())
    assert await artifacts.remove(digest, unless_put_since=clock.now())
    assert (await artifacts.get(digest), list(await artifacts.stored())) == (None, [])


async def test_of_a_put_and_a_removal_at_once_what_was_put_is_there(
    artifacts: Artifacts, clock: MemoryClock
):
    for _ in range(100):
        digest = await artifacts.put(b"content")
        clock.advance(1)
        condemned = clock.now() + timedelta(seconds=-0.5)
        await asyncio.gather(
            artifacts.remove(digest, unless_put_since=condemned), artifacts.put(b"content")
        )
        assert await artifacts.get(digest) == b"content"
