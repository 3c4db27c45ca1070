"""Records of decisions: made and sealed, kept before anything is moved, found again by address."""

from collections.abc import Mapping

from controller.model.canonical import digest_of
from controller.model.decision import Decision
from controller.model.names import Digest
from controller.steps.decide.record import write_record
from controller.steps.decide.settle import Basis
from controller.workflows.backgrounds import Backgrounds
from controller.workflows.catalogs import Catalogs
from controller.workflows.pointers import DECISIONS
from controller.workflows.world import World


class Records:
    """Writes records, and reads their texts."""

    def __init__(self, world: World, catalogs: Catalogs) -> None:
        self._world = world
        self._backgrounds = Backgrounds(world, catalogs)

    async def make(self, decision: Decision, basis: Basis | None) -> tuple[Digest, str]:
        """Seal the record of a decision and keep it; gives its address and its text."""
        background = await self._backgrounds.of(decision)
        text = write_record(decision, self._world.seal, basis, background)
        return await self._world.artifacts.put(text.encode()), text

    async def find(self, digest: Digest) -> str | None:
        """Give the text of a record: what is kept here, or else on the promotions branch."""
        content = await self._world.artifacts.get(digest)
        if content is not None:
            return content.decode("utf-8", "replace")
        return on_branch(await self._world.pointers.read(DECISIONS), digest)


def on_branch(files: Mapping[str, str], digest: Digest) -> str | None:
    """Give the text of a record among the files of the promotions branch."""
    name = f"/{digest.removeprefix('sha256:')[:16]}.json"
    fitting = (
        text
        for path, text in files.items()
        if path.startswith(DECISIONS) and path.endswith(name) and digest_of(text) == digest
    )
    return next(fitting, None)
