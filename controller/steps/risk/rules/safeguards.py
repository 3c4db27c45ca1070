"""What protects data is turned off: encryption, deletion protection, versions, backups, logs."""

from collections.abc import Iterator, Mapping, Sequence

from controller.steps.risk.findings import Change, RiskFinding
from controller.steps.risk.values import leaves, number

ENCRYPTION = (
    "storage_encrypted", "encrypted", "at_rest_encryption_enabled", "transit_encryption_enabled",
    "encryption_at_rest_enabled", "enable_key_rotation", "sqs_managed_sse_enabled",
    "require_secure_transport", "infrastructure_encryption_enabled", "https_only",
    "enable_https_traffic_only", "https_traffic_only_enabled", "ssl_enforcement_enabled",
)  # fmt: skip
PROTECTION = (
    "deletion_protection", "enable_deletion_protection", "deletion_protection_enabled",
    "prevent_destroy", "purge_protection_enabled", "disable_api_termination", "protect",
    "uniform_bucket_level_access", "object_lock_enabled",
)  # fmt: skip
ON: Mapping[str, str] = {
    **dict.fromkeys(ENCRYPTION, "encryption-off"),
    **dict.fromkeys(PROTECTION, "protection-off"),
    "versioning_enabled": "backup-off",
    "point_in_time_recovery_enabled": "backup-off",
    "enable_log_file_validation": "log-off",
    "enable_logging": "log-off",
    "multi_az": "backup-off",
}
"""Attributes that should be on."""
OFF: Mapping[str, str] = {
    "force_destroy": "protection-off",
    "skip_final_snapshot": "backup-off",
    "delete_automated_backups": "backup-off",
}
"""Attributes that should be off."""
KEYS = frozenset({"kms_key_id", "kms_master_key_id", "kms_key_arn", "customer_managed_key"})
"""Attributes that should not lose their value."""
LESS: Mapping[str, str] = {
    "backup_retention_period": "backup-off", "snapshot_retention_limit": "backup-off",
    "deletion_window_in_days": "backup-off", "recovery_window_in_days": "backup-off",
    "message_retention_seconds": "backup-off", "soft_delete_retention_days": "backup-off",
    "retention_in_days": "log-off", "retention_period": "backup-off",
}  # fmt: skip
"""Numbers that should not get smaller; of logs, 0 means for ever."""
BLOCKS: Mapping[str, tuple[str, str, str]] = {
    "versioning": ("enabled", "backup-off", "keeps no earlier versions"),
    "versioning_configuration": ("status", "backup-off", "keeps no earlier versions"),
    "point_in_time_recovery": ("enabled", "backup-off", "cannot go back to a point in time"),
    "server_side_encryption": ("enabled", "encryption-off", "is not encrypted with its own key"),
    "access_logs": ("enabled", "log-off", "writes no access log"),
}
GUARDS: Mapping[str, tuple[str, str]] = {
    "aws_s3_bucket_versioning": ("backup-off", "keeps no earlier versions"),
    "aws_s3_bucket_server_side_encryption_configuration": ("encryption-off", "is not encrypted"),
    "aws_s3_bucket_logging": ("log-off", "writes no access log"),
    "aws_db_instance_automated_backups_replication": ("backup-off", "has no copy elsewhere"),
    "aws_backup_selection": ("backup-off", "is not backed up"),
    "aws_backup_plan": ("backup-off", "is not backed up"),
    "aws_wafv2_web_acl_association": ("protection-off", "is without its firewall"),
    "aws_guardduty_detector": ("log-off", "is not watched"),
    "aws_config_configuration_recorder": ("log-off", "is not watched"),
}
"""Resources that protect others by being there."""


def find(changes: Sequence[Change]) -> Iterator[RiskFinding]:
    """Find safeguards that are on and will be off, and new data without encryption."""
    for change in changes:
        if change.stays:
            yield from _attributes(change)
            yield from _blocks(change)
        elif guard := GUARDS.get(change.type):
            sentence = f"`{change.address}` goes away: what it protects {guard[1]}"
            yield RiskFinding(guard[0], sentence, change.address)


def _attributes(change: Change) -> Iterator[RiskFinding]:
    for key in sorted({*change.before, *change.after}):
        was, value = change.before.get(key), change.after.get(key)
        code = _turned_off(change, key, was, value)
        if code is not None:
            told = "off" if value in {None, ""} else _text(value)
            sentence = f"`{change.address}` gets `{key}` {told}, and had {_text(was)}"
            yield RiskFinding(code, sentence, change.address)
        elif change.is_new and key in ENCRYPTION[:3] and value is False:
            sentence = f"`{change.address}` is made without encryption"
            yield RiskFinding("unencrypted", sentence, change.address)


def _turned_off(change: Change, key: str, was: object, value: object) -> str | None:
    if change.is_new:
        return None
    if key in ON and was is True and value is not True:
        return ON[key] if not _is_unknown(change, key) else None
    if key in OFF and value is True and was is not True:
        return OFF[key]
    if key in KEYS and was and not value:
        return "encryption-off" if not _is_unknown(change, key) else None
    if key in LESS:
        return LESS[key] if _is_less(key, number(was), number(value)) else None
    return None


def _is_less(key: str, was: int | None, value: int | None) -> bool:
    if was is None or value is None or was == value:
        return False
    if key == "retention_in_days":  # 0 is for ever
        return value != 0 and (was == 0 or value < was)
    return value < was


def _is_unknown(change: Change, key: str) -> bool:
    return isinstance(change.unknown, dict) and bool(change.unknown.get(key))


def _blocks(change: Change) -> Iterator[RiskFinding]:
    if change.is_new:
        return
    for block, (key, code, words) in sorted(BLOCKS.items()):
        was, now = (_is_on(side.get(block), key) for side in (change.before, change.after))
        if was and not now and not _is_unknown(change, block):
            yield RiskFinding(code, f"`{change.address}` {words} any more", change.address)


def _is_on(block: object, key: str) -> bool:
    return any(name == key and value in {True, "Enabled"} for name, value in leaves(block))


def _text(value: object) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
