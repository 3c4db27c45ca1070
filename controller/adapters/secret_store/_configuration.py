"""What the embedded server is told: its configuration, and what it makes of itself at first."""

import json
from dataclasses import dataclass
from pathlib import Path

from controller.adapters.secret_store._certificate import Certificate

MOUNT = "kv"
PREFIX = "trueup"
ROLE = "trueup-controller"

KEEPER = "trueup-keeper"
"""Who brings the controller's rights up to date at a start, and may do nothing else."""
ISSUE_ROLE = "trueup-issue"
"""The token role, and the policy, under which credentials are made for people."""
_WRITE = ["create", "read", "update"]


def _policy(*rights: tuple[str, list[str]]) -> str:
    return "\n".join(
        f'path "{path}" {{ capabilities = {json.dumps(capabilities)} }}'
        for path, capabilities in rights
    )


_RIGHTS: tuple[tuple[str, list[str]], ...] = (
    (f"{MOUNT}/data/{PREFIX}/*", ["create", "read", "update", "delete"]),
    (f"{MOUNT}/metadata/{PREFIX}/*", ["create", "read", "update", "patch", "list", "delete"]),
    (f"{MOUNT}/detailed-metadata/{PREFIX}/*", ["read", "list", "scan"]),
    ("sys/storage/raft/snapshot", ["read", "update"]),
    ("sys/storage/raft/snapshot-force", ["update"]),
    ("auth/token/lookup-self", ["read"]),
    ("auth/token/renew-self", ["update"]),
    ("auth/token/revoke-self", ["update"]),
    # For what is issued to people: tokens that may make one credential.
    (f"auth/token/create/{ISSUE_ROLE}", ["update"]),
    ("auth/token/lookup-accessor", ["update"]),
    ("auth/token/revoke-accessor", ["update"]),
)
SERVER_POLICY = _policy(*_RIGHTS)
"""What the controller needs of a server whose engines somebody else sets up."""

POLICY = _policy(
    *_RIGHTS,
    *((f"sys/mounts/issue-{engine}", _WRITE) for engine in ("database", "ssh", "pki")),
    ("issue-database/config/*", _WRITE),
    ("issue-database/roles/*", _WRITE),
    ("issue-ssh/config/ca", _WRITE),
    ("issue-ssh/roles/*", _WRITE),
    ("issue-pki/issuers", ["list"]),
    ("issue-pki/root/generate/internal", ["create", "update"]),
    ("issue-pki/roles/*", _WRITE),
    # For what is rotated with its engines.
    *((f"sys/mounts/{engine}", _WRITE) for engine in ("pki", "totp", "transit")),
    ("pki/issuers", ["list"]),
    ("pki/root/generate/internal", ["create", "update"]),
    ("pki/roles/*", _WRITE),
    ("pki/sign/*", ["create", "update"]),
    ("pki/revoke", ["create", "update"]),
    ("pki/cert/*", ["read"]),
    ("totp/keys/*", [*_WRITE, "delete"]),
    ("totp/code/*", _WRITE),
    ("transit/keys/*", _WRITE),
    ("transit/encrypt/*", ["create", "update"]),
    ("transit/decrypt/*", ["create", "update"]),
)
"""All that the controller may do."""

ISSUE_POLICY = _policy(
    (f"{MOUNT}/data/{PREFIX}/*", ["read"]),
    ("issue-database/creds/*", ["read"]),
    ("issue-ssh/sign/*", ["create", "update"]),
    ("issue-pki/issue/*", ["create", "update"]),
)
"""All that a token may do under which one credential is made; nobody but the controller has it."""

KEEPER_POLICY = _policy(
    (f"sys/policies/acl/{ROLE}", ["create", "update"]),
    ("auth/token/revoke-self", ["update"]),
)


@dataclass(frozen=True, slots=True)
class Ports:
    """The loopback ports of one start: for clients, and for a cluster that has one member."""

    api: int
    cluster: int


