import asyncio

import pytest

from controller.diagnostics.errors import Bug, PlanStale, RepositoryUnreachable, Stalled
from controller.model.names import Commit
from controller.model.snapshot import FileKind
from tests.contract.git.conftest import Site


async def test_the_head_is_what_was_pushed_last(site: Site):
    for number in range(2):
        commit = site.commit({"a.yaml": f"{number}\n"})
        head = await site.reader.fetch()
        assert str(head.revision) == f"main@sha1:{commit}"
        assert head.rewritten_from is None


async def test_a_branch_that_is_not_there_is_stalled(site: Site):
    with pytest.raises(Stalled, match="has no branch `main`"):
        await site.reader.fetch()


async def test_a_rewritten_history_is_noticed_once_and_the_old_commit_is_kept(site: Site):
    before = site.commit({"a.yaml": "old\n"})
    await site.reader.fetch()
    after = site.rewrite({"b.yaml": "new\n"})
    head = await site.reader.fetch()
    assert (head.revision.commit, head.rewritten_from) == (after, before)
    assert (await site.reader.fetch()).rewritten_from is None
    assert list((await site.reader.snapshot(before)).files) == ["a.yaml"]


async def test_whatever_ever_lay_there_can_be_listed_and_read(site: Site):
    site.commit({"a.yaml": "one\n", "d/e.yaml": "two\n"})
    site.commit({"a.yaml": "three\n", "d/e.yaml": None})
    await site.reader.fetch()
    listed = await site.reader.past_blobs(100)
    found = {each.path: await site.reader.past_blob(each.identity) for each in listed}
    assert {path: content for path, content in found.items() if path == "d/e.yaml"} == {
        "d/e.yaml": b"two\n"
    }
    contents = [await site.reader.past_blob(each.identity) for each in listed]
    assert sorted(content for content in contents if content is not None) == [
        b"one\n", b"three\n", b"two\n",
    ]  # fmt: skip
    site.commit({"a.yaml": "four\n"})
    await site.reader.fetch()
    again = await site.reader.past_blobs(100)
    files = [each for each in again if each.path == "a.yaml"]
    contents = [await site.reader.past_blob(each.identity) for each in files]
    assert contents[0] == b"four\n"
    assert set(contents[1:]) == {b"one\n", b"three\n"}
    assert sorted(each.path for each in again) == ["a.yaml", "a.yaml", "a.yaml", "d/e.yaml"]
    assert set(listed) < set(again)
    assert again == await site.reader.past_blobs(100)
    assert len(await site.reader.past_blobs(1)) == 1
    assert await site.reader.past_blob("0" * 40) is None


async def test_a_snapshot_shows_the_files_of_its_commit(site: Site):
    first = site.commit({"a.yaml": "one\n", "d/e/f.yaml": "two\n", "empty": ""}, "the subject")
    second = site.commit({"a.yaml": "three\n", "empty": None})
    await site.reader.fetch()
    snapshot = await site.reader.snapshot(first)
    assert sorted(snapshot.files) == ["a.yaml", "d/e/f.yaml", "empty"]
    assert [snapshot.read(path) for path in ("a.yaml", "d/e/f.yaml", "empty")] == [
        b"one\n",
        b"two\n",
        b"",
    ]
    file = snapshot.files["d/e/f.yaml"]
    assert (file.path, file.size, file.kind) == ("d/e/f.yaml", 4, FileKind.REGULAR)
    assert (snapshot.subject, snapshot.author) == ("the subject", "Ann <ann@localhost>")
    assert str(snapshot.revision) == f"main@sha1:{first}"
    later = await site.reader.snapshot(second)
    assert later.read("a.yaml") == b"three\n"
    assert later != snapshot
    assert "empty" not in later.files


async def test_two_snapshots_of_a_commit_are_equal(site: Site):
    commit = site.commit({"a.yaml": "one\n"})
    await site.reader.fetch()
    assert await site.reader.snapshot(commit) == await site.reader.snapshot(commit)


async def test_a_path_that_is_not_there_is_a_key_error(site: Site):
    commit = site.commit({"a.yaml": "one\n"})
    await site.reader.fetch()
    with pytest.raises(KeyError):
        (await site.reader.snapshot(commit)).read("b.yaml")


@pytest.mark.parametrize("commit", ["f" * 40, "main", "--help", "HEAD", ""])
async def test_a_commit_that_was_never_fetched_is_stalled(site: Site, commit: str):
    site.commit({"a.yaml": "one\n"})
    await site.reader.fetch()
    with pytest.raises(Stalled, match="is not in the mirror"):
        await site.reader.snapshot(Commit(commit))


