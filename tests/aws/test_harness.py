"""The way that all tests of AWS go: repository → plan → apply, with the real provider on moto."""

from pathlib import Path

import pytest

from controller.ports.engine import Engine
from tests.support.aws import PROVIDER, VARIABLE, Moto, find_mirror
from tests.support.aws_platform import Platform

MODULE = b"""
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}
variable "stack" { type = string }
resource "aws_sns_topic" "this" { name = var.stack }
output "arn" { value = aws_sns_topic.this.arn }
"""


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


@pytest.mark.slow
@pytest.mark.aws
@pytest.mark.asyncio(loop_scope="session")
async def test_a_stack_of_aws_is_applied_and_taken_away(
    engine: Engine, moto: Moto, tmp_path: Path
) -> None:
    platform = Platform(tmp_path, engine, moto.provider(), {"modules/topic/main.tf": MODULE})
    platform.stacks["topic"] = {"module": "modules/topic"}
    plan, outcome = await platform.apply("topic")
    assert len(plan.changes) == 1
    topics = moto.client("sns")
    assert [each["TopicArn"] for each in topics.list_topics()["Topics"]] == [outcome.outputs["arn"]]
    assert await platform.drift("topic") == ()
    await platform.apply("topic", destroy=True)
    assert topics.list_topics()["Topics"] == []
