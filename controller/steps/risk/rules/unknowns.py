"""What cannot be judged yet: it counts as a risk, because not to know is not to be safe."""

from collections.abc import Iterator, Mapping, Sequence

from controller.model.plan_document import SENSITIVE
from controller.steps.risk.findings import Change, RiskFinding
from controller.steps.risk.values import leaves

DANGEROUS = frozenset(
    {"cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6", "cidr_block", "source_ranges",
     "source_address_prefix", "source_address_prefixes", "public_access_cidrs", "ingress",
     "policy", "assume_role_policy", "access_policy", "access_policies", "policy_arn",
     "managed_policy_arns", "member", "members", "acl", "internal", "publicly_accessible",
     "associate_public_ip_address", "storage_encrypted", "encrypted", "deletion_protection",
     "force_destroy", "skip_final_snapshot", "backup_retention_period", "from_port", "to_port"}
)  # fmt: skip
COMPUTED: Mapping[str, frozenset[str]] = {
    "aws_s3_bucket": frozenset({"policy", "acl"}),
    "aws_kms_key": frozenset({"policy"}),
    "aws_kms_replica_key": frozenset({"policy"}),
    "aws_sqs_queue": frozenset({"policy"}),
    "aws_sns_topic": frozenset({"policy"}),
    "aws_secretsmanager_secret": frozenset({"policy"}),
    "aws_vpc_endpoint": frozenset({"policy", "cidr_blocks"}),
    "aws_prefix_list": frozenset({"cidr_blocks"}),
    "aws_iam_role": frozenset({"managed_policy_arns", "policy"}),
    "aws_security_group": frozenset({"ingress"}),
    "aws_default_security_group": frozenset({"ingress"}),
    "aws_vpc": frozenset({"cidr_block"}),
    "aws_subnet": frozenset({"cidr_block"}),
    "aws_instance": frozenset({"associate_public_ip_address", "encrypted"}),
    "aws_ebs_volume": frozenset({"encrypted"}),
    "aws_launch_template": frozenset({"encrypted"}),
    "aws_lb": frozenset({"internal"}),
    "aws_opensearch_domain": frozenset({"access_policies"}),
    "aws_rds_cluster": frozenset({"backup_retention_period", "storage_encrypted"}),
    "aws_db_instance": frozenset({"backup_retention_period"}),
}
"""What the provider itself gives a new resource when nobody says it."""


def find(changes: Sequence[Change]) -> Iterator[RiskFinding]:
    """Find attributes that would be looked at if their values were known, or not sensitive."""
    for change in changes:
        if not change.stays:
            continue
        given = COMPUTED.get(change.type, frozenset()) if change.is_new else frozenset()
        for key in sorted({key for key, value in leaves(change.unknown) if value is True}):
            if key in DANGEROUS and key not in given:
                sentence = f"`{key}` of `{change.address}` is not known before it is applied"
                yield RiskFinding("unknown", sentence, change.address)
        for key in sorted({key for key, value in leaves(dict(change.after)) if value == SENSITIVE}):
            if key in DANGEROUS:
                sentence = f"`{key}` of `{change.address}` is sensitive, and cannot be judged"
                yield RiskFinding("unknown", sentence, change.address)
        if change.has_secret_change and not change.is_new:
            sentence = f"a sensitive value of `{change.address}` changes"
            yield RiskFinding("sensitive", sentence, change.address)
