"""What becomes of a pointer that somebody edits, on a real branch of a real repository."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from controller.adapters.git.gitpython import GitRepository
from controller.adapters.git.own_key import OwnKeyFile
from controller.adapters.git.signing import SigningKeys
from controller.adapters.seal.memory import MemorySeal
from controller.diagnostics.errors import Stalled
from controller.model.caller import Caller, Member, Role
from controller.model.canonical import digest_of
from controller.model.history import SignersRule, Trust
from controller.model.names import StageName
from controller.model.release import Pointer
from controller.workflows.holding import moves_of
from controller.workflows.pointers import (
    bind,
    decision_path,
    decisions_path,
    read_pointer,
    write_pointer,
)
from tests.contract.git.conftest import POINTERS, Upstream
from tests.contract.git.signers import Person, allowed_signers, ssh_person
from tests.support.worlds import Life, MemoryWorld

DOCUMENTS = """\
apiVersion: platform/v1
kind: Environment
metadata: {name: dev}
spec: {engine: embedded, providers: {localcloud: {}}}
---
apiVersion: platform/v1
kind: Environment
metadata: {name: production}
spec: {engine: embedded, providers: {localcloud: {}}}
---
apiVersion: platform/v1
kind: Product
metadata: {name: shop}
spec: {owner: team-shop, environments: [dev, production]}
---
apiVersion: platform/v1
kind: Pipeline
metadata: {name: shop, product: shop}
spec:
  stages:
    - environment: dev
    - environment: production
      after: [dev]
      auto: false
"""
STACK = """\
apiVersion: platform/v1
kind: Stack
metadata: {{name: storage, product: shop}}
spec: {{module: modules/local/storage, inputs: {{labels: {{holds: "{0}"}}}}}}
"""
OPERATOR = Caller("olga", Role.OPERATOR)
PRODUCTION = "shop/production"
STAGE = StageName.parse(PRODUCTION)
FILE = f"{PRODUCTION}.yaml"
FACT = f"pointer/{PRODUCTION}"
GRACE = Member(
    Caller("grace", Role.APPROVER, ("release-managers",)), ("grace@example.com", "g@example.com")
)
CASEY = "Casey <casey@example.com>"
OLGA = "olga <olga@example.com>"


@dataclass
class Scene:
    """Production at a first release, and a second one in dev that may come when it is asked for."""

    world: MemoryWorld
    life: Life
    upstream: Upstream
    first: str
    second: str

    @property
    def file(self) -> str:
        return self.upstream.run(self.upstream.origin, "show", f"{POINTERS}:{FILE}") + "\n"

    def head(self) -> str:
        return self.upstream.run(self.upstream.origin, "rev-parse", POINTERS)

    def git(self, who: str, *arguments: str) -> str:
        """Do something in somebody's clone of the branch."""
        clone = self.upstream.work.parent / "clone"
        if not clone.is_dir():
            self.upstream.run(
                self.upstream.work, "clone", "-q", "-b", POINTERS,
                str(self.upstream.origin), str(clone),
            )  # fmt: skip
        return self.upstream.run(clone, *arguments, who=who)

    def write(self, text: str | None) -> None:
        place = self.upstream.work.parent / "clone" / FILE
        place.unlink() if text is None else place.write_text(text)

    def edit(self, text: str | None, who: str = OLGA, *options: str, signed: bool = False) -> str:
        """Commit another text of the file on top of the branch and push it."""
        self.git(who, "fetch", "-q")
        self.git(who, "reset", "-q", "--hard", f"origin/{POINTERS}")
        self.write(text)
        self.git(who, *options, "commit", "-q", "-a", "-m", "by hand", *(["-S"] * signed))
        self.git(who, "push", "-q", "origin", f"HEAD:{POINTERS}")
        return self.head()

    async def forge(self, who: str) -> None:
        """Push a pointer to the first release as Trueup would, but for the seal of the record."""
        (digest, promoted), *_ = await moves_of(self.life.parts, STAGE)
        clone = self.upstream.work.parent / "clone"
        record = (clone / decision_path(STAGE, digest)).read_text()
        record = record.replace(f'"number": {promoted.number}', f'"number": {promoted.number + 1}')
        made = digest_of(record)
        (clone / decision_path(STAGE, made)).write_text(record)
        pointer = read_pointer(STAGE, {FILE: self.file})
        assert pointer is not None
        text = write_pointer(
            replace(pointer, decision=made, number=pointer.number + 1, taken_back=())
        )
        self.write(text)
        self.git(who, "add", "-A")
        self.git(who, "commit", "-q", "-m", bind("shop/production: promote", text))
        self.git(who, "push", "-q", "origin", f"HEAD:{POINTERS}")

    def pointed_at(self, commit: str) -> str:
        return self.file.replace(self.first, commit)

    async def by_hand(self, edited: str):
        """Give the one record of an edit: sealed, on top of the edit, which is as it was."""
        history = await self.life.app.promotions.history(PRODUCTION)
        (found,) = [each for each in history if each.kind == "by-hand"]
        assert (found.standing, edited[:12] in found.because) == ("valid", True)
        assert (await self.life.app.decisions.verify(found.decision)).standing == "valid"
        assert edited in self.upstream.log(POINTERS, "%H")
        return found

    async def digests(self) -> tuple[str, str]:
        """Give the digests of the first release and of the second one."""
        seen = await self.world.ledger.releases("shop", limit=9)
        first, second = (
            next(each.digest for each in seen if each.commit == commit)
            for commit in (self.first, self.second)
        )
        return first, second

    async def look(self):
        await self.life.pass_time(400)
        return await self.life.app.stage(PRODUCTION)

    async def restart(self, *, lost: bool = False) -> None:
        if lost:
            self.world.ledger = type(self.world.ledger)()
            self.world.wakeups = type(self.world.wakeups)()
        self.life = self.world.start()
        await self.life.begin()
        await self.life.settle()


