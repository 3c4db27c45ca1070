"""Who asks, and what they may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parseaddr
from enum import StrEnum

LOCAL_NAME = "local"
"""Who the holder of the local token is: whoever may read the controller's data folder."""


class Role(StrEnum):
    """What somebody may do; each may do what those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Tell whether this role may do what `other` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who was recognised by a token."""

    name: str
    role: Role
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A user of the settings, and what their commits are known by."""

    caller: Caller
    commits_as: tuple[str, ...] = ()

    def made(self, identities: Iterable[str]) -> bool:
        """Tell whether one of these is theirs: whole, for a part of it could be anybody's."""
        mine = {text.casefold() for text in (self.caller.name, *self.commits_as)}
        return not mine.isdisjoint(text.casefold() for text in identities)


def with_users(people: Iterable[str], members: Iterable[Member]) -> tuple[str, ...]:
    """Give people as commits name them, and the users that their addresses are of."""
    named = tuple(person for person in people if person)
    addresses = [parseaddr(person)[1] for person in named]
    users = (member.caller.name for member in members if member.made(addresses))
    return tuple(dict.fromkeys((*named, *users)))
