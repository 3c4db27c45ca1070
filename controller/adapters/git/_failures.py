"""What git says when it fails, in our words."""

from controller.adapters.git._command import Answer
from controller.diagnostics.errors import RepositoryUnreachable, Stalled, TrueupError

_MISSING = ("couldn't find remote ref", "not our ref", "unadvertised object")

_REFUSED = (
    (
        "fsck error",
        "holds an object that git's own check refuses",
        "find it with `git fsck --full` and take it out of the history",
    ),
    (
        "not allowed",
        "wants a transport that is not allowed",
        "use an address with `https`, `ssh`, or a path",
    ),
    (
        "dubious ownership",
        "belongs to another user of this machine",
        "let the controller run as its owner: `chown -R` the repository",
    ),
)
_UNREACHABLE = (
    ("timed out", "does not answer in time", "look at the network between here and the server"),
    (
        "Could not resolve host",
        "is on a host that has no address",
        "look at the address and at DNS",
    ),
    ("Failed to connect", "is on a server that takes no connections", "see whether it runs"),
    ("Connection refused", "is on a server that takes no connections", "see whether it runs"),
    ("Authentication failed", "does not accept our credentials", "look at the token or the key"),
    ("could not read Username", "wants credentials", "give a token by the settings"),
    ("unable to read askpass", "wants credentials", "give a token by the settings"),
    (
        "error in libcrypto",
        "is not asked: ssh cannot use the private key",
        "give an OpenSSH private key without a passphrase",
    ),
    (
        "UNPROTECTED PRIVATE KEY FILE",
        "is not asked: the private key may be read by others",
        "`chmod 600` that file",
    ),
    ("Permission denied", "does not let us in", "look at the token, the key or the permissions"),
    (
        "REMOTE HOST IDENTIFICATION HAS CHANGED",
        "shows another host key than the known one",
        "ask whoever runs the server whether its key was changed; if not, somebody is in between",
    ),
    (
        "Host key verification failed",
        "is on an unknown SSH host",
        "compare its key with what the server says of itself, and add it to `known_hosts`",
    ),
    (
        "does not appear to be a git repository",
        "is not a Git repository",
        "look at the address, and whether the repository is there",
    ),
    ("not found", "is not there", "look at the address, and whether the credentials may read it"),
    ("error: 401", "does not accept our credentials", "look at the token and at its rights"),
    ("error: 403", "does not let us in", "look at the token and at its rights"),
    (
        "error: 30",
        "sends us elsewhere, which is not followed with a token",
        "use the address that it sends to, often the same with `.git`",
    ),
    ("certificate", "shows a certificate that is not trusted", "look at the server's certificate"),
)
_NOISE = ("hint:", "warning:", "Please make sure", "and the repository exists", "From ", "remote: ")


def in_words(address: str, answer: Answer) -> TrueupError:
    """Give the error of a failed network command: unreachable, or Stalled when refused."""
    said = _last_words(answer.error)
    for needle, words, hint in _REFUSED:
        if needle in answer.error:
            return Stalled.because(
                f"the repository `{address}` {words}: {said}", hint=hint, code="fetch/refused"
            )
    for needle, words, hint in _UNREACHABLE:
        if needle in answer.error:
            return RepositoryUnreachable.because(
                f"the repository `{address}` {words}: {said}", hint=hint
            )
    return RepositoryUnreachable.because(
        f"the repository `{address}` cannot be used: {said}",
        hint="try the same with `git ls-remote` from this machine",
    )


def is_missing(answer: Answer) -> bool:
    """Tell whether the server answered that it has no such branch or commit."""
    return answer.code != 0 and any(needle in answer.error for needle in _MISSING)


def tag_missing(address: str, wanted: str) -> Stalled:
    """Say that no tag is as wanted."""
    return Stalled.because(
        f"the repository `{address}` has no tag for `{wanted}`",
        hint=f"push such a tag: `git ls-remote --tags {address}` lists those that are there",
        code="fetch/tag-missing",
    )


def commit_not_there(address: str, commit: str) -> Stalled:
    """Say that the server does not give the commit that the settings name."""
    return Stalled.because(
        f"the repository `{address}` does not give the commit `{commit}`",
        hint="name a commit that a branch or tag holds; some servers give only heads",
        code="fetch/commit-missing",
    )


def not_accepted(commit: str) -> Stalled:
    """Say that a commit was fetched, and refused for its signatures or never looked at."""
    return Stalled.because(
        f"the commit `{commit}` was not accepted: signatures are wanted",
        hint="`trueup get findings` tells what is missing",
        code="trust/not-accepted",
    )


def branch_missing(address: str, branch: str) -> Stalled:
    """Say that the watched branch is not there."""
    return Stalled.because(
        f"the repository `{address}` has no branch `{branch}`",
        hint=f"push that branch, or watch another: `git ls-remote --heads {address}` lists them",
        code="fetch/branch-missing",
    )


def commit_missing(commit: str) -> Stalled:
    """Say that a commit was never fetched, or is no commit."""
    return Stalled.because(
        f"the commit `{commit[:60]}` is not in the mirror of the repository",
        hint="it may be rewritten away: push it again, or move the pointer to another commit",
        code="fetch/commit-missing",
    )


def _last_words(error: str) -> str:
    """Git's own sentence: the last line that is not advice."""
    lines = [line.strip() for line in error.splitlines()]
    telling = [line for line in lines if line and not line.startswith(_NOISE)]
    faults = [line for line in telling if line.startswith(("fatal:", "error:"))]
    chosen = (faults or telling or ["git gave no reason"])[0]
    return chosen.removeprefix("fatal: ").removeprefix("error: ")[:300]
