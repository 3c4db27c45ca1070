"""Graph → workspace: the rendered Terraform root directory of a unit, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.model.names import Commit, Digest, SecretName, UnitName
from controller.model.provider_places import Places

EPHEMERAL_VARIABLES = "trueup-ephemeral.json"
"""The file of a workspace that maps ephemeral variables to the files with their secrets. Whoever
runs an engine reads those for each command: a value itself is never part of a workspace."""


@dataclass(frozen=True)
class Workspace:
    """What a unit's directory must hold, and what it was made from.

    `files` maps relative paths to bytes: `main.tf.json`, `terraform.tfvars.json`, and the module
    under `module/`. Folders of the repository that the inputs name stand in the variables by the
    absolute path of their content. `digest` covers all of it and is what a plan is bound to.
    """

    unit: UnitName
    commit: Commit
    engine: str
    files: Mapping[str, bytes]
    module_digest: Digest
    upstream_digest: Digest
    """Digest of every output of another unit that was read."""
    provisional: tuple[str, ...]
    """Reasons why a plan of this workspace can be shown but not applied."""
    digest: Digest
    dated: Mapping[str, bytes] = field(default_factory=dict)
    """Files that tell since when it is like this, and do not count: as they were first written."""
    places: Places = field(default_factory=dict)
    """Where its providers look."""
    needs_ephemeral: bool = False
    """Whether only an engine that knows ephemeral values can read it."""
    nulls: tuple[str, ...] = ()
    """Which outputs of others that it reads are null, a sentence each."""


@dataclass(frozen=True)
class Upstream:
    """What a unit's inputs may refer to, as it is known now."""

    outputs: Mapping[UnitName, Mapping[str, object]]
    """Outputs of units that were applied; a unit that was not is missing."""
    pending: frozenset[UnitName]
    """Units whose own changes are not applied yet: what reads them is provisional."""
    secret_addresses: Mapping[SecretName, str]
    """Where each secret is, or will be, delivered."""
    tree_paths: Mapping[str, str]
    """Folder of the repository → absolute path of its content on this machine."""
    secret_versions: Mapping[SecretName, int] = field(default_factory=dict)
    """The generation of each secret that is delivered; one that is not is missing."""
