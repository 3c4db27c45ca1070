"""What the process is told by its surroundings; the only reader of the environment.

Settings come from a YAML file, and from variables `TRUEUP_…` (`__` between levels), which win.
"""

import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from controller.load_workers import LoadWorkers
from controller.retention import Retention


class Rule(BaseModel):
    """Who may sign commits that touch some paths."""

    model_config = ConfigDict(extra="forbid")
    paths: tuple[str, ...] = Field(
        min_length=1, description="paths as `platform/*`; `*` matches `/` as well"
    )
    signers: tuple[str, ...] = Field(
        min_length=1, description="e-mail addresses, SSH principals or fingerprints of keys"
    )


class Signatures(BaseModel):
    """Whose signatures the commits of the repository need; unset, none are looked at."""

    model_config = ConfigDict(extra="forbid")
    gpg_keys_file: Path | None = Field(
        default=None, description="file of the public PGP keys that are known"
    )
    allowed_signers_file: Path | None = Field(
        default=None, description="file of the SSH keys that are known, as `ssh-keygen` reads it"
    )
    rules: tuple[Rule, ...] = Field(default=(), description="who may sign for which paths")
    promotions: tuple[Rule, ...] = Field(
        default=(),
        description="who may sign commits of the promotions branch for which of its paths; "
        "unset, they need no signature",
    )

    @property
    def are_wanted(self) -> bool:
        """Whether any key or rule is given."""
        given = (self.gpg_keys_file, self.allowed_signers_file, self.rules, self.promotions)
        return any(given)


class Signing(BaseModel):
    """What Trueup signs its own commits to the promotions branch with; unset, it does not."""

    model_config = ConfigDict(extra="forbid")
    ssh_key_file: Path | None = Field(
        default=None, description="private SSH key, without a passphrase"
    )
    gpg_key_file: Path | None = Field(
        default=None,
        description="secret PGP key, without a passphrase: `gpg --export-secret-keys --armor KEY`",
    )

    @property
    def is_given(self) -> bool:
        """Whether there is a key."""
        return bool(self.ssh_key_file or self.gpg_key_file)

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.ssh_key_file and self.gpg_key_file:
            raise ValueError("expected one of `ssh_key_file`, `gpg_key_file`; both are given")
        return self


class Repository(BaseModel):
    """The config repository to watch."""

    model_config = ConfigDict(extra="forbid")
    url: str = Field(description="where to fetch from: a path, https://…, ssh://…")
    branch: str = Field(default="main", description="the branch that says what is wanted")
    tag: str | None = Field(
        default=None, description="follow the newest tag with this name, as `v*`, not the branch"
    )
    semver: str | None = Field(
        default=None,
        description="follow the highest version of a range, as `^1.2`, `>=1.2.0 <2.0.0`",
    )
    commit: str | None = Field(default=None, description="stay at one commit, 40 digits")
    promotions_branch: str = Field(
        default="trueup/promotions", description="the branch that holds the pointers of all stages"
    )
    poll_every: timedelta = Field(
        default=timedelta(seconds=30), description="how often to look without being woken"
    )
    timeout: timedelta = Field(
        default=timedelta(seconds=60), description="for each command that uses the network"
    )
    token_file: Path | None = Field(
        default=None, description="file with the token for https://…; read anew at each use"
    )
    username: str = Field(
        default="x-access-token", description="the user name that the token is sent with"
    )
    bearer: bool = Field(default=False, description="send the token as `Bearer`, not as a password")
    ssh_key_file: Path | None = Field(
        default=None, description="private key for ssh://…, without a passphrase"
    )
    known_hosts_file: Path | None = Field(
        default=None, description="host keys for ssh://…; unknown hosts are refused always"
    )
    proxy: str | None = Field(
        default=None, description="proxy for https://…, as `http://host:3128`, `socks5h://host`"
    )
    ca_file: Path | None = Field(
        default=None, description="certificates that the server's is checked with"
    )
    signatures: Signatures = Field(default_factory=Signatures)
    signing: Signing = Field(default_factory=Signing)

    @model_validator(mode="after")
    def _follows_one(self) -> Self:
        chosen = [name for name in ("tag", "semver", "commit") if getattr(self, name) is not None]
        if len(chosen) > 1:
            raise ValueError(f"expected one of `tag`, `semver`, `commit`; {len(chosen)} are given")
        if self.signatures.promotions and not self.signing.is_given:
            raise ValueError("`signatures.promotions` needs `signing`: Trueup commits there too")
        return self


