"""What a new head brings: commits, the paths they touch, who signed them; who may sign what."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from controller.model.names import Commit

_CO_AUTHOR = re.compile(
    r"^[ \t]*co-authored-by:[ \t]*(\S.*?)[ \t\r]*$", re.IGNORECASE | re.MULTILINE
)


def co_authors(message: str) -> tuple[str, ...]:
    """Give who else made a commit, as its message says: wherever the line stands, and how often."""
    return tuple(dict.fromkeys(_CO_AUTHOR.findall(message)))


@dataclass(frozen=True, slots=True)
class Signature:
    """A good signature by a key that was given to us, or why there is none.

    `identities` are all the names of the signer: the principal or e-mail address, and the
    fingerprints of the key. Empty when the commit is not signed by a known key.
    """

    identities: tuple[str, ...] = ()
    problem: str = ""

    @property
    def signer(self) -> str:
        """The signer's first name; empty without one."""
        return self.identities[0] if self.identities else ""


@dataclass(frozen=True, slots=True)
class PastCommit:
    """A commit, and the paths that it changes.

    Of a merge those that are not as git would merge them by itself.
    """

    commit: Commit
    paths: tuple[str, ...]
    author: str = field(default="", compare=False)
    """Who made it, as the commit says: `Name <address>`."""
    co_authors: tuple[str, ...] = field(default=(), compare=False)
    """Who made it too, as `Co-authored-by:` in its message says."""


@dataclass(frozen=True, slots=True)
class PastBlob:
    """A file that lies, or lay, somewhere in the repository, by its content."""

    identity: str
    path: str


@dataclass(frozen=True, slots=True)
class History:
    """What lies between the head that was accepted last and a new one, the oldest commit first.

    `descends` is false when the accepted head is no ancestor of the new one, or there was none;
    then `differing` are the paths that differ between them, or all paths of the new head.
    """

    commits: Sequence[PastCommit]
    descends: bool = True
    differing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SignersRule:
    """Who may sign a commit that touches a path that matches; `*` matches `/` as well."""

    paths: tuple[str, ...]
    signers: tuple[str, ...]

    def find(self, paths: Sequence[str]) -> str | None:
        """Give the first path that the rule is for."""
        matching = (p for p in paths if any(fnmatchcase(p, pattern) for pattern in self.paths))
        return next(matching, None)

    def allows(self, signature: Signature) -> bool:
        """Tell whether the signer may sign."""
        return not set(self.signers).isdisjoint(signature.identities)


@dataclass(frozen=True, slots=True)
class Trust:
    """Signatures are wanted: always the head's, and by each rule that a path matches."""

    rules: tuple[SignersRule, ...] = ()
    promotions: tuple[SignersRule, ...] = ()
    """Whose commits to the promotions branch count; without any, they need no signature."""


def touches(owned: Iterable[str], path: str) -> bool:
    """Tell whether a path is one of those, or below one of the folders, which end with a `/`."""
    return any(path.startswith(each) if each.endswith("/") else path == each for each in owned)
