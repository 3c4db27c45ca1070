"""Which secrets a stage should have, and which of them are others than before."""

from collections.abc import Mapping

from controller.model.catalog import UNREADABLE, Catalog, Reference
from controller.model.names import Digest, SecretName
from controller.workflows.catalogs import StageTarget
from schemas.kinds.secret import Secret


def secrets_of(target: StageTarget) -> tuple[SecretName, ...]:
    """Give the secrets of a stage, by name."""
    return tuple(sorted(_digests(target)))


def find_secret(target: StageTarget, name: SecretName) -> Secret | None:
    """Give the document of a secret; the head's where it is ahead."""
    for loaded in (target.ahead, target.base):
        if loaded is not None:
            found = loaded.catalog.find(Secret, name.secret, name.product)
            if found is not None:
                return found
    return None


def may_be_broken(head: Catalog, name: SecretName) -> bool:
    """Tell whether a document that is missed may be there, where nothing could be read."""
    suspects = {
        Reference("Secret", name.product, name.secret),
        Reference("Product", "", name.product),
    }
    return any(
        broken in suspects
        or broken.kind == UNREADABLE
        or (broken.kind == "Pipeline" and broken.product == name.product)
        for broken in head.broken
    )


def digest_of(target: StageTarget, name: SecretName) -> Digest | None:
    """Tell one document of a secret from another; None when there is none."""
    reference = Reference("Secret", name.product, name.secret)
    for loaded in (target.ahead, target.base):
        if loaded is not None and reference in loaded.catalog.documents:
            return loaded.catalog.documents[reference].digest
    return None


def changed_secrets(
    target: StageTarget, used: Mapping[SecretName, Digest | None]
) -> tuple[SecretName, ...]:
    """Name the secrets whose last turn used another document than the one that holds now."""
    there = _digests(target)
    return tuple(
        sorted(
            name
            for name, digest in used.items()
            if name.stage == target.name and digest != there.get(name)
        )
    )


def _digests(target: StageTarget) -> dict[SecretName, Digest]:
    return {
        SecretName(target.name.product, target.name.environment, reference.name): document.digest
        for loaded in (target.base, target.ahead)
        if loaded is not None
        for reference, document in loaded.catalog.documents.items()
        if reference.kind == "Secret" and reference.product == target.name.product
    }