class Webhooks(BaseModel):
    """Secrets of the webhooks; one without a secret is not there."""

    model_config = ConfigDict(extra="forbid")
    github_secret_file: Path | None = Field(
        default=None, description="file with the secret of `/webhooks/github`"
    )
    gitlab_secret_file: Path | None = Field(
        default=None, description="file with the secret token of `/webhooks/gitlab`"
    )
    gitea_secret_file: Path | None = Field(
        default=None, description="file with the secret of `/webhooks/gitea`, for Forgejo as well"
    )
    generic_secret_file: Path | None = Field(
        default=None, description="file with the secret that `/webhooks/generic` is signed with"
    )


class GitHub(BaseModel):
    """The GitHub whose repositories secrets are copied to."""

    model_config = ConfigDict(extra="forbid")
    api: str = Field(
        default="https://api.github.com",
        pattern=r"^(https://|http://127\.0\.0\.1)",
        description="address of its API",
    )
    token_file: Path | None = Field(
        default=None, description="file with a token that may write secrets and variables"
    )


class Listen(BaseModel):
    """Where the API and the pages are served."""

    model_config = ConfigDict(extra="forbid")
    host: str = Field(default="127.0.0.1", description="address to bind")
    names: tuple[str, ...] = Field(
        default=(), description="other host names under which it is reached, as behind a proxy"
    )
    port: int = Field(default=8080, ge=0, le=65535, description="port to bind; 0 takes a free one")


class Limits(BaseModel):
    """How much is done at the same time."""

    model_config = ConfigDict(extra="forbid")
    units: int = Field(default=2, ge=1, description="units that are planned or applied")
    drift: int = Field(default=1, ge=1, description="looks for drift; a budget of their own")
    secrets: int = Field(default=2, ge=1, description="secrets that are delivered or rotated")
    stages: int = Field(
        default=1, ge=1, description="stages that are gated: load tests share a machine"
    )
    engine_workers: int = Field(
        default=2,
        ge=1,
        description="warm processes of the embedded engine; looks for drift have more beside them",
    )


class User(BaseModel):
    """Somebody who may ask the controller for something."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(description="the name that approvals and events carry")
    role: str = Field(
        description="viewer, operator, approver or admin",
        pattern="^(viewer|operator|approver|admin)$",
    )
    groups: tuple[str, ...] = Field(
        default=(), description="groups that pipelines name, as `release-managers`"
    )
    commits_as: tuple[str, ...] = Field(
        default=(),
        description="what their commits to the promotions branch are known by: e-mail addresses, "
        "SSH principals or fingerprints of keys",
    )
    token_sha256: str = Field(
        description="SHA-256 of the token, 64 hexadecimal digits", pattern="^[0-9a-f]{64}$"
    )


class Settings(BaseSettings):
    """Everything that `trueup serve` is told."""

    model_config = SettingsConfigDict(
        extra="forbid",
        env_prefix="TRUEUP_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )
    data: Path = Field(
        default=Path(".trueup"), description="folder for everything the controller keeps"
    )
    repository: Repository
    listen: Listen = Field(default_factory=Listen)
    limits: Limits = Field(default_factory=Limits)
    users: tuple[User, ...] = Field(
        default=(), description="who may ask; the local token is made anyway"
    )
    public_view: bool = Field(
        default=False, description="whether pages may be read on this machine without a token"
    )
    webhooks: Webhooks = Field(default_factory=Webhooks)
    github: GitHub = Field(default_factory=GitHub)
    local_cloud: bool = Field(
        default=True, description="offer the local cloud's Terraform provider"
    )
    remote_load_targets: bool = Field(
        default=False, description="let load tests reach other machines than this one"
    )
    load_workers: LoadWorkers = Field(default_factory=LoadWorkers)
    retention: Retention = Field(default_factory=Retention)
    state_credentials: Mapping[str, Path] = Field(
        default={},
        description="for an environment by name, the file with the login to where its states are",
    )
    state_history: int = Field(
        default=20, ge=2, le=1000, description="how many earlier states of each unit are kept"
    )
    provider_mirror: Path | None = Field(
        default=None, description="folder of Terraform providers to use instead of a registry"
    )
    secret_max_age: timedelta = Field(
        default=timedelta(days=365),
        gt=timedelta(),
        description="how old a secret may become whose document does not say when it changes",
    )
    secret_files: Path | None = Field(
        default=None,
        description="folder for secrets that are delivered as files; default: `secrets` in `data`; "
        "consumers of other users need one that they can reach",
    )
    rotation_commands: dict[str, tuple[str, ...]] = Field(
        default={},
        description="programs that secrets may name to tell third parties of a new value: absolute "
        "path and first arguments, by name",
    )
    consumer_pid_files: dict[str, Path] = Field(
        default={},
        description="files with the ids of processes that secrets may name to be sent a signal",
    )
    audit_logs: dict[str, Path] = Field(
        default={},
        description="by environment, a folder of CloudTrail log files: who may have made a drift",
    )
    decision_keys: tuple[str, ...] = Field(
        default=(),
        description="public keys of other installations, or of one that was lost, whose sealed "
        "decisions count here",
    )
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="what is logged"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read variables before the file, so that they win."""
        del dotenv_settings, file_secret_settings
        path = settings_cls.model_config.get("yaml_file")
        file = (YamlConfigSettingsSource(settings_cls),) if path else ()
        return (init_settings, env_settings, *file)

    @classmethod
    def read(cls, file: Path | None) -> Self:
        """Read a file and the environment. Raises pydantic's ValidationError, FileNotFoundError."""
        if file is None:
            return cls()
        if not file.is_file():
            raise FileNotFoundError(file)

        class FromFile(cls):  # type: ignore[misc, valid-type]  # the file is known only now
            model_config = SettingsConfigDict(**{**cls.model_config, "yaml_file": file})

        found = FromFile()
        return cls.model_validate(found.model_dump())


