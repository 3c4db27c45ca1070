"""The life of every module for AWS: applied, changed, changed by hand, destroyed.

Several modules share a root, and all roots live at the same time: most of a life is waiting for the
provider. What moto forgets at once is in `FORGOTTEN`: there the plan is never empty. A cache cannot
live in moto, which makes no nodes for it and never ends to delete it.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
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

ROOTS = Path(__file__).with_name("roots")
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
PARTS = {
    "alone": ("alarms", "bucket", "budget", "dns", "function", "iam-role", "secret", "waf"),
    "inside": ("network", "service"),
    "database": ("network", "database"),
    "queue": ("queue",),
}
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


DRIFT: Mapping[str, Callable[[Moto], dict[str, str]]] = {
    "alone": drift_alone,
    "inside": drift_inside,
    "database": drift_database,
    "queue": drift_queue,
}


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


def root(name: str) -> dict[str, bytes]:
    """Give a module of the repository that calls shipped ones, which lie in it."""
    files = {f"modules/{name}/main.tf": HEADER.encode() + (ROOTS / f"{name}.tf").read_bytes()}
    for part in PARTS[name]:
        place = f"modules/aws/{part}/"
        for path, content in shipped.files().items():
            if path.startswith(place) and "/tests/" not in path:
                below = path.removeprefix(place)
                files[f"modules/{name}/parts/{part}/{below}"] = content
    return files


def plain(change: ResourceChange) -> str:
    """Give an address below the root, without a key at its end."""
    address = change.address.removeprefix("module.unit.")
    return address.partition("[")[0] if address.endswith("]") else address


async def live(name: str, engine: Engine, moto: Moto, folder: Path) -> Life:
    life = Life()

    async def timed(what: str, work: Any) -> Any:
        began = time.monotonic()
        try:
            return await work
        finally:
            life.seconds[what] = round(time.monotonic() - began, 1)

    platform = Platform(folder, engine, moto.provider(), root(name))
    platform.stacks[name] = {"module": f"modules/{name}", "inputs": {"later": False}}
    plan, _ = await timed("apply", platform.apply(name))
    life.made = plan.changes
    platform.commit = "b" * 40  # a commit that changes nothing here
    life.again = await timed("look", platform.drift(name))
    platform.stacks[name] = {"module": f"modules/{name}", "inputs": {"later": True}}
    plan, _ = await timed("change", platform.apply(name))
    life.changed = plan.changes
    life.by_hand = await asyncio.to_thread(DRIFT[name], moto)
    life.found = await timed("look again", platform.drift(name))
    await timed("destroy", platform.apply(name, destroy=True))
    state = await engine.state(platform.directory(name))
    life.left = state.resources if state else ()
    return life


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lives(
    engine: Engine, moto: Moto, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Life | BaseException]:
    """Live all lives at the same time."""
    moto.reset()
    store = moto.client("s3")
    store.create_bucket(Bucket="releases")
    store.put_object(Bucket="releases", Key="mailer.zip", Body=b"no zip")
    folder = tmp_path_factory.mktemp("lives")
    found = await asyncio.gather(
        *(live(name, engine, moto, folder / name) for name in PARTS), return_exceptions=True
    )
    return dict(zip(PARTS, found, strict=True))


def life_of(name: str, lives: Mapping[str, Life | BaseException]) -> Life:
    found = lives[name]
    if isinstance(found, BaseException):
        raise found
    return found


@pytest.mark.parametrize("name", PARTS)
async def test_it_is_applied_and_then_as_it_was_applied(
    name: str, lives: Mapping[str, Life]
) -> None:
    life = life_of(name, lives)
    assert {change.action for change in life.made} == {Action.CREATE}
    assert {plain(change) for change in life.again} <= FORGOTTEN.keys()


@pytest.mark.parametrize("name", PARTS)
async def test_a_changed_input_changes_what_it_should(name: str, lives: Mapping[str, Life]) -> None:
    wanted = (
        {
            address: attribute
            for address, attribute in CHANGED.items()
            if address.split(".")[1] in {part.removeprefix("iam-") for part in PARTS[name]}
        }
        if name != "database"
        else {address: attribute for address, attribute in CHANGED.items() if "database" in address}
    )
    seen = {plain(change): change for change in life_of(name, lives).changed}
    for address, attribute in wanted.items():
        assert address in seen
        paths = [each.path for each in seen[address].attributes]
        assert not attribute or any(path.startswith(attribute) for path in paths), paths
    assert Action.REPLACE not in {change.action for change in life_of(name, lives).changed}


@pytest.mark.parametrize("name", PARTS)
async def test_a_change_by_hand_is_found(name: str, lives: Mapping[str, Life]) -> None:
    found = {plain(change) for change in life_of(name, lives).found}
    for address in life_of(name, lives).by_hand.values():
        assert address in found
    named = {part for part in PARTS[name] if (name, part) != ("database", "network")}
    assert life_of(name, lives).by_hand.keys() == named


@pytest.mark.parametrize("name", PARTS)
async def test_it_is_destroyed(name: str, lives: Mapping[str, Life]) -> None:
    assert life_of(name, lives).left == ()


async def test_every_shipped_module_lives_but_a_cache() -> None:
    names = {path.split("/")[2] for path in shipped.files() if path.startswith("modules/aws/")}
    assert {part for parts in PARTS.values() for part in parts} == names - {"cache"}
