"""Where the state of a unit lies: the `backend` block of its root module.

Every unit has a place of its own, made from its name alone, so that no document can point two
units at one state. Nothing secret is in it: logins reach the engine another way.
"""

import hashlib
from collections.abc import Mapping

from controller.model.names import UnitName
from schemas.state_backends import HttpState, LocalState, PostgresState, S3State, State

STATE_FILE = "terraform.tfstate"


def backend_block(state: State, unit: UnitName) -> Mapping[str, Mapping[str, object]]:
    """Give the block, by the name of the backend."""
    match state:
        case LocalState():
            return {"local": {"path": STATE_FILE}}
        case HttpState():
            return {"http": _http(state, unit)}
        case PostgresState():
            digest = hashlib.sha256(str(unit).encode()).hexdigest()[:32]
            schema = f"{state.schema_prefix}_{digest}"
            return {"pg": {"conn_str": state.address, "schema_name": schema}}
        case S3State():
            return {"s3": _s3(state, unit)}


def _http(state: HttpState, unit: UnitName) -> Mapping[str, object]:
    # No name holds a dot, and one segment is all that servers such as GitLab take.
    address = f"{state.address}/{unit.product}.{unit.environment}.{unit.stack}"
    return {
        "address": address,
        "lock_address": address + state.lock_path,
        "lock_method": state.lock_method,
        "unlock_address": address + state.lock_path,
        "unlock_method": state.unlock_method,
    }


def _s3(state: S3State, unit: UnitName) -> Mapping[str, object]:
    found: dict[str, object] = {
        "bucket": state.bucket,
        "key": f"{state.key_prefix}/{unit}.tfstate",
        "region": state.region,
        "use_lockfile": True,
        "use_path_style": state.use_path_style,
        "encrypt": state.endpoint is None or state.kms_key is not None,
    }
    if state.kms_key is not None:
        found["kms_key_id"] = state.kms_key
    if state.role_arn is not None:
        found["assume_role"] = {"role_arn": state.role_arn, "session_name": "trueup"}
    if state.endpoint is not None:
        # What only AWS has is not asked of others.
        found["endpoints"] = {"s3": state.endpoint}
        found |= dict.fromkeys(
            (
                "skip_credentials_validation",
                "skip_metadata_api_check",
                "skip_region_validation",
                "skip_requesting_account_id",
                "skip_s3_checksum",
            ),
            True,
        )
    return found
