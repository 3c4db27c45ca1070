"""Requests for secrets and credentials on a whole controller, killed at every instant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from controller import shipped
from controller.adapters.issuer.memory import MemoryIssuer
from controller.diagnostics.errors import Stalled, StoreUnreachable, TrueupError
from controller.model.caller import Caller, Role
from controller.model.issuance import RequestPhase
from controller.permission import NotAllowed, NotFound
from tests.support.worlds import AUTHOR, SECRETS, Killed, Life, MemoryWorld

CASEY = Caller("casey", Role.VIEWER)
DANA = Caller("dana", Role.APPROVER)
ROBIN = Caller("robin", Role.ADMIN)
OLI = Caller("oli", Role.OPERATOR)

STORE = """\
apiVersion: platform/v1
kind: SecretStore
metadata: {name: main}
spec:
  provider: {openbao: {address: "https://bao.example.com", auth: {tokenFile: /run/token}}}
  issue: {maxTtl: 8h}
  engines:
    database:
      mount: database
      roles:
        - {name: reader}
        - {name: owner, issue: {maxTtl: 1h, approvals: 2, approvers: [dana, robin]}}
    ssh: {mount: ssh, roles: [{name: operators}]}
"""
DOCUMENT = """\
apiVersion: platform/v1
kind: CredentialRequest
metadata: {name: reads-orders}
spec:
  who: robin
  what: {database: main/reader}
  ttl: 1h
  reason: look into failed orders
