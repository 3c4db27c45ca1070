"""What each rule of risk finds, and what it leaves alone."""

import json
from dataclasses import replace
from typing import Any

import pytest

from controller.model.allowance import Allowance
from controller.model.plan import Action, AttributeChange, ResourceChange
from controller.model.plan_document import SENSITIVE
from controller.model.risk import Risk, RiskLevel
from controller.steps.risk.assess import MOST_LISTED, assess
from controller.steps.risk.findings import RiskFacts
from controller.steps.risk.table import RULES
from tests.unit.risk.plans import entry, plan_of

KNOWN = RiskFacts(applied_before=True)


def risk_of(*entries: dict[str, Any], facts: RiskFacts = KNOWN) -> Risk:
    return assess(plan_of(*entries), facts)


def codes(*entries: dict[str, Any], facts: RiskFacts = KNOWN) -> set[str]:
    return {reason.code for reason in risk_of(*entries, facts=facts).reasons}


def statement(**more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **more}]})


def update(address: str, before: dict[str, Any], after: dict[str, Any], **more: Any) -> Any:
    return entry(address, "update", before=before, after=after, **more)


def create(address: str, **after: Any) -> dict[str, Any]:
    return entry(address, "create", after=after)


OPEN = {"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}
INSIDE = {**OPEN, "cidr_blocks": ["10.0.0.0/16"]}
WIDER = {**OPEN, "cidr_blocks": ["10.0.0.0/8"]}
WEB = {**OPEN, "from_port": 443, "to_port": 443}
READ = statement(Action="s3:GetObject", Resource="arn:aws:s3:::a/*")
MORE = statement(Action=["s3:GetObject", "s3:PutObject"], Resource="arn:aws:s3:::a/*")
TRUST = statement(Action="sts:AssumeRole", Principal={"Service": "ecs.amazonaws.com"})
TRUST_MORE = statement(
    Action="sts:AssumeRole",
    Principal={"Service": "ecs.amazonaws.com", "AWS": "arn:aws:iam::9:root"},
)
DENY = json.dumps({"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
G = "aws_security_group.g"
DB = "aws_db_instance.d"

FOUND = [
    (entry(DB, "delete"), {"stateful-ends"}),
    (entry("module.m.aws_kms_key.k", "delete", "create"), {"stateful-ends"}),
    (entry("localcloud_bucket.b", "create", "delete"), {"stateful-ends"}),
    (entry("aws_instance.i", "delete"), {"ends"}),
    (entry("aws_s3_bucket.b", "forget"), {"ends"}),
    (update(G, {"ingress": [INSIDE]}, {"ingress": [INSIDE, OPEN]}), {"public-ingress"}),
    (update(G, {"ingress": [INSIDE]}, {"ingress": [WIDER]}), {"network-wider"}),
    (update(G, {"ingress": [WIDER]}, {"ingress": [INSIDE]}), set()),
    (update(G, {"ingress": [OPEN]}, {"ingress": [OPEN], "tags": {"a": "b"}}), set()),
    (create(G, ingress=[WEB]), {"public-web"}),
    (create(G, ingress=[INSIDE]), set()),
    (create(G, ingress=[{**OPEN, "cidr_blocks": ["0.0.0.0/1", "128.0.0.0/1"]}]),
     {"public-ingress"}),
    (create(G, ingress=[{**OPEN, "cidr_blocks": [], "ipv6_cidr_blocks": ["::/0"]}]),
     {"public-ingress"}),
    (create(G, ingress=[{**OPEN, "protocol": "-1", "from_port": 0, "to_port": 0}]),
     {"public-ingress"}),
    (create(G, egress=[OPEN]), set()),
    (create("aws_security_group_rule.r", type="ingress", **OPEN), {"public-ingress"}),
    (create("aws_security_group_rule.r", type="egress", **OPEN), set()),
    (create("aws_vpc_security_group_ingress_rule.r", cidr_ipv4="0.0.0.0/0", ip_protocol="-1"),
     {"public-ingress"}),
    (create("aws_network_acl_rule.r", rule_action="allow", egress=False, cidr_block="0.0.0.0/0"),
     {"public-ingress"}),
    (create("google_compute_firewall.f", source_ranges=["0.0.0.0/0"],
            allow=[{"protocol": "tcp", "ports": ["22"]}]), {"public-ingress"}),
    (create("azurerm_network_security_rule.r", direction="Inbound", access="Allow",
            source_address_prefix="*", destination_port_range="3389"), {"public-ingress"}),
    (create("aws_eks_cluster.e", vpc_config=[{"public_access_cidrs": ["0.0.0.0/0"]}]),
     {"public-web"}),
    (update(DB, {"publicly_accessible": False}, {"publicly_accessible": True}), {"public-data"}),
    (update(DB, {"publicly_accessible": True}, {"publicly_accessible": True, "x": 1}), set()),
    (create("aws_subnet.s", map_public_ip_on_launch=True), {"public-address"}),
    (create("aws_s3_bucket_acl.a", acl="public-read"), {"public-data"}),
    (create("google_storage_bucket_iam_member.m", member="allUsers"), {"public-data"}),
    (entry("aws_s3_bucket_public_access_block.b", "delete"), {"public-data", "ends"}),
    (update("aws_s3_bucket_public_access_block.b", {"block_public_acls": True},
            {"block_public_acls": False}), {"public-data"}),
    (update("aws_lb.l", {"internal": True}, {"internal": False}), {"public-ingress"}),
    (create("aws_lb.l", internal=False), {"public-web"}),
    (create("aws_s3_bucket_policy.p",
            policy=statement(Action="s3:GetObject", Resource="arn:aws:s3:::a/*", Principal="*")),
     {"public-principal"}),
    (create("aws_s3_bucket_policy.p",
            policy=statement(Action="s3:GetObject", Resource="arn:aws:s3:::a/*",
                             Principal={"AWS": "*"}, Condition={"Bool": {"x": "y"}})), set()),
    (create("aws_iam_policy.p", policy=statement(Action="*", Resource="*")), {"administrator"}),
    (create("aws_iam_policy.p", policy=statement(NotAction="iam:*", Resource="*")),
     {"administrator"}),
    (create("aws_iam_policy.p", policy=statement(Action="s3:*", Resource="*")),
     {"rights-wildcard"}),
    (create("aws_iam_policy.p", policy=MORE), set()),
    (create("aws_iam_policy.p", policy=DENY), set()),
    (update("aws_iam_policy.p", {"policy": READ}, {"policy": MORE}), {"rights-wider"}),
    (update("aws_iam_policy.p", {"policy": MORE}, {"policy": READ}), set()),
    (update("aws_iam_policy.p", {"policy": DENY}, {"policy": READ}), {"rights-wider"}),
    (update("aws_iam_policy.p", {"policy": statement(Action="s3:*", Resource="*")},
            {"policy": READ}), set()),
    (update("aws_iam_role.r", {"assume_role_policy": TRUST}, {"assume_role_policy": TRUST_MORE}),
     {"trust-wider"}),
    (create("aws_iam_role_policy_attachment.a",
            policy_arn="arn:aws:iam::aws:policy/AdministratorAccess"), {"administrator"}),
    (create("google_project_iam_member.m", role="roles/owner", member="user:a@b"),
     {"administrator"}),
    (update(DB, {"storage_encrypted": True}, {"storage_encrypted": False}), {"encryption-off"}),
    (update(DB, {"kms_key_id": "k"}, {"kms_key_id": None}), {"encryption-off"}),
    (update(DB, {"kms_key_id": "k"}, {}, unknown={"kms_key_id": True}), set()),
    (create(DB, storage_encrypted=False), {"unencrypted"}),
    (update(DB, {"deletion_protection": True}, {"deletion_protection": False}),
     {"protection-off"}),
    (update("aws_s3_bucket.b", {"force_destroy": False}, {"force_destroy": True}),
     {"protection-off"}),
    (update(DB, {"backup_retention_period": 7}, {"backup_retention_period": 1}), {"backup-off"}),
    (update(DB, {"backup_retention_period": 1}, {"backup_retention_period": 7}), set()),
    (update("aws_cloudwatch_log_group.l", {"retention_in_days": 0}, {"retention_in_days": 30}),
     {"log-off"}),
    (update("aws_cloudwatch_log_group.l", {"retention_in_days": 30}, {"retention_in_days": 0}),
     set()),
    (update("aws_s3_bucket_versioning.v", {"versioning_configuration": [{"status": "Enabled"}]},
            {"versioning_configuration": [{"status": "Suspended"}]}), {"backup-off"}),
    (entry("aws_s3_bucket_versioning.v", "delete"), {"backup-off", "ends"}),
    (entry(G, "update", unknown={"ingress": [{"cidr_blocks": True}]}), {"unknown"}),
    (entry("aws_iam_policy.p", "create", unknown={"policy": True}), {"unknown"}),
    (entry("aws_s3_bucket.b", "create", unknown={"policy": True, "arn": True}), set()),
    (update("aws_iam_policy.p", {}, {"policy": SENSITIVE}), {"unknown"}),
    (entry("aws_instance.i", "no-op", before={"x": 1}, after={"x": 1}), set()),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "expected"), FOUND)
def test_what_each_rule_finds(changed: dict[str, Any], expected: set[str]) -> None:
    assert codes(changed, entry("aws_thing.old", "no-op")) - {"new-type"} == expected


def test_every_rule_is_seen_to_find_something() -> None:
    seen = {code for _, expected in FOUND for code in expected}
    others = {"sensitive", "provisional", "dependent", "share", "first", "new-type", "untried"}
    others |= {"provider-moved"}
    sizes = {"size-small", "size-medium", "size-large"}
    assert seen | others | sizes == set(RULES)


def test_what_depends_on_a_unit_counts_when_something_changes() -> None:
    facts = RiskFacts(applied_before=True, dependents=("shop/dev/a", "shop/dev/b"))
    risk = risk_of(entry("aws_instance.i", "update"), facts=facts)
    assert [(r.points, r.code, r.address) for r in risk.reasons] == [
        (4, "dependent", "shop/dev/a"),
        (2, "dependent", "shop/dev/b"),
    ]
    assert "dependent" not in codes(entry("aws_instance.i", "create"), facts=facts)


def test_a_provider_that_looks_elsewhere_weighs_as_much_as_a_loss_of_data() -> None:
    plan = replace(plan_of(entry("aws_sns_topic.t", "create")), moved=("`aws`: `region` a → b",))
    risk = assess(plan, RiskFacts(applied_before=True))
    assert (risk.reasons[0].points, risk.reasons[0].code) == (45, "provider-moved")
    assert "a → b" in risk.reasons[0].sentence


def test_what_was_never_done_weighs_more() -> None:
    made = entry("aws_instance.i", "create")
    assert codes(made, facts=RiskFacts()) == {"first"}
    assert codes(made) == {"new-type"}
    assert codes(made, entry("aws_instance.j", "no-op", before={})) == set()
    stages = RiskFacts(applied_before=True, earlier_stages=("shop/dev",))
    assert "untried" in codes(made, facts=stages)
    assert risk_of(facts=stages).reasons == ()


@pytest.mark.parametrize(
    ("number", "code"), [(10, None), (11, "size-small"), (51, "size-medium"), (201, "size-large")]
)
def test_size(number: int, code: str | None) -> None:
    made = [entry(f"aws_instance.i{index}", "create") for index in range(number)]
    assert {c for c in codes(*made) if c.startswith("size")} == ({code} if code else set())


def test_more_than_half_of_a_unit() -> None:
    kept = [entry(f"aws_instance.k{index}", "no-op", before={}) for index in range(3)]
    changed = [entry(f"aws_instance.c{index}", "update") for index in range(4)]
    assert "share" in codes(*kept, *changed)
    assert "share" not in codes(*kept, *changed[:3])


def test_a_provisional_plan_and_a_sensitive_change() -> None:
    plan = plan_of(entry("aws_instance.i", "update"), provisional=("`db` is not applied yet",))
    secret = ResourceChange(
        "aws_instance.i", "aws_instance", Action.UPDATE,
        (AttributeChange("password", None, None, sensitive=True),),
    )  # fmt: skip
    risk = assess(type(plan)(**{**vars(plan), "changes": (secret,)}), KNOWN)
    assert [(r.points, r.code) for r in risk.reasons] == [(10, "provisional"), (5, "sensitive")]


def test_a_plan_without_a_document_is_judged_by_its_actions() -> None:
    plan = plan_of()
    gone = ResourceChange(DB, "aws_db_instance", Action.DELETE)
    risk = assess(type(plan)(**{**vars(plan), "changes": (gone,)}), KNOWN)
    assert [reason.code for reason in risk.reasons] == ["stateful-ends"]


def test_points_add_up_and_levels_follow() -> None:
    assert (risk_of().score, risk_of().level) == (0, RiskLevel.LOW)
    one = risk_of(entry(DB, "delete"))
    assert (one.score, one.level) == (45, RiskLevel.HIGH)
    assert str(one.top()[0]) == f"+45 `{DB}` is destroyed: it is a database"
    opened = update(G, {}, {"ingress": [OPEN]})
    worst = risk_of(entry(DB, "delete"), opened, create("aws_s3_bucket_acl.a", acl="public-read"))
    assert (worst.score, worst.level) == (100, RiskLevel.CRITICAL)


def test_many_findings_of_a_kind_are_counted_not_listed() -> None:
    gone = [entry(f"aws_db_instance.d{index:03}", "delete") for index in range(100)]
    reasons = [r for r in risk_of(*gone).reasons if r.code == "stateful-ends"]
    assert len(reasons) == MOST_LISTED + 1
    assert sum(reason.points for reason in reasons) == 45 + 5 * 2
    assert reasons[-1].sentence.startswith("and 80 more")


def test_what_an_exception_allows_is_told_and_weighs_nothing() -> None:
    gone = entry(DB, "delete"), entry("aws_s3_bucket.b", "delete")
    allowed = (Allowance("demo", "risk/stateful-ends", ("aws_db_*",)),)
    risk = risk_of(*gone, facts=RiskFacts(applied_before=True, allowed=allowed))
    assert [(r.points, r.address) for r in risk.reasons if r.code == "stateful-ends"] == [
        (45, "aws_s3_bucket.b"),
        (0, DB),
    ]
    assert "exception `demo` allows it" in next(r for r in risk.reasons if r.address == DB).sentence
