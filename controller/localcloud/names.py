"""What things in the local cloud may be called, and the kinds there are."""

from __future__ import annotations

import re
from typing import Final, Literal, get_args

from controller.localcloud.errors import CloudError

Kind = Literal["service", "database", "bucket"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_OWNER = re.compile(r"[A-Za-z0-9._-]{1,64}(/[A-Za-z0-9._-]{1,64}){0,4}")
_SETTING = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")
# Where a server listens, who may come in and where its files are.
_OWN_SETTINGS = frozenset(
    (
        "config_file",
        "data_directory",
        "external_pid_file",
        "hba_file",
        "ident_file",
        "listen_addresses",
        "port",
        "unix_socket_directories",
        "unix_socket_permissions",
    )
)
_DATABASE = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def name_problem(value: str) -> str | None:
    """Say what is wrong with the name of a thing, if anything is."""
    if _NAME.fullmatch(value):
        return None
    return f"`{value[:80]}` is not a name; expected lower-case letters, digits and `-`, at most 63"


def owner_problem(value: str) -> str | None:
    """Say what is wrong with an owner, if anything is."""
    if _OWNER.fullmatch(value):
        return None
    return f"`{value[:80]}` is not an owner; expected words with `/` between: `shop/dev/api`"


def setting_problem(value: str) -> str | None:
    """Say what is wrong with the name of a PostgreSQL setting, if anything is."""
    if value in _OWN_SETTINGS or value.startswith("include"):
        return f"`{value[:80]}` is the local cloud's to decide"
    return None if _SETTING.fullmatch(value) else f"`{value[:80]}` is not the name of a setting"


def database_problem(value: str) -> str | None:
    """Say what is wrong with the name of a database inside a server, if anything is."""
    if _DATABASE.fullmatch(value):
        return None
    return f"`{value[:80]}` is not a database name; expected lower-case letters, digits and `_`"


def variable_problem(value: str) -> str | None:
    """Say what is wrong with the name of an environment variable, if anything is."""
    return None if _VARIABLE.fullmatch(value) else f"`{value[:80]}` is not a variable's name"


def checked_kind(value: object) -> Kind:
    """Give the kind, or raise `CloudError` if there is none such."""
    for kind in KINDS:
        if kind == value:
            return kind
    raise CloudError(f"`{str(value)[:40]}` is not a kind; expected one of {', '.join(KINDS)}")


def checked_name(value: object) -> str:
    """Give the name, or raise `CloudError` if it is not one."""
    text = value if isinstance(value, str) else ""
    problem = name_problem(text)
    if problem is not None:
        raise CloudError(problem, attribute=("name",))
    return text


def checked_owner(value: object) -> str:
    """Give the owner, or raise `CloudError` if it is not one."""
    text = value if isinstance(value, str) else ""
    problem = owner_problem(text)
    if problem is not None:
        raise CloudError(problem, attribute=("owner",))
    return text
