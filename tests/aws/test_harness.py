"""The way that all tests of AWS go: repository → plan → apply, with the real provider on moto."""

from pathlib import Path

import psutil
import pytest

from controller.adapters.engine import embedded
from controller.adapters.engine._operations import TerraformEngine
from controller.adapters.engine.packages import Packages
from controller.diagnostics.errors import EngineFailed
from controller.model.plan import Action
from controller.model.verdict import Ruling
from controller.ports.engine import Engine
from controller.steps.policy import judge as policy_step
from tests.support.aws import PROVIDER, VARIABLE, Moto, engine_environment, find_mirror
from tests.support.aws_platform import Platform

MODULE = b"""
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = ">= 5.0"
      configuration_aliases = [aws.peer]
    }
  }
}
variable "stack" { type = string }
resource "aws_sns_topic" "this" { name = var.stack }
module "there" {
  source    = "./topic"
  providers = { aws = aws.peer }
}
output "arn" { value = aws_sns_topic.this.arn }
output "there" { value = module.there.arn }
"""
TOPIC = b"""
resource "aws_sns_topic" "this" { name = "there" }
output "arn" { value = aws_sns_topic.this.arn }
"""
HERE, THERE = "us-east-1", "eu-west-1"


def test_a_mirror_is_found_where_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / PROVIDER / "1.0.0").mkdir(parents=True)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert find_mirror() == tmp_path
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match=VARIABLE):
        find_mirror()


def test_a_mirror_is_found_where_terraform_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "terraform" / "plugins"
    (place / PROVIDER / "1.0.0").mkdir(parents=True)
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert find_mirror() == place


async def check_that_it_does_not_move(platform: Platform) -> None:
    """See that a stack which is given another region asks, though nothing would be destroyed."""
    stack, made_with = platform.stacks["far"], [platform.render("far").places]
    platform.stacks["far"] = {"module": "modules/topic/topic"}
    _, plan = await platform.plan("far", made_with=made_with)
    assert [change.action for change in plan.changes] == [Action.CREATE]
    assert plan.moved == (f"`aws`: `region` {THERE} → {HERE}",)
    verdict = policy_step.judge(plan, policy_step.StackTraits("far"))
    assert verdict.ruling == Ruling.NEEDS_APPROVAL
    _, destroying = await platform.plan("far", destroy=True, made_with=made_with)
    assert (destroying.changes, destroying.moved) == ((), plan.moved)
    platform.stacks["far"] = stack


@pytest.mark.slow
@pytest.mark.aws
@pytest.mark.asyncio(loop_scope="session")
async def test_a_stack_of_aws_is_applied_and_taken_away(
    engine: Engine, moto: Moto, tmp_path: Path
) -> None:
    files = {"modules/topic/main.tf": MODULE, "modules/topic/topic/main.tf": TOPIC}
    platform = Platform(tmp_path, engine, moto.provider(), files)
    platform.aliases = {"aws.far": {"region": THERE}}
    platform.stacks["topic"] = {"module": "modules/topic", "providers": {"aws.peer": "aws.far"}}
    platform.stacks["far"] = {"module": "modules/topic/topic", "providers": {"aws": "aws.far"}}
    plan, outcome = await platform.apply("topic")
    assert len(plan.changes) == 2
    regions = [str(outcome.outputs[name]).split(":")[3] for name in ("arn", "there")]
    assert regions == [HERE, THERE]
    topics = moto.client("sns")
    assert [each["TopicArn"] for each in topics.list_topics()["Topics"]] == [outcome.outputs["arn"]]
    assert await platform.drift("topic") == ()
    await platform.apply("topic", destroy=True)
    assert topics.list_topics()["Topics"] == []
    _, far = await platform.apply("far")
    assert str(far.outputs["arn"]).split(":")[3] == THERE
    await check_that_it_does_not_move(platform)
    plan, _ = await platform.apply("far", destroy=True)
    assert [change.action for change in plan.changes] == [Action.DELETE]


CHAIN = b"""
resource "aws_sns_topic" "first" { name = "first" }
resource "aws_sns_topic" "second" {
  name         = "second"
  display_name = aws_sns_topic.first.name
}
resource "aws_sns_topic" "third" {
  name         = "third"
  display_name = aws_sns_topic.second.name
}
"""


@pytest.mark.slow
@pytest.mark.aws
@pytest.mark.asyncio(loop_scope="session")
async def test_a_provider_that_is_killed_in_an_apply_loses_nothing(
    engine: Engine, moto: Moto, tmp_path: Path
) -> None:
    platform = Platform(tmp_path, engine, moto.provider(), {"modules/chain/main.tf": CHAIN})
    platform.stacks["chain"] = {"module": "modules/chain"}
    await platform.plan("chain")
    killed: list[int] = []

    def kill_once(told: str) -> None:
        if "first: Creation complete" in told and not killed:
            for process in psutil.Process().children(recursive=True):
                if process.name().startswith("terraform-prov"):
                    process.kill()
                    killed.append(process.pid)

    with pytest.raises(EngineFailed):
        await engine.apply(platform.directory("chain"), on_progress=kill_once)
    assert killed
    state = await engine.state(platform.directory("chain"))
    assert state is not None
    assert "module.unit.aws_sns_topic.first" in state.resources
    await platform.apply("chain")
    topics = moto.client("sns")
    names = [each["TopicArn"].rpartition(":")[2] for each in topics.list_topics()["Topics"]]
    assert sorted(names) == ["first", "second", "third"]
    assert (await platform.plan("chain"))[1].changes == ()
    await platform.apply("chain", destroy=True)
    assert topics.list_topics()["Topics"] == []


@pytest.mark.slow
@pytest.mark.aws
@pytest.mark.asyncio(loop_scope="session")
async def test_an_engine_gets_ready_for_a_provider_before_it_is_needed(
    mirror: Path, tmp_path: Path
) -> None:
    environment = engine_environment(tmp_path, mirror)
    pool = await embedded.start_pool(environment, size=1)
    engine = TerraformEngine(pool, environment, packages=Packages(tmp_path / "packages.json"))
    try:
        await engine.get_ready({"aws": ("hashicorp/aws", ">= 5.0")})
        (worker,) = pool._idle
        assert [address.rpartition("/")[2] for address in worker.providers] == ["aws"]
        runs = worker.runs
        await engine.get_ready({"aws": ("hashicorp/aws", ">= 5.0")})
        assert worker.runs == runs + 1  # no second `init`
    finally:
        await engine.close()