Begin = Callable[..., object]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    opened = []

    async def begun(more: str = "", *, members=(), keys=None, own_key=None) -> Scene:
        upstream = Upstream(tmp_path)
        upstream.commit({"x": "y"})
        repository = GitRepository(
            upstream.url, "main", tmp_path / "mirror.git", timeout=60.0, own_key=own_key, keys=keys
        )
        opened.append(repository)
        world = MemoryWorld(members=members)
        world.pointers = repository.pointers(world.clock)
        world.repository.commit(
            {"platform.yaml": DOCUMENTS + more, "stack.yaml": STACK.format("one")}, author=CASEY
        )
        life = world.start()
        await life.begin()
        await life.settle()
        await life.app.promote(OPERATOR, PRODUCTION)
        await life.settle()
        if "approvals" in more:
            await life.app.promotions.approve(GRACE.caller, PRODUCTION)
            await life.settle()
        first = (await life.app.stage(PRODUCTION)).commit
        second = world.repository.commit({"stack.yaml": STACK.format("two")}, author=CASEY)
        await life.pass_time(31)
        assert first != second
        return Scene(world, life, upstream, first, second)

    yield begun
    for repository in opened:
        repository.close()


async def test_a_hand_edit_is_refused_and_a_person_takes_it_over(begin) -> None:
    scene = await begin()
    edited = scene.edit(scene.pointed_at(scene.second))
    await scene.life.pass_time(31)  # the next look at the repository sees it
    assert len(await scene.life.events("HandEdited")) == 1
    for _ in range(2):
        stage = await scene.look()
        assert (stage.commit, scene.head()) == (scene.first, edited)
    assert stage.hand_edited.startswith(
        f"somebody to look: `{FILE}` was edited by olga@example.com in {edited[:12]}:"
        " `handEdits: refuse` of the pipeline; `trueup promote shop/production --accept` asks for"
        f" shop@{scene.second[:12]}"
    )
    assert stage.hand_edited in (stage.waiting_for, *stage.blocked_by)
    assert len(await scene.life.events("HandEdited")) == 1
    with pytest.raises(Stalled, match="was edited by olga"):
        await scene.life.app.promotions.hold(OPERATOR, PRODUCTION, "lunch")

    await scene.life.app.promotions.accept_edit(OPERATOR, PRODUCTION)
    stage = await scene.look()
    assert (stage.commit, stage.hand_edited) == (scene.second, "")
    assert edited in scene.upstream.log(POINTERS, "%H")
    record = await scene.life.app.decision(stage.decision)
    (item,) = [each for each in record["items"] if each["check"] == "edited by hand"]
    assert "was edited by olga@example.com" in item["detail"]
    assert item["detail"].endswith("olga asks for what it says")
    with pytest.raises(Stalled, match="nobody has edited"):
        await scene.life.app.promotions.accept_edit(OPERATOR, PRODUCTION)


