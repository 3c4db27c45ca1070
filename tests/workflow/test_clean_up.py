"""What nobody needs goes; whatever is referred to opens, whatever has happened."""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.adapters.git.memory import MemoryPointers
from controller.diagnostics.errors import RepositoryUnreachable
from controller.model.canonical import digest_of
from controller.model.decision import Decision, DecisionKind
from controller.model.measurement import GateResult, GateRuling
from controller.model.names import Commit, Digest, StageName
from controller.model.release import Release
from controller.model.retention import Amount, Retention, Swept
from controller.model.status import StageStatus
from controller.steps.decide.record import write_record
from controller.workflows import clean_up as clean_up_module
from controller.workflows.baselines import RESULT, result_fact
from controller.workflows.clean_up import CleanUp, clean_up, last_cleaning
from controller.workflows.parts import Parts
from controller.workflows.pointers import decision_path
from tests.support.worlds import MemoryWorld

DEV = StageName("shop", "dev")
KEEP = Retention(
    events=timedelta(days=3), events_newest=2, decisions=timedelta(days=4), decisions_newest=2,
    releases=2, unreferenced=timedelta(days=1),
)  # fmt: skip
DAY = 86_400.0


def begun(keep: Retention = KEEP) -> tuple[MemoryWorld, Parts]:
    world = MemoryWorld(retention=keep)
    return world, world.start().parts


@dataclass
class Story:
    """A stage whose releases come, are measured and decided on; `needed` is what must open."""

    world: MemoryWorld
    parts: Parts
    count: int = 0
    answers: dict[Digest, Digest] = field(default_factory=dict)
    """Releases, the oldest first, with what was measured of each."""
    baseline: list[Digest] = field(default_factory=list)
    forecast: Digest | None = None
    decided: list[tuple[float, Digest, Digest]] = field(default_factory=list)
    """Day, record, and what was measured for it."""

    @property
    def day(self) -> float:
        return self.world.clock.now().timestamp() / DAY

    async def put(self, text: str) -> Digest:
        self.count += 1
        return await self.world.artifacts.put(f"{text} {self.count}".encode())

    async def release(self) -> None:
        """A release comes to the stage, and its gate answers."""
        made = digest_of(f"release {self.count}")
        measured = await self.put("measurement")
        self.answers[made] = measured
        ledger = self.world.ledger
        await ledger.put_release(Release("shop", Commit("a" * 40), made))
        result = GateResult("load", made, GateRuling.PASS, ("fast",), measurements=(measured,))
        fact = result_fact(DEV, made, "load")
        await ledger.set_fact(fact, RESULT.dump_json(result).decode())
        await ledger.set_fact(f"gate-told/{measured}", f'["{measured}"]')
        await ledger.put_stage(StageStatus(DEV, Commit("a" * 40), made, gates=(result,)))

    async def decide(self) -> None:
        """A decision about the last release is written to the promotions branch."""
        if not self.answers:
            await self.release()
        self.count += 1
        made, measured = list(self.answers.items())[-1]
        gates = (GateResult("load", made, GateRuling.PASS, (), measurements=(measured,)),)
        release, now = Release("shop", Commit("a" * 40), made), self.world.clock.now()
        decision = Decision(
            DecisionKind.HOLD, DEV, release, "", now, "held", (), gates, number=self.count
        )
        text = write_record(decision, self.world.seal)
        digest = await self.world.artifacts.put(text.encode())
        await self.world.pointers.write({decision_path(DEV, digest): text}, message="", expect={})
        self.decided.append((self.day, digest, measured))

    async def compare(self) -> None:
        """The last measurement becomes one that later ones are compared with."""
        if self.answers:
            self.baseline = [*self.baseline, list(self.answers.values())[-1]][-2:]
            text = " ".join(self.baseline)
            await self.world.ledger.set_fact(f"gate-history/{DEV}/load", text)

    async def look_ahead(self) -> None:
        """A forecast takes the place of the one before."""
        self.forecast = await self.put("forecast")
        await self.world.ledger.set_fact("forecast/shop/traffic", f'"{self.forecast}"')

    async def orphan(self) -> None:
        """Something is stored and nothing ever refers to it."""
        await self.put("orphan")

    async def tidy(self) -> None:
        """A turn, and perhaps the next one: nobody counts them."""
        await clean_up(self.parts)

    async def wait(self) -> None:
        """Time goes by."""
        self.world.clock.advance(DAY * 0.8)

    def needed(self) -> set[Digest]:
        """Tell what must open, found out in another way than the clean-up does."""
        newest = [*self.decided[-2:], *(each for each in self.decided if self.day - each[0] < 4)]
        decided = {digest for _, *both in newest for digest in both}
        last = [] if self.forecast is None else [self.forecast]
        return {*list(self.answers.values())[-2:], *self.baseline, *last, *decided}


