"""The same plan has the same score, and one more danger never makes it smaller."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.steps.risk.assess import assess
from controller.steps.risk.findings import RiskFacts
from tests.unit.risk.plans import entry, plan_of

FACTS = RiskFacts(applied_before=True, dependents=("shop/dev/x",), earlier_stages=("shop/dev",))
TYPES = [
    "aws_db_instance", "aws_s3_bucket", "aws_security_group", "aws_iam_policy", "aws_instance",
    "aws_lb", "aws_s3_bucket_public_access_block", "aws_cloudwatch_log_group",
]  # fmt: skip
ALLOW = [
    json.dumps({"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})
    for action in ("*", "s3:*", ["s3:GetObject"], ["s3:GetObject", "s3:PutObject"])
    for resource in ("*", "arn:aws:s3:::a")
]
VALUES: dict[str, list[Any]] = {
    "publicly_accessible": [True, False],
    "storage_encrypted": [True, False, None],
    "deletion_protection": [True, False],
    "backup_retention_period": [0, 1, 7],
    "internal": [True, False],
    "policy": ALLOW,
    "block_public_acls": [True, False],
    "ingress": [
        [{"from_port": 22, "to_port": port, "protocol": "tcp", "cidr_blocks": [network]}]
        for port in (22, 80)
        for network in ("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16")
    ],
}
attributes = st.fixed_dictionaries(
    {}, optional={key: st.sampled_from(values) for key, values in VALUES.items()}
)
unknown = st.dictionaries(st.sampled_from(sorted(VALUES)), st.booleans(), max_size=2)
actions = st.sampled_from(
    [("create",), ("update",), ("delete",), ("delete", "create"), ("no-op",), ("forget",)]
)


@st.composite
def entries(draw: st.DrawFn, least: int = 0) -> list[dict[str, Any]]:
    number = draw(st.integers(least, 6))
    found = []
    for index in range(number):
        address = f"{draw(st.sampled_from(TYPES))}.r{index}"
        before, after = draw(attributes), draw(attributes)
        words = draw(actions)
        found.append(
            entry(
                address, *words,
                before=None if words == ("create",) else before,
                after=None if words == ("delete",) else after,
                unknown=draw(unknown),
            )
        )  # fmt: skip
    return found


def shuffled(value: Any, backwards: bool) -> Any:
    if isinstance(value, dict):
        keys = sorted(value, reverse=backwards)
        return {key: shuffled(value[key], backwards) for key in keys}
    return value


DANGERS = [
    entry("aws_db_instance.danger", "delete"),
    entry("aws_instance.danger", "delete", "create"),
    entry("aws_security_group.danger", "create", after={"ingress": VALUES["ingress"][0]}),
    entry("aws_iam_policy.danger", "create", after={"policy": ALLOW[0]}),
    entry("aws_iam_policy.danger", "create", unknown={"policy": True}),
    entry("aws_db_instance.danger", "update", before={"storage_encrypted": True},
          after={"storage_encrypted": False}),
]  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(entries(), st.randoms(use_true_random=False))
def test_the_order_of_resources_and_attributes_does_not_matter(
    found: list[dict[str, Any]], random: Any
) -> None:
    other = [shuffled(each, backwards=True) for each in found]
    random.shuffle(other)
    assert assess(plan_of(*found), FACTS) == assess(plan_of(*other), FACTS)


@settings(max_examples=80, deadline=None)
@given(entries(), st.sampled_from(DANGERS))
def test_one_more_danger_never_makes_the_score_smaller(
    found: list[dict[str, Any]], danger: dict[str, Any]
) -> None:
    before, after = assess(plan_of(*found), FACTS), assess(plan_of(*found, danger), FACTS)
    assert before.score <= after.score <= 100
    assert {r.code for r in after.reasons} - {"new-type"} >= {r.code for r in before.reasons} - {
        "new-type",
        "size-small",
        "size-medium",
    }