"""
READER = {"what": "database:main/reader", "ttl": "1h", "reason": "orders of ticket 4711"}


def world_of(**more: str) -> MemoryWorld:
    world = MemoryWorld()
    files = {
        **shipped.example(),
        "products/shop/secrets.yaml": SECRETS.encode(),
        "platform/secret-stores.yaml": STORE.encode(),
        **{path: text.encode() for path, text in more.items()},
    }
    del files["platform/requests.yaml"]  # the example's own
    world.repository.commit(files, subject="first", author=AUTHOR)
    return world


async def living(world: MemoryWorld) -> Life:
    """A life that knows the head; nothing but requests is worked on."""
    life = world.start()
    head = await world.repository.fetch(None)
    commit = head.revision.commit
    await life.parts.catalogs.set_head(await world.repository.snapshot(commit))
    await life.parts.issue_turns.follow()
    for row in await world.ledger.issuances(is_open=True):
        await world_turns(life, row.id)
    return life


async def world_turns(life: Life, request: str) -> None:
    """Bring a request as far as it goes now; what fails is tried again later."""
    for _ in range(10):
        try:
            due = await life.loop.work(f"issue:{request}")
        except TrueupError:
            return
        if due is None or due > life.world.clock.now():
            return


async def passes(life: Life, request: str, seconds: float, step: float = 60) -> None:
    """Let time go by in small steps, as a dispatcher would."""
    while seconds > 0:
        life.world.clock.advance(min(step, seconds))
        seconds -= step
        await world_turns(life, request)


async def phase(life: Life, request: str) -> str:
    return (await life.app.requests.one(request)).phase


async def approved(life: Life, **asked: str) -> str:
    request = await life.app.requests.ask(CASEY, {**READER, **asked})
    await life.app.requests.approve(DANA, request.id)
    return request.id


async def test_it_is_asked_approved_handed_over_once_and_ends_in_time() -> None:
    world = world_of()
    life = await living(world)
    request = await life.app.requests.ask(CASEY, READER)
    with pytest.raises(TrueupError, match="waits"):
        await life.app.requests.fetch(CASEY, request.id)
    await life.app.requests.approve(DANA, request.id, expect=request.digest)
    handed = await life.app.requests.fetch(CASEY, request.id)
    assert world.issuer.unwrap(handed.wrapped.token.reveal())
    with pytest.raises(Stalled, match="handed over"):
        await life.app.requests.fetch(CASEY, request.id)
    await passes(life, request.id, 20, step=10)
    assert await phase(life, request.id) == "in use"
    await life.app.requests.confirm(CASEY, request.id)
    assert len(world.issuer.alive()) == 1
    await passes(life, request.id, 3600)
    assert await phase(life, request.id) == "expired"
    assert world.issuer.permits == {}
    reasons = [e.reason for e in await world.ledger.events(subject=f"issue:{request.id}")]
    assert reasons == [
        "CredentialAsked", "CredentialApproved", "CredentialIssuing", "CredentialHandedOver",
        "CredentialUnwrapped", "CredentialConfirmed", "CredentialExpiring", "CredentialExpired",
    ]  # fmt: skip
    assert await world.ledger.verify_chain() is None


async def test_no_one_but_others_says_yes_and_no_one_but_the_requester_fetches() -> None:
    life = await living(world_of())
    asks = life.app.requests
    own = await asks.ask(DANA, READER)
    with pytest.raises(NotAllowed, match="does not count"):
        await asks.approve(DANA, own.id)
    for_dana = await asks.ask(OLI, {**READER, "who": "dana"})
    with pytest.raises(NotAllowed, match="does not count"):
        await asks.approve(Caller("oli", Role.APPROVER), for_dana.id)
    with pytest.raises(NotAllowed, match="needs operator"):
        await asks.ask(CASEY, {**READER, "who": "dana"})
    with pytest.raises(NotAllowed, match="needs approver"):
        await asks.approve(OLI, own.id)
    with pytest.raises(Stalled, match="not what you were shown"):
        await asks.approve(ROBIN, own.id, expect="sha256:" + "0" * 64)
    await asks.approve(ROBIN, own.id)
    for caller in (ROBIN, CASEY, OLI):
        with pytest.raises(NotAllowed, match="only that one"):
            await asks.fetch(caller, own.id)
    with pytest.raises(NotAllowed):
        await asks.revoke(CASEY, own.id)
    with pytest.raises(NotFound):
        await asks.revoke(CASEY, "r-000000000000")


async def test_two_of_the_named_people_must_say_yes() -> None:
    life = await living(world_of())
    asks = life.app.requests
    asked = {**READER, "what": "database:main/owner"}
    request = await asks.ask(CASEY, asked)
    with pytest.raises(NotAllowed, match="does not count"):
        await asks.approve(Caller("alex", Role.ADMIN), request.id)
    await asks.approve(DANA, request.id)
    await asks.approve(DANA, request.id)
    assert await phase(life, request.id) == "waiting"
    assert await asks.approve(ROBIN, request.id) == "approved"
    with pytest.raises(Stalled, match="1m to 1h"):
        await asks.ask(CASEY, {**asked, "ttl": "2h"})


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"what": "database:main/nobody"}, "no role `nobody`"),
        ({"what": "secret:shop/dev/shop-db-login"}, "has no `issue`"),
        ({"what": "secret:shop/dev/nothing"}, "no secret"),
        ({"what": "database:other/reader"}, "no secret store"),
        ({"what": "secret:../../sys/mounts"}, "cannot be read"),
        ({"what": "ssh:main/operators"}, "cannot be asked for so"),
        ({"ttl": "9h"}, "1m to 8h"),
        ({"ttl": "soon"}, "a duration"),
        ({"reason": "because"}, "needs a reason"),
    ],
)
async def test_what_may_not_be_asked_for_is_refused_in_words(asked, words) -> None:
    life = await living(world_of())
    with pytest.raises(Stalled, match=words):
        await life.app.requests.ask(CASEY, {**READER, **asked})


async def test_what_nobody_answers_fetches_or_unwraps_lapses() -> None:
    world = world_of()
    life = await living(world)
    unanswered = await life.app.requests.ask(CASEY, READER)
    await passes(life, unanswered.id, 86400, step=3600)
    assert await phase(life, unanswered.id) == "lapsed"
    unfetched = await approved(life)
    await passes(life, unfetched, 8 * 3600, step=3600)
    assert await phase(life, unfetched) == "lapsed"
    unopened = await approved(life)
    handed = await life.app.requests.fetch(CASEY, unopened)
    await passes(life, unopened, 300, step=10)
    assert await phase(life, unopened) == "lapsed"
    assert not world.issuer.unwrap(handed.wrapped.token.reveal())
    assert world.issuer.alive() == []


async def test_a_rejection_has_a_reason_and_is_the_end() -> None:
    life = await living(world_of())
    request = await approved(life)
    with pytest.raises(Stalled, match="why"):
        await life.app.requests.reject(ROBIN, request, " ")
    assert await life.app.requests.reject(ROBIN, request, "use the dashboard") == "rejected"
    with pytest.raises(Stalled, match="rejected"):
        await life.app.requests.fetch(CASEY, request)


async def test_what_somebody_else_has_unwrapped_is_revoked_with_an_alarm() -> None:
    world = world_of()
    life = await living(world)
    request = await approved(life)
    handed = await life.app.requests.fetch(CASEY, request)
    assert world.issuer.unwrap(handed.wrapped.token.reveal())
    with pytest.raises(NotAllowed):
        await life.app.requests.report(ROBIN, request)
    await life.app.requests.report(CASEY, request)
    await world_turns(life, request)
    assert await phase(life, request) == "revoked"
    assert world.issuer.alive() == []
    (alarm,) = [e for e in await world.ledger.events() if e.reason == "CredentialIntercepted"]
    assert alarm.type == "Warning"


async def test_what_is_not_confirmed_is_told() -> None:
    world = world_of()
    life = await living(world)
    request = await approved(life)
    handed = await life.app.requests.fetch(CASEY, request)
    world.issuer.unwrap(handed.wrapped.token.reveal())
    await passes(life, request, 600, step=10)
    assert len(await life.events("CredentialUnconfirmed")) == 1


async def test_early_revocation_ends_it_at_once() -> None:
    world = world_of()
    life = await living(world)
    request = await approved(life)
    handed = await life.app.requests.fetch(CASEY, request)
    await life.app.requests.revoke(OLI, request, "the incident is over")
    await world_turns(life, request)
    assert await phase(life, request) == "revoked"
    assert world.issuer.alive() == []
    assert not world.issuer.unwrap(handed.wrapped.token.reveal())
    assert await life.app.requests.revoke(OLI, request) == "revoked"


async def test_a_static_secret_that_was_seen_is_rotated_at_the_end() -> None:
    for is_seen in (True, False):
        world = world_of()
        life = await living(world)
        request = await approved(life, what="secret:shop/dev/shop-api-key")
        handed = await life.app.requests.fetch(CASEY, request)
        if is_seen:
            world.issuer.unwrap(handed.wrapped.token.reveal())
        await passes(life, request, 3600, step=10)
        wished = await world.ledger.fact("rotate/shop/dev/shop-api-key")
        assert bool(wished) == is_seen


async def test_a_document_is_a_request_of_its_author_and_its_removal_is_the_end() -> None:
    world = world_of(**{"platform/request.yaml": DOCUMENT})
    life = await living(world)
    (row,) = await life.app.requests.all()
    assert (row.document, row.who, row.asked_by) == ("reads-orders", "robin", AUTHOR)
    with pytest.raises(NotAllowed):
        await life.app.requests.approve(Caller("casey", Role.ADMIN), row.id)
    await life.app.requests.approve(DANA, row.id)
    world.edit("platform/request.yaml", "failed orders", "all the orders")
    life = await living(world)
    changed, first = await life.app.requests.all()
    assert (first.phase, changed.phase) == ("revoked", "waiting")
    await life.app.requests.approve(DANA, changed.id)
    await life.app.requests.fetch(ROBIN, changed.id)
    world.repository.commit({"platform/request.yaml": None}, subject="gone", author=AUTHOR)
    life = await living(world)
    assert await phase(life, changed.id) == "revoked"
    assert world.issuer.alive() == []


async def test_a_document_that_may_not_ask_is_refused_once_and_heard_when_it_may() -> None:
    world = world_of(**{"platform/request.yaml": DOCUMENT})
    world.people = frozenset({"dana"})
    life = await living(world)
    life = await living(world)
    (row,) = await life.app.requests.all()
    assert row.phase == "refused"
    assert len(await life.events("CredentialRefused")) == 1
    assert "no user `robin`" in row.message
    world.people = frozenset({"dana", "robin"})
    life = await living(world)
    assert await phase(life, row.id) == "waiting"


async def test_what_is_out_is_ended_though_the_store_is_no_longer_in_git() -> None:
    world = world_of()
    life = await living(world)
    request = await approved(life)
    await life.app.requests.fetch(CASEY, request)
    world.edit("platform/secret-stores.yaml", STORE.partition("  issue:")[2], "{maxTtl: 8h}\n")
    life = await living(world)
    await passes(life, request, 7200)
    assert world.issuer.alive() == []
    assert (await life.app.requests.one(request)).ended_at is not None


async def test_what_could_not_be_ended_is_told_once_and_tried_until_it_is() -> None:
    world = world_of()
    life = await living(world)
    request = await approved(life)
    await life.app.requests.fetch(CASEY, request)
    whole = world.issuer

    class Deaf(MemoryIssuer):
        async def end(self, _accessor):
            raise StoreUnreachable.because("the store does not answer")

    world.issuer = Deaf(world.clock)
    await life.app.requests.revoke(OLI, request)
    for _ in range(3):
        await world_turns(life, request)
    (told,) = await life.events("CredentialNotEnded")
    assert "does not answer" in told
    assert "could not be ended yet" in (await life.app.requests.one(request)).message
    world.issuer = whole
    await world_turns(life, request)
    assert (await phase(life, request), whole.alive()) == ("revoked", [])
    assert "could not" not in (await life.app.requests.one(request)).message


@dataclass
class Fatal:
    """Lets so many instants pass, and kills at the next: before and after each act on the world."""

    at: int
    seen: int = 0
    dead: bool = False
    names: list[str] = field(default_factory=list)

    def instant(self, name: str) -> None:
        self.names.append(name)
        self.seen += 1
        if self.dead or self.seen == self.at:
            self.dead = True
            raise Killed(name)

    def around(self, thing: object, *methods: str) -> None:
        for name in methods:
            setattr(thing, name, self._wrapped(name, getattr(thing, name)))

    def _wrapped(self, name, inner):
        async def wrapped(*arguments, **more):
            self.instant(f"before {name}")
            result = await inner(*arguments, **more)
            self.instant(f"after {name}")
            return result

        return wrapped


class Mortal(MemoryIssuer):
    """An issuer whose methods can be wrapped: without slots."""


@dataclass
class Story:
    """What a requester does, tried again after each kill; what came into somebody's hands."""

    world: MemoryWorld
    request: str = ""
    tokens: list[str] = field(default_factory=list)

    async def go(self, life: Life) -> None:
        asks = life.app.requests
        if not self.request:
            self.request = (await asks.ask(CASEY, READER)).id
        if await phase(life, self.request) == "waiting":
            await asks.approve(DANA, self.request)
        if await phase(life, self.request) in {"approved", "issuing"}:
            handed = await asks.fetch(CASEY, self.request)
            self.tokens.append(handed.wrapped.token.reveal())
            self.world.issuer.unwrap(self.tokens[-1])
        assert len(self.world.issuer.alive()) <= 1
        await passes(life, self.request, 3700, step=30)


