"""What ever lay in the repository, as the mirror has it."""

from collections.abc import Collection

from controller.adapters.git._mirror import Mirror
from controller.model.history import PastBlob

LARGEST_BLOB = "1m"


class Past:
    """Lists the files of all commits; git is asked only for what was not listed before.

    After some thousand commits listing all of them takes as long as the rest of a commit's turn.
    """

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._tips: frozenset[str] = frozenset()
        self._most = 0
        self._found: tuple[PastBlob, ...] = ()

    async def blobs(self, at_most: int) -> tuple[PastBlob, ...]:
        """List so many, the newest first. Raises RepositoryUnreachable."""
        await self._mirror.prepare()
        tips = await self._references()
        known = self._tips if at_most == self._most else frozenset[str]()
        new = await self._list(tips, known) if known else None
        if new is None:  # the first time, or git has thrown away what was known
            known, new = frozenset(), await self._list(tips, ())
        if new is None:
            raise self._mirror.damaged("its history")
        again = {blob.identity for blob in new}
        before = (blob for blob in self._found if blob.identity not in again) if known else ()
        self._found = (*new, *before)[:at_most]
        self._tips, self._most = tips, at_most
        return self._found

    async def _references(self) -> frozenset[str]:
        answer = await self._mirror.git("for-each-ref", "--format=%(objectname)")
        if answer.code != 0:
            raise self._mirror.damaged("its references")
        return frozenset(answer.text.split())

    async def _list(
        self, tips: frozenset[str], known: Collection[str]
    ) -> tuple[PastBlob, ...] | None:
        """List what tips hold and those known do not; None when git cannot."""
        asked = [*sorted(tips - frozenset(known)), *(f"^{tip}" for tip in sorted(known))]
        if len(asked) == len(known):
            return ()
        answer = await self._mirror.git(
            "rev-list", "--objects", f"--filter=blob:limit={LARGEST_BLOB}", "--stdin",
            given="\n".join(asked).encode() + b"\n",
        )  # fmt: skip
        if answer.code != 0:
            return None
        lines = (line.partition(b" ") for line in answer.output.splitlines())
        named = {identity: path for identity, _, path in lines if path}
        files = await self._files_among(named)
        return tuple(
            PastBlob(identity.decode("ascii"), path.decode("utf-8", "replace"))
            for identity, path in named.items()
            if identity in files
        )

    async def _files_among(self, objects: Collection[bytes]) -> frozenset[bytes]:
        """Tell which of these are files; the others are folders, and there are more of them."""
        told = await self._mirror.git(
            "cat-file", "--batch-check=%(objectname) %(objecttype)", given=b"\n".join(objects)
        )
        if told.code != 0:
            raise self._mirror.damaged("its history")
        lines = (line.partition(b" ") for line in told.output.splitlines())
        return frozenset(identity for identity, _, kind in lines if kind == b"blob")