@pytest.mark.parametrize("what", ["gone", "hold"])
async def test_what_says_no_release_is_put_back_by_a_commit_on_top(begin, what: str) -> None:
    scene = await begin("      handEdits: approve\n")
    own = scene.file
    edited = scene.edit(
        {
            "gone": None,
            "hold": own + "hold: {by: me, at: '2026-01-01T00:00:00Z', reason: so}\n",
        }[what]
    )
    stage = await scene.look()
    assert (stage.commit, scene.head(), stage.held_by) == (scene.first, edited, "")
    assert edited[:12] in stage.hand_edited
    with pytest.raises(Stalled, match="names no release"):
        await scene.life.app.promotions.accept_edit(OPERATOR, PRODUCTION)
    await scene.life.app.promotions.put_back(OPERATOR, PRODUCTION, "a mistake")
    stage = await scene.look()
    assert (stage.commit, stage.hand_edited) == (scene.first, "")
    assert scene.upstream.log(POINTERS, "%H")[1] == edited
    assert f'commit: "{scene.first}"' in scene.file
    move = (await scene.life.app.promotions.history(PRODUCTION))[0]
    assert (move.kind, move.by, move.standing) == ("put-back", "olga", "valid")
    assert move.because.endswith(": a mistake")


async def test_a_rollback_goes_over_an_edit(begin) -> None:
    scene = await begin()
    await scene.life.app.promote(OPERATOR, PRODUCTION)
    await scene.life.settle()
    edited = scene.edit(scene.file.replace("release: sha256:", "release: sha256:9"))
    await scene.life.app.promotions.roll_back(OPERATOR, PRODUCTION, "orders fail")
    stage = await scene.look()
    assert (stage.commit, stage.held_by, stage.hand_edited) == (scene.first, "olga", "")
    assert scene.upstream.log(POINTERS, "%H")[1] == edited


APPROVE = """\
      handEdits: approve
      approvals: {required: 1, from: [release-managers]}
"""


@pytest.mark.parametrize(
    ("proposer", "merger", "comes"),
    [
        (OLGA, "Grace <g@example.com>", "olga"),
        (OLGA, CASEY, ""),  # casey made the release
    ],
)
async def test_a_merged_proposal_is_an_approval(begin, proposer, merger, comes) -> None:
    casey = Member(Caller("casey", Role.APPROVER, ("release-managers",)), ("casey@example.com",))
    scene = await begin(APPROVE, members=(GRACE, casey))
    scene.git(proposer, "checkout", "-q", "-b", "proposal")
    scene.write(scene.pointed_at(scene.second))
    scene.git(proposer, "commit", "-q", "-a", "-m", "second to production")
    scene.git(merger, "checkout", "-q", POINTERS)
    scene.git(merger, "merge", "-q", "--no-ff", "proposal", "-m", "merge")
    scene.git(merger, "push", "-q", "origin", POINTERS)
    merge = scene.head()
    stage = await scene.look()
    if not comes:
        assert (stage.commit, scene.head()) == (scene.first, merge)
        assert "other than its author Casey" in " ".join((stage.waiting_for, *stage.blocked_by))
        await scene.life.app.promotions.abort(OPERATOR, PRODUCTION, "not now")
        stage = await scene.look()
        assert (stage.commit, stage.hand_edited) == (scene.first, "")
        return
    assert (stage.commit, stage.hand_edited) == (scene.second, "")
    assert merge in scene.upstream.log(POINTERS, "%H")
    move = (await scene.life.app.promotions.history(PRODUCTION))[0]
    assert (move.by, "approved by grace <g@example.com>" in move.because) == (OLGA, True)


