"""Where what is followed stands on the server: a branch, a tag, a range of versions, a commit."""

from collections.abc import Iterator

from controller.adapters.git._addresses import checked_branch, is_commit, is_plain_name
from controller.adapters.git._failures import branch_missing, commit_not_there, tag_missing
from controller.adapters.git._mirror import Mirror
from controller.diagnostics.errors import Stalled
from controller.model.following import Branch, Fixed, Following, FoundTag, Semver, Tag, choose_tag
from controller.model.names import Commit, Revision
from controller.ports.git import Head

WATCHED = "refs/trueup/watched"
_TAGS = "refs/trueup/tags"
_LONGEST = 200


def checked_following(following: Following) -> Following:
    """Give what may be followed. Raises Stalled for a name that git must not be told."""
    match following:
        case Branch(name):
            checked_branch(name)
        case Tag(pattern):
            checked_branch(pattern.replace("*", "x").replace("?", "x"))
        case Fixed(commit):
            if not is_commit(commit):
                raise Stalled.because(
                    f"{commit[:_LONGEST]!r} is no commit; expected 40 hexadecimal digits",
                    hint="`git rev-parse NAME` tells them",
                    code="fetch/commit-refused",
                )
        case Semver():
            pass
    return following


async def fetch_followed(mirror: Mirror, following: Following) -> Head:
    """Bring the mirror up to date, and give where what is followed stands.

    Raises RepositoryUnreachable, and Stalled when it is not there. For the holder of `guard`.
    """
    match following:
        case Branch(name):
            commit = await _fetch(mirror, f"refs/heads/{name}", WATCHED)
            if commit is None:
                raise branch_missing(mirror.url, name)
            return Head(Revision(name, commit))
        case Fixed(wanted):
            commit = await _fetch(mirror, wanted, WATCHED)
            if commit != wanted:
                raise commit_not_there(mirror.url, wanted)
            return Head(Revision("", wanted))
        case Tag() | Semver():
            return await _fetch_tags(mirror, following)


async def _fetch(mirror: Mirror, source: str, reference: str) -> Commit | None:
    return await mirror.resolve(reference) if await mirror.fetch(source, reference) else None


async def _fetch_tags(mirror: Mirror, following: Tag | Semver) -> Head:
    await mirror.fetch("refs/tags/*", f"{_TAGS}/*")
    found = choose_tag(following, await _tags(mirror))
    commit = await mirror.resolve(f"{_TAGS}/{found.name}") if found else None
    if found is None or commit is None:
        raise tag_missing(mirror.url, str(following))
    await mirror.git("update-ref", WATCHED, commit)
    await keep(mirror, commit)  # a tag may be taken away, and a pointer still name its commit
    return Head(Revision(found.name, commit), tag=found, chosen_by=following)


async def keep(mirror: Mirror, commit: Commit) -> None:
    """Keep a commit that no branch or tag holds any more: pointers may name it."""
    await mirror.git("update-ref", f"refs/trueup/kept/{commit}", commit)


async def _tags(mirror: Mirror) -> list[FoundTag]:
    form = "%(refname:strip=3) %(objectname) %(creatordate:unix) %(objecttype) %(*objecttype)"
    answer = await mirror.git("for-each-ref", f"--format={form}", f"{_TAGS}/")
    if answer.code != 0:
        raise mirror.damaged("the list of tags")
    return list(_parse_tags(answer.output))


def _parse_tags(listing: bytes) -> Iterator[FoundTag]:
    """Read the tags that lead to a commit; a name that is not plain text is nobody's to follow."""
    for line in listing.splitlines():
        try:
            name, identity, made_at, *kinds = line.decode("utf-8").split(" ")
            if not is_plain_name(name):
                continue
            if {"commit", "tag"} & set(kinds[-1:] if kinds[-1] else kinds[:1]):
                yield FoundTag(name, int(made_at), identity if kinds[0] == "tag" else "")
        except ValueError:
            continue
