"""The hash chain of events: each hash covers the one before it and the event's text."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Link:
    """One event as it is stored."""

    number: int
    subject: str
    body: str
    hash: str

    def follows(self, number: int, previous: str) -> bool:
        """Whether this is event `number` and its hash covers `previous` and all it says."""
        return (
            self.number == number
            and self.hash == link_hash(previous, self.body)
            and _told(self.body) == (number, self.subject)
        )


@dataclass(frozen=True, slots=True)
class Gap:
    """Where events were forgotten: from `number` to `last`, and the hash of the last of them."""

    number: int
    last: int
    hash: str


def link_hash(previous: str, body: str) -> str:
    """Give the hash of an event's text after the hash before it."""
    return hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """How far a chain was looked through, and the first number that did not fit."""

    number: int = 0
    hash: str = GENESIS
    broken: int | None = None

    def after(self, links: Iterable[Link | Gap]) -> Self:
        """Look through the next links and gaps, up to the first that does not fit."""
        number, previous = self.number, self.hash
        for link in links:
            number += 1
            if isinstance(link, Gap):
                if link.number != number or link.last < number:
                    return type(self)(number, previous, number)
                number = link.last
            elif not link.follows(number, previous):
                return type(self)(number, previous, number)
            previous = link.hash
        return type(self)(number, previous)

    def compare(self, head_number: int, head_hash: str) -> int | None:
        """Give the first number that does not fit, when the log should end at the head; or None."""
        if self.broken is not None:
            return self.broken
        if (self.number, self.hash) == (head_number, head_hash):
            return None
        return min(self.number, head_number) + (self.number != head_number)


def _told(body: str) -> tuple[object, object] | None:
    try:
        told = json.loads(body)
        return told["number"], told["subject"]
    except (ValueError, TypeError, KeyError):
        return None
