"""Tokens → callers. A token is compared by its SHA-256, in constant time, with every one known."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from controller.model.caller import LOCAL_NAME, Caller, Role
from controller.settings import User

TOKEN_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class KnownToken:
    """Who holds a token; the token itself is not kept."""

    caller: Caller
    sha256: str


class Authority:
    """Recognises callers."""

    def __init__(self, tokens: Iterable[KnownToken]) -> None:
        self._tokens = tuple(tokens)

    @classmethod
    def of(cls, users: Iterable[User], *, local_token: str = "") -> Self:
        """Know the users of the settings, and an administrator who holds `local_token`."""
        return cls(_tokens(users, local_token))

    def follow(self, users: Iterable[User], *, local_token: str = "") -> None:
        """Know these from now on, and nobody else."""
        before = {known: known for known in self._tokens}
        # A token that stays keeps its caller: `knows` tells who signed in with one that has gone.
        self._tokens = tuple(before.get(each, each) for each in _tokens(users, local_token))

    def knows(self, caller: Caller) -> bool:
        """Tell whether the token that a caller was recognised by still counts."""
        return any(known.caller is caller for known in self._tokens)

    def recognise(self, token: str) -> Caller | None:
        """Give who holds a token; None for an unknown one."""
        if not token or len(token) > TOKEN_LIMIT:
            return None
        digest = digest_of(token)
        found = None
        for known in self._tokens:
            if hmac.compare_digest(known.sha256.encode(), digest.encode()) and found is None:
                found = known.caller
        return found


def _tokens(users: Iterable[User], local_token: str) -> list[KnownToken]:
    known = [
        KnownToken(Caller(user.name, Role(user.role), user.groups), user.token_sha256)
        for user in users
    ]
    if local_token:
        known.append(KnownToken(Caller(LOCAL_NAME, Role.ADMIN), digest_of(local_token)))
    return known


def digest_of(token: str) -> str:
    """Give the SHA-256 of a token as 64 hexadecimal digits, as the settings want it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def local_token(file: Path) -> str:
    """Read the local administrator's token, or make one that only the owner of `file` can read."""
    try:
        token = file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        token = ""
    if token:
        return token
    token = secrets.token_urlsafe(32)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as output:
        output.write(token + "\n")
        output.flush()
        os.fsync(output.fileno())
    unfinished.replace(file)
    return token
