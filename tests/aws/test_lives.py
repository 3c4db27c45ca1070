"""The life of every module for AWS: applied, changed, changed by hand, destroyed.

They share a root: most of a life is waiting for the provider, which then waits for all of them at
once. What moto forgets at once is in `FORGOTTEN`: there a plan is never empty. A cache cannot live
in moto, which makes no nodes for it and never ends to delete it.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from controller import shipped
from controller.model.plan import Action, ResourceChange
from controller.ports.engine import Engine
from tests.support.aws import Moto
from tests.support.aws_platform import Platform

pytestmark = [
    pytest.mark.slow,
    pytest.mark.aws,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(1200),
]

ROOT = "all"
ROOT_FILE = Path(__file__).with_name("all.tf")
HEADER = """
variable "product" { type = string }
variable "environment" { type = string }
variable "later" { type = bool }
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}
"""
PARTS = (
    "alarms", "bucket", "budget", "database", "dns", "function", "iam-role", "network", "queue",
    "secret", "service", "waf",
)  # fmt: skip
CHANGED = {
    "module.alarms.aws_cloudwatch_metric_alarm.this": "threshold",
    "module.bucket.aws_s3_bucket_versioning.this": "versioning_configuration",
    "module.budget.aws_budgets_budget.this": "limit_amount",
    "module.dns.aws_route53_record.this": "ttl",
    "module.function.aws_lambda_function.this": "memory_size",
    "module.role.aws_iam_role.this": "max_session_duration",
    "module.secret.aws_secretsmanager_secret.this": "description",
    "module.waf.aws_wafv2_web_acl.this": "rule",
    "module.network.aws_cloudwatch_log_group.flow": "retention_in_days",
    "module.service.aws_appautoscaling_target.this": "max_capacity",
    "module.database.aws_vpc_security_group_ingress_rule.range": "",
    "module.queue.aws_sqs_queue.this": "redrive_policy",
}
FORGOTTEN = {  # address → what
    "module.database.aws_db_parameter_group.this": "parameters of a group",
    "module.service.aws_appautoscaling_target.this": "tags",
    "module.budget.aws_budgets_budget.this": "tags",
    "module.function.aws_lambda_function.this": "where it logs to",
    "module.queue.aws_sqs_queue.this": "how its redrive policy was written",
    "module.database.aws_db_instance.this": "nothing: its latest restorable time moves by itself",
    "module.service.aws_ecs_service.this": "grace, managed tags, rebalancing",
    "module.service.aws_vpc_security_group_egress_rule.load_balancer": "description",
    "module.service.aws_vpc_security_group_ingress_rule.tasks": "description",
}


def drift_alone(moto: Moto) -> dict[str, str]:
    moto.client("cloudwatch").delete_alarms(AlarmNames=["shop-cloud-alarms-errors"])
    moto.client("s3").delete_public_access_block(Bucket="shop-cloud-bucket")
    moto.client("secretsmanager").update_secret(SecretId="shop-cloud-secret", Description="by hand")
    moto.client("iam").detach_role_policy(
        RoleName="shop-cloud-role", PolicyArn="arn:aws:iam::123456789012:policy/shop-cloud-role"
    )
    moto.client("lambda").update_function_configuration(
        FunctionName="shop-cloud-mailer", Timeout=99
    )
    moto.client("logs").delete_log_group(logGroupName="aws-waf-logs-shop-cloud-waf")
    moto.client("budgets").delete_budget(AccountId="123456789012", BudgetName="shop-cloud-budget")
    zones = moto.client("route53")
    (zone,) = zones.list_hosted_zones()["HostedZones"]
    record = {
        "Name": "shop.example.com", "Type": "MX", "TTL": 10,
        "ResourceRecords": [{"Value": "10 evil.example.com"}],
    }  # fmt: skip
    change = {"Action": "UPSERT", "ResourceRecordSet": record}
    zones.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch={"Changes": [change]})
    return {
        "alarms": "module.alarms.aws_cloudwatch_metric_alarm.this",
        "bucket": "module.bucket.aws_s3_bucket_public_access_block.this",
        "secret": "module.secret.aws_secretsmanager_secret.this",
        "iam-role": "module.role.aws_iam_role_policy_attachment.own",
        "function": "module.function.aws_lambda_function.this",
        "waf": "module.waf.aws_cloudwatch_log_group.this",
        "budget": "module.budget.aws_budgets_budget.this",
        "dns": "module.dns.aws_route53_record.this",
    }


def drift_inside(moto: Moto) -> dict[str, str]:
    network = moto.client("ec2")
    (vpc,) = network.describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.20.0.0/16"]}])["Vpcs"]
    network.create_tags(Resources=[vpc["VpcId"]], Tags=[{"Key": "by", "Value": "hand"}])
    balancers = moto.client("elbv2")
    (balancer,) = balancers.describe_load_balancers()["LoadBalancers"]
    attribute = {"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "false"}
    balancers.modify_load_balancer_attributes(
        LoadBalancerArn=balancer["LoadBalancerArn"], Attributes=[attribute]
    )
    return {
        "network": "module.network.aws_vpc.this",
        "service": "module.service.aws_lb.this",
    }


def drift_database(moto: Moto) -> dict[str, str]:
    moto.client("rds").modify_db_instance(
        DBInstanceIdentifier="shop-cloud-db", BackupRetentionPeriod=1, ApplyImmediately=True
    )
    return {"database": "module.database.aws_db_instance.this"}


def drift_queue(moto: Moto) -> dict[str, str]:
    queues = moto.client("sqs")
    address = queues.get_queue_url(QueueName="shop-cloud-orders")["QueueUrl"]
    queues.set_queue_attributes(QueueUrl=address, Attributes={"VisibilityTimeout": "7"})
    return {"queue": "module.queue.aws_sqs_queue.this"}


def drift(moto: Moto) -> dict[str, str]:
    """Change something of each module by hand; give what stands to be found, by module."""
    by_hand: dict[str, str] = {}
    for change in (drift_alone, drift_inside, drift_database, drift_queue):
        by_hand |= change(moto)
    return by_hand


@dataclass
class Life:
    """What was seen in the life of a root."""

    made: tuple[ResourceChange, ...] = ()
    again: tuple[ResourceChange, ...] = ()
    changed: tuple[ResourceChange, ...] = ()
    by_hand: Mapping[str, str] = field(default_factory=dict)
    found: tuple[ResourceChange, ...] = ()
    left: tuple[str, ...] = ("not destroyed",)
    seconds: dict[str, float] = field(default_factory=dict)


def root() -> dict[str, bytes]:
    """Give a module of the repository that calls shipped ones, which lie in it."""
    files = {f"modules/{ROOT}/main.tf": HEADER.encode() + ROOT_FILE.read_bytes()}
    for part in PARTS:
        place = f"modules/aws/{part}/"
        for path, content in shipped.files().items():
            if path.startswith(place) and "/tests/" not in path:
                below = path.removeprefix(place)
                files[f"modules/{ROOT}/parts/{part}/{below}"] = content
    return files


def plain(change: ResourceChange) -> str:
    """Give an address below the root, without a key at its end."""
    address = change.address.removeprefix("module.unit.")
    return address.partition("[")[0] if address.endswith("]") else address


async def live(engine: Engine, moto: Moto, folder: Path) -> Life:
    life = Life()

    async def timed(what: str, work: Any) -> Any:
        began = time.monotonic()
        try:
            return await work
        finally:
            life.seconds[what] = round(time.monotonic() - began, 1)

    platform = Platform(folder, engine, moto.provider(), root())
    platform.stacks[ROOT] = {"module": f"modules/{ROOT}", "inputs": {"later": False}}
    plan, _ = await timed("apply", platform.apply(ROOT))
    life.made = plan.changes
    platform.commit = "b" * 40  # a commit that changes nothing here
    life.again = await timed("look", platform.drift(ROOT))
    platform.stacks[ROOT] = {"module": f"modules/{ROOT}", "inputs": {"later": True}}
    plan, _ = await timed("change", platform.apply(ROOT))
    life.changed = plan.changes
    life.by_hand = await asyncio.to_thread(drift, moto)
    life.found = await timed("look again", platform.drift(ROOT))
    await timed("destroy", platform.apply(ROOT, destroy=True))
    state = await engine.state(platform.directory(ROOT))
    life.left = state.resources if state else ()
    return life


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def life(engine: Engine, moto: Moto, tmp_path_factory: pytest.TempPathFactory) -> Life:
    moto.reset()
    store = moto.client("s3")
    store.create_bucket(Bucket="releases")
    store.put_object(Bucket="releases", Key="mailer.zip", Body=b"no zip")
    return await live(engine, moto, tmp_path_factory.mktemp("life"))


async def test_it_is_applied_and_then_as_it_was_applied(life: Life) -> None:
    assert {change.action for change in life.made} == {Action.CREATE}
    assert {plain(change) for change in life.again} <= FORGOTTEN.keys()


@pytest.mark.parametrize("address", CHANGED)
async def test_a_changed_input_changes_what_it_should(address: str, life: Life) -> None:
    seen = {plain(change): change for change in life.changed}
    paths = [each.path for each in seen[address].attributes]
    attribute = CHANGED[address]
    assert not attribute or any(path.startswith(attribute) for path in paths), paths


async def test_a_changed_input_replaces_nothing(life: Life) -> None:
    assert Action.REPLACE not in {change.action for change in life.changed}


@pytest.mark.parametrize("part", PARTS)
async def test_a_change_by_hand_is_found(part: str, life: Life) -> None:
    assert life.by_hand[part] in {plain(change) for change in life.found}


async def test_it_is_destroyed(life: Life) -> None:
    assert life.left == ()


async def test_every_shipped_module_lives_but_a_cache() -> None:
    names = {path.split("/")[2] for path in shipped.files() if path.startswith("modules/aws/")}
    assert set(PARTS) == names - {"cache"}
