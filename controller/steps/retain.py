"""What is still needed → what may go. A reference is the text of an address in anything kept.

Nobody lists which field of which record refers to what: a field that is added tomorrow holds what
it names as well.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from controller.model.decision import DecisionHead, DecisionKind
from controller.model.names import Digest
from controller.model.retention import Retention

_ADDRESS = re.compile(r"sha256:[0-9a-f]{64}")
_OF_A_RELEASE = (
    "gate/", "gate-taken/", "gate-cancelled/", "gate-earlier/", "gate-asked/", "gate-steps/",
    "proof/",
)  # fmt: skip
"""Facts by product, environment and release; an empty one says the same as none."""
_OF_A_RUN = ("gate-told/", "gate-report/")
"""Facts by the measurement that an answer rests on."""
_MOVES = frozenset({DecisionKind.PROMOTE, DecisionKind.ROLL_BACK, DecisionKind.BY_HAND})
_HELD_BY = {
    "gate-history": "baselines of gates",
    "forecast": "forecasts",
    "gate-report": "reports of gates",
}


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """A record on the promotions branch; what cannot be read as one has no head."""

    digest: Digest
    text: str
    head: DecisionHead | None = None


@dataclass(frozen=True)
class Known:
    """All that may refer to something."""

    now: datetime
    stages: Sequence[str] = ()
    """The statuses of stages, as text."""
    pointers: Sequence[str] = ()
    """Files of the promotions branch that are no records."""
    decisions: Mapping[str, Sequence[KeptDecision]] = field(default_factory=dict)
    """By folder."""
    facts: Mapping[str, str] = field(default_factory=dict)
    releases: Mapping[str, Sequence[Digest]] = field(default_factory=dict)
    """By product, the newest first."""


@dataclass(frozen=True)
class Marked:
    """What is held, and what of the ledger may go."""

    held: Mapping[str, str]
    """By address, what holds it."""
    facts: Mapping[str, str]
    releases: Mapping[str, tuple[Digest, ...]]


@dataclass
class _Roots:
    held: dict[str, str] = field(default_factory=dict)

    def add(self, why: str, *texts: str) -> None:
        for text in texts:
            for address in _ADDRESS.findall(text):
                self.held.setdefault(address, why)


def retain(known: Known, retention: Retention) -> Marked:
    """Tell what must stay, and what of the ledger nothing needs."""
    roots = _Roots()
    roots.add("stages", *known.stages)
    roots.add("pointers", *known.pointers)
    for of_stage in known.decisions.values():
        for kept in _kept_decisions(of_stage, roots.held, known.now, retention):
            roots.add("decisions", kept.digest, kept.text)
    plain = {n: v for n, v in known.facts.items() if not n.startswith((*_OF_A_RELEASE, *_OF_A_RUN))}
    for name, value in plain.items():
        roots.add(_holder(name), value)
    releases = {
        product: tuple(d for d in digests[retention.releases :] if d not in roots.held)
        for product, digests in known.releases.items()
    }
    gone = _facts_of_releases(known, releases, roots.held)
    for name, value in known.facts.items():
        if name.startswith(_OF_A_RELEASE) and name not in gone:
            roots.add("answers of gates", value)
    gone |= set(_facts_of_runs(known.facts, roots))
    facts = {name: known.facts[name] for name in sorted(gone)}
    return Marked(roots.held, facts, {p: found for p, found in releases.items() if found})


def _kept_decisions(
    of_stage: Sequence[KeptDecision],
    held: Mapping[str, str],
    now: datetime,
    retention: Retention,
) -> Iterator[KeptDecision]:
    """Give the decisions of a stage whose evidence is kept: young, or new, or in force."""
    yield from (each for each in of_stage if each.head is None)
    read = [(each, each.head) for each in of_stage if each.head is not None]
    read.sort(key=lambda pair: (pair[1].decided_at, pair[1].number), reverse=True)
    newest = {each.digest for each, _ in read[: retention.decisions_newest]}
    moves = [each.digest for each, head in read if head.kind in _MOVES]
    newest |= set(moves[: retention.decisions_newest])
    for each, head in read:
        is_young = now - head.decided_at < retention.decisions
        if is_young or each.digest in newest or each.digest in held:
            yield each


def _facts_of_releases(
    known: Known, gone: Mapping[str, Sequence[Digest]], held: Mapping[str, str]
) -> set[str]:
    """Name the facts of releases that go or are gone, and those that say nothing."""
    kept = {(p, d) for p, digests in known.releases.items() for d in digests if d not in gone[p]}
    return {
        name
        for name, value in known.facts.items()
        if name.startswith(_OF_A_RELEASE)
        and (not value or _is_of_none(name, kept, known.releases, held))
    }


def _is_of_none(
    fact: str,
    kept: Collection[tuple[str, Digest]],
    products: Collection[str],
    held: Mapping[str, str],
) -> bool:
    product, release = fact.split("/")[1], Digest(_address_in(fact))
    return product in products and (product, release) not in kept and release not in held


def _facts_of_runs(facts: Mapping[str, str], roots: _Roots) -> Iterator[str]:
    """Name the facts of measurements that nothing holds; the page of one that stays is held."""
    held = set(roots.held)
    for name, value in facts.items():
        if name.startswith(_OF_A_RUN):
            if _address_in(name) not in held:
                yield name
            elif name.startswith("gate-report/"):
                roots.add(_holder(name), value)


def _address_in(name: str) -> str:
    found = _ADDRESS.search(name)
    return found[0] if found else ""


def _holder(fact: str) -> str:
    return _HELD_BY.get(fact.partition("/")[0], "facts")