async def test_a_repository_that_is_gone_is_unreachable_in_words(site: Site):
    site.commit({"a.yaml": "one\n"})
    await site.reader.fetch()
    site.break_off()
    for attempt in (
        site.reader.fetch(),
        site.writer.read(),
        site.writer.write({"a.yaml": "b"}, message="m", expect={}),
    ):
        with pytest.raises(RepositoryUnreachable) as raised:
            await attempt
        assert raised.value.diagnostics[0].hint


async def test_a_snapshot_can_be_read_while_the_repository_is_gone(site: Site):
    commit = site.commit({"a.yaml": "one\n"})
    await site.reader.fetch()
    site.break_off()
    assert (await site.reader.snapshot(commit)).read("a.yaml") == b"one\n"


async def test_pointers_are_empty_before_the_branch_exists(site: Site):
    site.commit({"a.yaml": "one\n"})
    assert await site.writer.read() == {}


async def test_a_pointer_that_is_written_is_read_back(site: Site):
    first = await site.writer.write(
        {"shop/dev.yaml": "1\n", "shop/prod.yaml": "1\n"},
        message="two",
        expect={"shop/dev.yaml": None},
    )
    second = await site.writer.write(
        {"shop/dev.yaml": "2\n"}, message="one", expect={"shop/dev.yaml": "1\n"}
    )
    assert first != second
    assert await site.writer.read() == {"shop/dev.yaml": "2\n", "shop/prod.yaml": "1\n"}
    assert site.commits() == 2


async def test_only_the_files_of_some_folders_are_read(site: Site):
    files = {"shop/dev.yaml": "1\n", "decisions/shop/dev/a.json": "2\n", "shopping/dev.yaml": "3\n"}
    await site.writer.write(files, message="m", expect={})
    assert await site.writer.read("shop/") == {"shop/dev.yaml": "1\n"}
    assert await site.writer.read("decisions/shop/", "shopping/") == dict(list(files.items())[1:])
    assert await site.writer.read("else/") == {}


async def test_a_write_that_already_stands_makes_no_commit(site: Site):
    wanted = {"shop/dev.yaml": "1\n"}
    first = await site.writer.write(wanted, message="m", expect={"shop/dev.yaml": None})
    assert await site.writer.write(wanted, message="m", expect={"shop/dev.yaml": None}) == first
    assert site.commits() == 1


@pytest.mark.parametrize("expected", [None, "2\n"])
async def test_whoever_expects_what_is_not_so_is_stale(site: Site, expected: str | None):
    await site.writer.write({"shop/dev.yaml": "1\n"}, message="m", expect={})
    with pytest.raises(PlanStale, match=r"shop/dev\.yaml.*another content"):
        await site.writer.write(
            {"shop/dev.yaml": "3\n"}, message="m", expect={"shop/dev.yaml": expected}
        )
    with pytest.raises(PlanStale, match=r"shop/prod\.yaml.*is not there"):
        await site.writer.write({"a.yaml": "3\n"}, message="m", expect={"shop/prod.yaml": "1\n"})
    assert await site.writer.read() == {"shop/dev.yaml": "1\n"}


async def test_what_others_push_is_read_and_kept(site: Site):
    await site.writer.write({"shop/dev.yaml": "1\n"}, message="m", expect={})
    site.push_pointers({"README.md": "by hand\n"})
    await site.writer.write({"shop/dev.yaml": "2\n"}, message="m", expect={"shop/dev.yaml": "1\n"})
    assert await site.writer.read() == {"README.md": "by hand\n", "shop/dev.yaml": "2\n"}


async def test_two_writers_at_once_both_succeed_or_one_is_stale(site: Site):
    await site.writer.write({"n.yaml": "0"}, message="m", expect={})
    results = await asyncio.gather(
        *(
            site.writer.write({"n.yaml": text}, message="m", expect={"n.yaml": "0"})
            for text in ("1", "2")
        ),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["PlanStale", "str"]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../up.yaml",
        "a/../b.yaml",
        "a//b",
        ".git/config",
        "a/.git/config",
        "a\nb",
        "-x",
        "a b",
        "x.lock",
        "a/",
    ],
)
async def test_a_path_that_no_pointer_has_is_a_bug(site: Site, path: str):
    with pytest.raises(Bug, match="path of a pointer"):
        await site.writer.write({path: "1"}, message="m", expect={})


async def test_a_file_is_never_pushed_aside_by_a_folder_or_the_other_way_round(site: Site):
    await site.writer.write({"shop": "1", "other/dev.yaml": "1"}, message="m", expect={})
    for path in ("shop/dev.yaml", "other"):
        with pytest.raises(Stalled, match="is in the way"):
            await site.writer.write({path: "1"}, message="m", expect={})
    assert await site.writer.read() == {"shop": "1", "other/dev.yaml": "1"}


async def test_writing_nothing_is_a_bug(site: Site):
    with pytest.raises(Bug, match="without any file"):
        await site.writer.write({}, message="m", expect={})
