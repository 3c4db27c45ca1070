"""Logins to where states are kept: from a file that the settings name to the engine alone.

User names and passwords travel in the environment of the engine's processes, from which Terraform
writes nothing into a plan; keys of S3 lie in a file of their own, of which the backend is told the
path. Neither is ever in a workspace.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from controller.adapters.engine.private_file import write_private
from controller.diagnostics.errors import Stalled


class _Login(BaseModel):
    """What a file may hold."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    username: str = ""
    password: str = ""
    access_key: str = ""
    secret_key: str = ""
    session_token: str = ""


@dataclass(frozen=True)
class StateLogin:
    """What an engine is given so that it may use a backend."""

    extras: Mapping[str, str] = field(default_factory=dict, repr=False)
    backend_config: Path | None = None

    @classmethod
    def read(cls, environment: str, file: Path, private: Path) -> "StateLogin":
        """Read the login for an environment; files are made below `private`. Raises Stalled."""
        found = _read(file)
        extras = {}
        if found.username:
            extras = {
                "TF_HTTP_USERNAME": found.username, "TF_HTTP_PASSWORD": found.password,
                "PGUSER": found.username, "PGPASSWORD": found.password,
            }  # fmt: skip
        if not found.access_key:
            return cls(extras)
        private.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys, told = private / f"{environment}.aws", private / f"{environment}.tfbackend"
        token = f"aws_session_token = {found.session_token}\n" if found.session_token else ""
        write_private(
            keys,
            f"[trueup-states]\naws_access_key_id = {found.access_key}\n"
            f"aws_secret_access_key = {found.secret_key}\n{token}",
        )
        write_private(
            told, f'profile = "trueup-states"\nshared_credentials_files = ["{keys.absolute()}"]\n'
        )
        return cls(extras, told.absolute())


def _read(file: Path) -> _Login:
    try:
        return _Login.model_validate(YAML(typ="safe", pure=True).load(file.read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise Stalled.because(
            f"`{file}` cannot be read: {error}", hint="`state_credentials` of the settings names it"
        ) from error
    except (YAMLError, ValidationError) as error:
        raise Stalled.because(
            f"`{file}` is no login", code="settings/state-login",
            hint="write `username` and `password`, or `access_key` and `secret_key`, as YAML",
        ) from error  # fmt: skip