async def killed_at(number: int) -> Fatal:
    """Play the story with one kill, and hold what must be true after it."""
    world = world_of()
    world.issuer = Mortal(world.clock)
    fatal = Fatal(number)
    story = Story(world)
    life = await living(world)
    fatal.around(world.issuer, "permit", "issue", "is_wrapped", "end")
    fatal.around(world.ledger, "put_issuance")
    try:
        await story.go(life)
    except Killed:
        for thing, methods in (
            (world.issuer, ("permit", "issue", "is_wrapped", "end")),
            (world.ledger, ("put_issuance",)),
        ):
            for method in methods:
                delattr(thing, method)
        life = await living(world)
        assert len(world.issuer.alive()) <= 1, fatal.names[-1]
        await story.go(life)
    row = await life.app.requests.one(story.request)
    assert not row.is_open, (fatal.names[-1], row)
    assert world.issuer.alive() == [], fatal.names[-1]
    assert len(story.tokens) <= 1, fatal.names[-1]
    assert await world.ledger.verify_chain() is None
    return fatal


async def test_killed_at_every_instant_it_is_never_out_twice_and_never_left_out() -> None:
    whole = await killed_at(0)
    assert len(whole.names) > 20
    for number in range(1, len(whole.names) + 1):
        fatal = await killed_at(number)
        assert fatal.dead


async def test_a_store_that_breaks_off_leaves_nothing_and_it_can_be_fetched_again() -> None:
    world = world_of()
    life = await living(world)
    request = await approved(life)
    whole = type(world.issuer).issue

    class Broken(MemoryIssuer):
        async def issue(self, permit, order):
            await whole(self, permit, order)  # it was made, and the answer is lost
            raise StoreUnreachable.because("no answer")

    broken = Broken(world.clock)
    world.issuer = broken
    with pytest.raises(StoreUnreachable):
        await life.app.requests.fetch(CASEY, request)
    assert broken.alive() == []
    assert await phase(life, request) == RequestPhase.APPROVED
    world.issuer = MemoryIssuer(world.clock)
    handed = await life.app.requests.fetch(CASEY, request)
    assert handed.ends_at - world.clock.now() == timedelta(hours=1)