def configuration(
    home: Path, certificate: Certificate, ports: Ports, *, initialise: bool = False
) -> str:
    """Write the configuration of the server whose data lie in `home`.

    The audit file is named relative to the working directory: the server keeps its device's
    settings and never becomes active when one changed, so an absolute path would forbid to move
    the folder. `initialise` belongs to the very first start only.
    """
    quoted = json.dumps
    lines = [
        f"api_addr = {quoted(f'https://127.0.0.1:{ports.api}')}",
        f"cluster_addr = {quoted(f'https://127.0.0.1:{ports.cluster}')}",
        "ui = false",
        'log_level = "info"',
        'storage "raft" {',
        f"  path = {quoted(str(home / 'raft'))}",
        '  node_id = "trueup"',
        "  performance_multiplier = 1",
        "}",
        'listener "tcp" {',
        f'  address = "127.0.0.1:{ports.api}"',
        f'  cluster_address = "127.0.0.1:{ports.cluster}"',
        f"  tls_cert_file = {quoted(str(certificate.certificate))}",
        f"  tls_key_file = {quoted(str(certificate.key))}",
        '  tls_min_version = "tls13"',
        "}",
        'seal "static" {',
        '  current_key_id = "1"',
        f"  current_key = {quoted('file://' + str(home / 'seal' / 'key'))}",
        "}",
        'audit "file" "main" {',
        '  options { file_path = "audit/audit.log" }',
        "}",
    ]
    return "\n".join([*lines, *(_initialisation(home) if initialise else ()), ""])


def _initialisation(home: Path) -> list[str]:
    """The requests the server makes of itself, once, in this order.

    The secret id comes last: whoever can log in knows that everything before it was done. No root
    token and no recovery key ever exist.
    """
    requests: list[tuple[str, str, dict[str, object]]] = [
        ("mount", f"sys/mounts/{MOUNT}", {"type": "kv", "options": {"version": "2"}}),
        ("policy", f"sys/policies/acl/{ROLE}", {"policy": POLICY}),
        ("keeper-policy", f"sys/policies/acl/{KEEPER}", {"policy": KEEPER_POLICY}),
        ("issue-policy", f"sys/policies/acl/{ISSUE_ROLE}", {"policy": ISSUE_POLICY}),
        (
            "issue-role",
            f"auth/token/roles/{ISSUE_ROLE}",
            {
                "allowed_policies": [ISSUE_ROLE],
                "orphan": True,
                "renewable": False,
                "token_type": "service",
                "token_no_default_policy": True,
            },
        ),
        ("method", "sys/auth/approle", {"type": "approle"}),
        *_role(KEEPER, home, prefix="keeper-", ttl="1m"),
        *_role(ROLE, home),
    ]
    lines = ['initialize "trueup" {']
    for name, path, data in requests:
        lines += [
            f'  request "{name}" {{',
            '    operation = "update"',
            f"    path = {json.dumps(path)}",
            f"    data = {_object(data)}",
            "  }",
        ]
    return [*lines, "}"]


def _role(
    name: str, home: Path, *, prefix: str = "", ttl: str = "1h"
) -> list[tuple[str, str, dict[str, object]]]:
    path = f"auth/approle/role/{name}"
    loopback = ["127.0.0.1/32"]
    settings: dict[str, object] = {
        "token_policies": [name],
        "token_no_default_policy": True,
        "token_ttl": ttl,
        "token_max_ttl": "24h" if ttl == "1h" else ttl,
        "token_bound_cidrs": loopback,
        "secret_id_bound_cidrs": loopback,
    }
    login = home / "login"
    secret_id = {"secret_id": _from_file(login / f"{prefix}secret-id")}
    return [
        (f"{prefix}role", path, settings),
        (
            f"{prefix}role-id",
            f"{path}/role-id",
            {"role_id": _from_file(login / f"{prefix}role-id")},
        ),
        (f"{prefix}secret-id", f"{path}/custom-secret-id", dict(secret_id)),
    ]


def _from_file(path: Path) -> dict[str, object]:
    return {"eval_type": "string", "eval_source": "file", "path": str(path)}


def _object(data: dict[str, object]) -> str:
    """Write an HCL object; JSON's colons are not HCL's."""
    parts = [
        f"{name} = {_object(value) if isinstance(value, dict) else json.dumps(value)}"
        for name, value in data.items()
    ]
    return "{\n      " + "\n      ".join(parts) + "\n    }"