async def test_a_proposal_that_is_taken_back_approves_nothing(begin) -> None:
    scene = await begin(APPROVE, members=(GRACE,))
    await scene.life.app.suspend(OPERATOR, PRODUCTION, suspended=True)
    scene.edit(scene.pointed_at(scene.second), "grace <g@example.com>")
    assert (await scene.look()).commit == scene.first
    scene.git(OLGA, "fetch", "-q")
    scene.git(OLGA, "revert", "--no-edit", f"origin/{POINTERS}")
    scene.git(OLGA, "push", "-q", "origin", f"HEAD:{POINTERS}")
    await scene.life.app.suspend(OPERATOR, PRODUCTION, suspended=False)
    await scene.life.app.promote(OPERATOR, PRODUCTION)
    stage = await scene.look()
    assert (stage.commit, stage.hand_edited) == (scene.first, "")
    assert stage.approval_wanted


async def test_an_edit_is_believed_where_the_pipeline_says_so(begin) -> None:
    scene = await begin("      handEdits: accept\n")
    await scene.life.app.promote(OPERATOR, PRODUCTION)
    assert (await scene.look()).commit == scene.second
    edited = scene.edit(scene.upstream.run(scene.upstream.origin, "show", f"{POINTERS}~1:{FILE}"))
    stage = await scene.look()
    assert (stage.commit, stage.hand_edited) == (scene.first, "")
    assert len(await scene.life.events("HandEditAccepted")) == 1
    move = await scene.by_hand(edited)
    assert move.decision == stage.decision
    assert f"from shop@{scene.second[:12]} to shop@{scene.first[:12]}" in move.because
    assert stage.rejected  # what was left does not come again by itself, and is not fought for
    before = await scene.world.ledger.fact(FACT)
    await scene.life.app.promotions.hold(OPERATOR, PRODUCTION, "so it stays")
    await scene.world.ledger.set_fact(FACT, before)  # killed before it was noted
    assert (await scene.look()).held_by == "olga"
    assert await scene.life.events("HandEdited") == []
    numbers = [each.number for each in await scene.life.app.promotions.history(PRODUCTION)]
    assert numbers == [4, 3, 2, 1]


async def test_a_kill_after_the_record_of_an_edit_makes_no_second_one(begin) -> None:
    scene = await begin("      handEdits: accept\n")
    before = await scene.world.ledger.fact(FACT)
    edited = scene.edit(scene.pointed_at(scene.second).replace(*await scene.digests()))
    assert (await scene.look()).commit == scene.second
    await scene.world.ledger.set_fact(FACT, before)
    for lost in (False, True):
        await scene.restart(lost=lost)
        assert (await scene.look()).commit == scene.second
        await scene.by_hand(edited)


async def test_a_branch_that_is_taken_away_moves_nothing_and_is_put_back(begin) -> None:
    scene = await begin()
    scene.upstream.run(scene.upstream.origin, "branch", "-q", "-D", POINTERS)
    stage = await scene.look()
    assert stage.commit == scene.first
    assert f"`{FILE}` is gone: the branch was taken away" in stage.hand_edited
    await scene.life.app.promotions.put_back(OPERATOR, PRODUCTION)
    assert (await scene.look()).hand_edited == ""
    assert f'commit: "{scene.first}"' in scene.file
    await scene.life.app.promote(OPERATOR, PRODUCTION)
    assert (await scene.look()).commit == scene.second
    # No promotion of the first release is on the branch any more; it was there all the same.
    await scene.life.app.promotions.roll_back(OPERATOR, PRODUCTION, "orders fail")
    assert (await scene.look()).commit == scene.first


@pytest.mark.parametrize("lost", ["the note", "the ledger"])
async def test_its_own_commit_is_never_taken_for_an_edit(begin, lost: str) -> None:
    scene = await begin()
    before = await scene.world.ledger.fact(FACT)
    await scene.life.app.promote(OPERATOR, PRODUCTION)
    await scene.life.settle()
    if lost == "the note":  # as a kill between the push and the note leaves it
        await scene.world.ledger.set_fact(FACT, before)
    await scene.restart(lost=lost == "the ledger")
    stage = await scene.look()
    assert (stage.commit, stage.hand_edited) == (scene.second, "")
    assert await scene.life.events("HandEdited") == []


