"""The config repository, made from the settings."""

from pathlib import Path

from controller.adapters.git.gitpython import GitRepository
from controller.adapters.git.login import Login
from controller.adapters.git.own_key import OwnKeyFile
from controller.adapters.git.signing import SigningKeys
from controller.diagnostics.errors import Stalled
from controller.model.following import Branch, Fixed, Following, Semver, Tag
from controller.model.history import SignersRule, Trust
from controller.model.names import Commit
from controller.model.versions import VersionRange
from controller.settings import Repository, Rule


def repository(settings: Repository, mirror: Path) -> GitRepository:
    """Give the repository; nothing is fetched yet. Raises Stalled for what cannot be used."""
    signatures, own = settings.signatures, settings.signing
    keys = SigningKeys(signatures.gpg_keys_file, signatures.allowed_signers_file)
    return GitRepository(
        settings.url,
        following(settings),
        mirror,
        timeout=settings.timeout.total_seconds(),
        login=Login(
            token_file=settings.token_file,
            username=settings.username,
            bearer=settings.bearer,
            ssh_key=settings.ssh_key_file,
            known_hosts=settings.known_hosts_file,
            proxy=settings.proxy or "",
            ca_file=settings.ca_file,
        ),
        keys=keys if signatures.are_wanted else None,
        own_key=OwnKeyFile(own.ssh_key_file, own.gpg_key_file) if own.is_given else None,
    )


def following(settings: Repository) -> Following:
    """Give what is followed: the branch, unless something else is named. Raises Stalled."""
    if settings.commit is not None:
        return Fixed(Commit(settings.commit))
    if settings.tag is not None:
        return Tag(settings.tag)
    if settings.semver is None:
        return Branch(settings.branch)
    try:
        return Semver(VersionRange.parse(settings.semver))
    except ValueError as error:
        raise Stalled.because(
            f"`repository.semver` of the settings: {error}",
            hint="write it as `>=1.2.0 <2.0.0`, `^1.2`, `~1.2.3`, `1.x` or `1.2 - 1.4`, with `||`",
            code="fetch/range-refused",
        ) from error


def trust(settings: Repository) -> Trust | None:
    """Give whose signatures are wanted; None when none are."""
    if not settings.signatures.are_wanted:
        return None
    signatures = settings.signatures
    return Trust(_rules(signatures.rules), _rules(signatures.promotions))


def _rules(rules: tuple[Rule, ...]) -> tuple[SignersRule, ...]:
    return tuple(SignersRule(rule.paths, rule.signers) for rule in rules)
