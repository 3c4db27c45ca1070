"""What may be given to git as an address, a branch, a commit or a path of a pointer."""

import re

from controller.diagnostics.errors import Bug, Stalled

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_USER = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_PORT = r"(?::[0-9]{1,5})?"
_PATH = r"[^\x00-\x20\x7f]*"
_ADDRESSES = (
    re.compile(rf"https://{_HOST}{_PORT}/{_PATH}"),
    re.compile(rf"ssh://(?:{_USER}@)?{_HOST}{_PORT}/{_PATH}"),
    re.compile(rf"{_USER}@{_HOST}:(?!-)[^\x00-\x20\x7f:]{_PATH}"),
    re.compile(r"file:///[^\x00-\x1f\x7f]+"),
    re.compile(r"/[^\x00-\x1f\x7f]+"),
)
_BAD_IN_BRANCH = re.compile(
    r"[\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
    r"|[~^:?*\[\\]|\.\.|@\{|//|^[-/.]|[/.]$|/[.-]|\.lock(?:/|$)|^@$"
)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_POINTER = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,99}/){0,7}[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def checked_url(url: str) -> str:
    """Give an address that git may be told. Raises Stalled for any other."""
    if any(pattern.fullmatch(url) for pattern in _ADDRESSES):
        return url
    if re.match(r"https://[^/]*@", url):
        raise Stalled.because(
            "the address of the repository holds a user or a password",
            hint="take it out of the address and give the token by a setting",
            code="fetch/address-refused",
        )
    raise Stalled.because(
        f"`{url[:200]!r}` cannot be the address of the config repository",
        hint="use `https://host/path`, `ssh://user@host/path`, `user@host:path` or a full path",
        code="fetch/address-refused",
    )


def checked_branch(branch: str) -> str:
    """Give a branch that git may be told. Raises Stalled for what is no name of a branch."""
    if branch and len(branch) <= 200 and _BAD_IN_BRANCH.search(branch) is None:  # noqa: PLR2004
        return branch
    raise Stalled.because(
        f"{branch[:200]!r} cannot be the name of a branch",
        hint="see `git check-ref-format --branch`",
        code="fetch/branch-refused",
    )


def is_plain_name(name: str) -> bool:
    """Tell whether a name of the server may be followed and shown: nothing in it is invisible."""
    return bool(name) and _BAD_IN_BRANCH.search(name) is None


def is_commit(text: str) -> bool:
    """Tell whether `text` is 40 hexadecimal digits."""
    return _COMMIT.fullmatch(text) is not None


def checked_pointer(path: str) -> str:
    """Give a path that a pointer may have. Raises Bug: those paths are made of checked names."""
    if _POINTER.fullmatch(path) is None or ".." in path or path.casefold().endswith(".lock"):
        raise Bug.because(f"{path!r} cannot be the path of a pointer", code="promote/pointer-path")
    return path