async def test_what_another_trueup_wrote_is_told_with_what_to_do(begin) -> None:
    scene = await begin()
    scene.world.seal = MemorySeal(b"of another installation")
    await scene.restart(lost=True)
    stage = await scene.look()
    assert "was edited by another Trueup, whose key is not known here" in stage.hand_edited
    assert "stop one of the two" in stage.hand_edited
    assert "`decision_keys`" in stage.hand_edited
    dev = StageName("shop", "dev")
    assert (await scene.life.app.stage(str(dev))).candidate == scene.second
    before = await scene.world.pointers.read("shop/", decisions_path(dev))
    third = scene.world.repository.commit({"stack.yaml": STACK.format("three")}, author=CASEY)
    await scene.look()
    assert (await scene.life.app.stage(str(dev))).candidate == third
    assert await scene.world.pointers.read("shop/", decisions_path(dev)) == before


@pytest.mark.parametrize("how", ["amended", "rewritten", "forged", "edited and lost"])
async def test_what_only_looks_like_its_own_commit_is_an_edit(begin, how: str) -> None:
    scene = await begin()
    await scene.life.app.promote(OPERATOR, PRODUCTION)
    await scene.life.settle()
    trueup = "Trueup <trueup@localhost>"
    scene.git(trueup, "reset", "-q", "--hard")
    if how == "rewritten":
        scene.git(trueup, "push", "-q", "-f", "origin", f"HEAD~1:{POINTERS}")
    elif how == "amended":
        scene.write(scene.file.replace(scene.second, scene.first))
        scene.git(trueup, "commit", "-q", "-a", "--amend", "--no-edit")
        scene.git(trueup, "push", "-q", "-f", "origin", f"HEAD:{POINTERS}")
    elif how == "forged":
        await scene.forge(trueup)
    else:
        scene.edit(scene.file.replace(scene.second, scene.first), trueup)
    if how == "edited and lost":
        await scene.restart(lost=True)
    stage = await scene.look()
    assert stage.commit == scene.second
    assert "was edited by trueup@localhost" in stage.hand_edited


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Person]:
    folder = tmp_path_factory.mktemp("keys")
    people = {name: ssh_person(folder, name) for name in ("trueup", "grace", "mallory")}
    allowed_signers(folder / "signers", people["trueup"], people["grace"], people["mallory"])
    return people


@pytest.mark.parametrize(
    ("signer", "moves", "said"),
    [
        ("mallory", False, "is signed by mallory@example.com, who may not move this stage"),
        ("grace", True, ""),
    ],
)
async def test_where_signatures_are_wanted_nothing_else_moves_a_stage(
    begin, signers: dict[str, Person], signer: str, moves: bool, said: str
) -> None:
    folder = signers["grace"].home
    rule = SignersRule(("*/production.yaml",), ("grace@example.com",))
    scene = await begin(
        "      handEdits: accept\n", keys=SigningKeys(allowed_signers=folder / "signers"),
        own_key=OwnKeyFile(ssh=folder / "trueup.key"),
    )  # fmt: skip
    scene.world.trust = Trust(promotions=(rule,))
    await scene.restart()
    wanted = next(
        each for each in await scene.world.ledger.releases("shop", limit=9)
        if each.commit == scene.second
    )  # fmt: skip
    pointer = Pointer(STAGE, wanted.commit, wanted.digest)
    edited = scene.edit(
        write_pointer(pointer), OLGA, *(signers[signer].options if signer else ()),
        signed=bool(signer),
    )  # fmt: skip
    stage = await scene.look()
    assert stage.commit == (scene.second if moves else scene.first)
    assert said in stage.hand_edited
    if moves:
        record = await scene.life.app.decision((await scene.by_hand(edited)).decision)
        assert "is signed by grace@example.com" in record["items"][1]["detail"]
    else:
        assert scene.head() == edited
