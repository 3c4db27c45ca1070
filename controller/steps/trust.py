"""Head → diagnostics: is what it brings signed by those who may?"""

from collections.abc import Iterator

from controller.diagnostics.diagnostic import Diagnostic
from controller.model.following import FoundTag, is_moved_back
from controller.model.history import History, Signature, SignersRule, Trust
from controller.model.names import Commit
from controller.ports.git import Head, RepositoryReader

_MOST_TOLD = 20


async def judge(
    repository: RepositoryReader,
    trust: Trust,
    head: Head,
    accepted: Commit | None,
    tagged: FoundTag | None = None,
) -> tuple[Diagnostic, ...]:
    """Give why a head is not accepted after the one that was accepted last; nothing when it is.

    The head must be signed by a known key. Each commit that touches a path of a rule must be signed
    by somebody whom every rule of that path names. Where nothing was accepted before, and where a
    tag leads elsewhere, the head stands for all that differs. A rewritten history that differs in
    such a path is refused: an old head, once signed, could be put in the place of a newer one.
    A tag must be signed by a known key too, and never come before `tagged`, the tag that was
    accepted last: who may push tags, and holds no key, may not bring an old one back.
    Raises RepositoryUnreachable, Stalled.
    """
    commit = head.revision.commit
    signature = await repository.signature(commit)
    found = list(_unsigned(commit, signature, "the head of the repository"))
    if head.tag is not None:
        found += _of_tag(head, head.tag, await repository.tag_signature(head.tag, commit), tagged)
    history = await repository.history(commit, accepted)
    if not history.descends:
        found += _leapt(trust, head, history, signature)
    for past in history.commits:
        rules = [(rule, path) for rule in trust.rules if (path := rule.find(past.paths))]
        if rules and (past.commit != commit or signature.identities):
            own = signature if past.commit == commit else await repository.signature(past.commit)
            found += _broken_rules(past.commit, own, rules)
    return tuple(dict.fromkeys(found))[:_MOST_TOLD]


def _of_tag(
    head: Head, tag: FoundTag, signature: Signature, tagged: FoundTag | None
) -> Iterator[Diagnostic]:
    if not signature.identities:
        yield Diagnostic(
            code="trust/tag-not-signed",
            message=f"the tag `{tag.name}` has no signature that counts: {signature.problem}",
            expected="a signature by a key of the settings",
            hint=f"`git tag -s -f {tag.name} {head.revision.commit}` signs it; then push it",
        )
    if head.chosen_by and tagged and is_moved_back(head.chosen_by, tagged, tag):
        yield Diagnostic(
            code="trust/moved-back",
            message=f"`{tag.name}` comes before `{tagged.name}`, which was accepted and is gone or"
            " was moved",
            hint="to go back, sign a new tag of the old commit: a higher version, a later time",
        )


def _leapt(
    trust: Trust, head: Head, history: History, signature: Signature
) -> Iterator[Diagnostic]:
    rules = [(rule, path) for rule in trust.rules if (path := rule.find(history.differing))]
    if rules and head.rewritten_from is not None:
        path = rules[0][1]
        yield Diagnostic(
            code="trust/rewritten",
            message=f"the history of `{head.revision.branch}` was rewritten: `{path}` differs from"
            f" what was accepted at `{head.rewritten_from}`",
            hint=f"put the accepted commit back: `git merge -s ours {head.rewritten_from}`, signed",
        )
        return
    if signature.identities:  # else it was told of the head already
        yield from _broken_rules(head.revision.commit, signature, rules)


def _broken_rules(
    commit: Commit, signature: Signature, rules: list[tuple[SignersRule, str]]
) -> Iterator[Diagnostic]:
    for rule, path in rules:
        if not signature.identities:
            yield from _unsigned(commit, signature, f"it touches `{path}`")
        elif not rule.allows(signature):
            yield Diagnostic(
                code="trust/signer-not-allowed",
                message=f"the commit `{commit}` is signed by `{signature.signer}`, who may not sign"
                f" for `{path}`",
                expected=f"a signature by {_either(rule.signers)}",
                hint="let one of them make that change, or add the signer to the settings",
            )


def _unsigned(commit: Commit, signature: Signature, why: str) -> Iterator[Diagnostic]:
    if not signature.identities:
        yield Diagnostic(
            code="trust/not-signed",
            message=f"the commit `{commit}` has no signature that counts: {signature.problem}"
            f" ({why})",
            expected="a signature by a key of the settings",
            hint="`git commit --amend -S` signs the newest commit, `git rebase --exec` several",
        )


def _either(signers: tuple[str, ...]) -> str:
    return " or ".join(f"`{signer}`" for signer in signers)