PREFIX = "TRUEUP_"
_OF_OTHERS = tuple(
    PREFIX + of for of in ("LOCALCLOUD_", "LOAD_RATE_", "LOAD_REMOTE_", "PYTHON", "TEST_")
)
"""Variables of our own programs that are no settings: engines, load tests and tests have them."""


def setting_names(model: type[BaseModel] = Settings) -> Iterator[str]:
    """Give every setting by its path, as `repository.url`; a group comes before what it holds."""
    for name, field in model.model_fields.items():
        yield name
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from (f"{name}.{inner}" for inner in setting_names(part))


def variable_of(setting: str) -> str:
    """Give the variable of a setting."""
    return PREFIX + setting.upper().replace(".", "__")


def unknown_variables() -> tuple[str, ...]:
    """Give the variables that are named like settings, and are none."""
    known = {variable_of(setting) for setting in setting_names()}
    return tuple(
        name
        for name in sorted(os.environ)
        if name.upper().startswith(PREFIX)
        and name.upper() not in known
        and not name.startswith(_OF_OTHERS)
    )


def are_in_variables() -> bool:
    """Tell whether variables say what must be said: where the repository is."""
    given = {name.upper() for name in os.environ}
    return not given.isdisjoint({variable_of("repository"), variable_of("repository.url")})


def search_path() -> str:
    """Give PATH, where engines are looked for."""
    return os.environ.get("PATH", os.defpath)


def mirror_places(*, roots: bool = False) -> tuple[Path, ...]:
    """Give the folders that may be a mirror of providers: the one that is named, then Terraform's.

    With `roots`, give those below which one may lie.
    """
    home = Path.home()
    if roots:
        return (Path("/opt"), Path("/srv"), Path("/var/lib"), Path("/usr/local"), home)
    named = os.environ.get("TRUEUP_PROVIDER_MIRROR", "")
    data = os.environ.get("XDG_DATA_HOME", "") or home / ".local" / "share"
    shared = os.environ.get("XDG_DATA_DIRS", "") or "/usr/local/share:/usr/share"
    folders = [Path(data), *(Path(folder) for folder in shared.split(os.pathsep) if folder)]
    return (
        *([Path(named)] if named else []),
        Path("terraform.d/plugins").absolute(),
        home / ".terraform.d" / "plugins",
        *(folder / "terraform" / "plugins" for folder in folders),
    )
