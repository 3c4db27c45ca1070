"""What the documents allow people to ask for: the strictest of all that speak of it."""

from dataclasses import dataclass
from datetime import timedelta

from controller.model.issuance import Target, TargetKind
from schemas.issuing import SHORTEST, Issue
from schemas.kinds.credential_request import Asked
from schemas.kinds.secret import Secret
from schemas.kinds.secret_store import SecretStore
from schemas.values import write_duration


class NotIssuedError(ValueError):
    """Nobody may ask for this, or not for so long; the text says why."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be asked for, who says yes, and how it is handed over."""

    max_ttl: timedelta
    approvals: int
    approvers: tuple[frozenset[str], ...]
    """Somebody's word counts who is in each of these."""
    answer_within: timedelta
    fetch_within: timedelta
    wrap_ttl: timedelta
    longest: timedelta
    """The longest time of any request to the store."""


def limits_of(
    target: Target, store: SecretStore, secret: Secret | None, ttl: timedelta | None = None
) -> Limits:
    """Give the limits of what is asked for. Raises NotIssuedError; also for a `ttl` beyond them."""
    general = store.spec.issue
    name = store.metadata.name
    if general is None:
        raise NotIssuedError(f"nothing may be asked for from the store `{name}`: it has no `issue`")
    special: Issue | None
    if target.kind is TargetKind.KEPT:
        special = secret.spec.issue if secret is not None else None
        if special is None:
            raise NotIssuedError(f"nobody may ask for `{target.name}`: the secret has no `issue`")
    else:
        role = target.name.rpartition("/")[2]
        found = [
            each
            for word, _, each in (store.spec.engines.roles() if store.spec.engines else ())
            if (word, each.name) == (target.kind, role)
        ]
        if not found:
            raise NotIssuedError(f"the store `{name}` has no role `{role}` for `{target.kind}`")
        special = found[0].issue
    rules = (general,) if special is None else (general, special)
    limits = Limits(
        max_ttl=min(rule.max_ttl for rule in rules),
        approvals=max(rule.approvals for rule in rules),
        approvers=tuple(frozenset(rule.approvers) for rule in rules if rule.approvers),
        answer_within=general.answer_within,
        fetch_within=general.fetch_within,
        wrap_ttl=general.wrap_ttl,
        longest=general.max_ttl,
    )
    if ttl is not None and not SHORTEST <= ttl <= limits.max_ttl:
        raise NotIssuedError(
            f"`{target}` is given for {write_duration(SHORTEST)} to "
            f"{write_duration(limits.max_ttl)}, and not for {write_duration(ttl)}"
        )
    return limits


def target_of(asked: Asked) -> Target:
    """Read what is asked for."""
    if asked.ssh_certificate is not None:
        key = asked.ssh_certificate
        return Target(TargetKind.SSH, key.role, user=key.user, public_key=key.public_key)
    if asked.certificate is not None:
        found = asked.certificate
        return Target(TargetKind.PKI, found.role, common_name=found.common_name)
    if asked.database is not None:
        return Target(TargetKind.DATABASE, asked.database)
    return Target(TargetKind.KEPT, asked.secret or "")


def asked_path(asked: Asked) -> tuple[str, ...]:
    """Tell where a document names what is asked for, below `what`."""
    if asked.ssh_certificate is not None:
        return "sshCertificate", "role"
    if asked.certificate is not None:
        return "certificate", "role"
    return ("database",) if asked.database is not None else ("secret",)