STEPS = ("release", "decide", "compare", "look_ahead", "orphan", "tidy", "tidy", "wait", "wait")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=40))
async def test_what_is_referred_to_opens_whatever_has_happened(steps: list[str]) -> None:
    story = Story(*begun())
    for step in steps:
        await getattr(story, step)()
        for digest in story.needed():
            assert await story.world.artifacts.get(digest) is not None, (steps, step)
    for _ in range(8):
        await story.wait()
        await story.tidy()
    stored = {each.digest for each in await story.world.artifacts.stored()}
    newest = {digest for _, *both in story.decided[-2:] for digest in both}
    assert stored == story.needed() | newest
    told = await story.world.ledger.facts("gate-told/")
    assert {name.partition("/")[2] for name in told} <= stored


async def test_what_goes_is_condemned_first_and_told() -> None:
    world, parts = begun()
    story = Story(world, parts)
    await story.orphan()
    for number in range(5):
        await parts.recording.event("unit:shop/dev/api", "Applied", str(number))
    world.clock.advance(DAY * 2)
    due = await clean_up(parts)
    assert due == world.clock.now() + timedelta(days=1)
    assert len(await world.artifacts.stored()) == 1
    world.clock.advance(DAY * 2)
    preview = await CleanUp(parts, dry=True).go()
    assert preview.gone == {"artifacts": Amount(1, 8), "events": Amount(3)}
    assert len(await world.artifacts.stored()) == 1
    await clean_up(parts)
    assert list(await world.artifacts.stored()) == []
    assert [e.message for e in await world.ledger.events(subject="unit:shop/dev/api")] == ["3", "4"]
    (told,) = await world.ledger.events(subject="retention:data")
    assert told.message == "nobody needs them any more: 1 artifacts, 3 events (0.0 MiB)"
    assert await world.ledger.verify_chain() is None


async def test_what_was_condemned_and_is_referred_to_again_stays() -> None:
    world, parts = begun()
    story = Story(world, parts)
    await story.look_ahead()
    first = story.forecast
    await story.look_ahead()
    world.clock.advance(DAY * 2)
    await clean_up(parts)
    await world.ledger.set_fact("forecast/shop/traffic", f'"{first}"')
    world.clock.advance(DAY * 2)
    await clean_up(parts)
    assert await world.artifacts.get(Digest(str(first))) is not None
    assert await world.ledger.fact("retention/condemned") == f'{{"{story.forecast}":"' + (
        world.clock.now().isoformat().replace("+00:00", "Z") + '"}'
    )


async def test_much_is_taken_away_in_turns(monkeypatch) -> None:
    monkeypatch.setattr(clean_up_module, "MOST", 2)
    world, parts = begun()
    for number in range(7):
        await parts.recording.event("unit:shop/dev/api", "Applied", str(number))
    world.clock.advance(DAY * 9)
    assert await clean_up(parts) == world.clock.now() + timedelta(minutes=1)
    assert len(await world.ledger.events()) == 5
    await clean_up(parts)
    await clean_up(parts)
    cleaning = await last_cleaning(parts)
    assert cleaning is not None
    assert (cleaning.is_whole, cleaning.gone) == (True, {"events": Amount(5)})


async def test_a_record_that_a_hand_has_spoilt_keeps_what_it_names() -> None:
    world, parts = begun()
    story = Story(world, parts)
    for _ in range(3):
        await story.decide()
        await story.release()
    path, text = next(iter((await world.pointers.read("decisions/")).items()))
    spoilt = json.loads(text) | {"decided_at": "2030-01-01T00:00:00"}  # of no zone
    world.pointers.push({path: json.dumps(spoilt)})
    named = {d for d in story.answers.values() if d in text}
    for _ in range(4):
        world.clock.advance(DAY * 9)
        await clean_up(parts)
    assert named
    assert named <= {each.digest for each in await world.artifacts.stored()}


class _Away(MemoryPointers):
    async def read(self, *folders: str) -> dict[str, str]:
        raise RepositoryUnreachable.because("it does not answer")


async def test_while_it_is_not_known_what_is_needed_nothing_of_that_goes() -> None:
    world, parts = begun()
    await Story(world, parts).orphan()
    world.clock.advance(DAY * 2)
    await clean_up(parts)
    world.clock.advance(DAY * 2)
    away = replace(parts, world=replace(parts.world, pointers=_Away(world.clock)))
    assert await clean_up(away) == world.clock.now() + timedelta(hours=1)
    assert len(await world.artifacts.stored()) == 1
    cleaning = await last_cleaning(parts)
    assert cleaning is not None
    assert cleaning.problem == "it does not answer"


async def test_providers_go_when_no_workspace_named_them_for_so_long() -> None:
    world, parts = begun(replace(KEEP, providers=timedelta(days=9)))
    asked = []

    async def sweep(before: datetime, *, dry: bool) -> Swept:
        asked.append((world.clock.now() - before, dry))
        return Swept(gone=Amount(1, 5))

    parts = replace(parts, world=replace(parts.world, sweep_providers=sweep))
    for dry in (True, False):
        assert (await CleanUp(parts, dry).go()).gone["providers"] == Amount(1, 5)
    assert asked == [(timedelta(days=9), True), (timedelta(days=9), False)]
