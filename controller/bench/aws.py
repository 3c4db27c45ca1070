"""Units of AWS for benchmarks: a module of ten resources, and moto, which answers as AWS would."""

import importlib
import importlib.util
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from controller.diagnostics.errors import Stalled
from controller.settings import mirror_places

PROVIDER = "*/hashicorp/aws"
"""Where a mirror has it, below the name of a registry."""
START_SECONDS = 60.0
UNITS = 4
REGION = "eu-central-1"
FIRST_CALLS = {
    "sts": "get_caller_identity", "ec2": "describe_vpcs", "s3": "list_buckets",
    "iam": "list_roles", "secretsmanager": "list_secrets", "dynamodb": "list_tables",
}  # fmt: skip
"""A call of each service that the units use."""

MODULE = """terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0" }
  }
}
variable "name" { type = string }
variable "cidr" { type = string }
variable "note" { type = string }
locals { tags = { Name = var.name, Note = var.note } }
resource "aws_vpc" "this" {
  cidr_block = var.cidr
  tags       = local.tags
}
resource "aws_subnet" "this" {
  for_each   = { a = 0, b = 1 }
  vpc_id     = aws_vpc.this.id
  cidr_block = cidrsubnet(var.cidr, 4, each.value)
}
resource "aws_security_group" "this" {
  name        = var.name
  description = "What the service lets in"
  vpc_id      = aws_vpc.this.id
}
resource "aws_security_group_rule" "this" {
  type              = "ingress"
  from_port         = 443
  to_port           = 443
  protocol          = "tcp"
  cidr_blocks       = [var.cidr]
  security_group_id = aws_security_group.this.id
}
resource "aws_s3_bucket" "this" { bucket = "${var.name}-data" }
resource "aws_iam_role" "this" {
  name = var.name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
    }]
  })
}
resource "aws_secretsmanager_secret" "this" {
  name                    = var.name
  recovery_window_in_days = 0
}
resource "aws_secretsmanager_secret_version" "this" {
  secret_id     = aws_secretsmanager_secret.this.id
  secret_string = jsonencode({ note = var.note })
}
resource "aws_dynamodb_table" "this" {
  name         = var.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
}
output "vpc" { value = aws_vpc.this.id }
output "bucket" { value = aws_s3_bucket.this.bucket }
"""
_ENVIRONMENT = """apiVersion: platform/v1
kind: Environment
metadata: {{name: dev}}
spec:
  engine: {engine}
  limits: {{concurrentApplies: 8}}
  providers:
    aws:
      region: {region}
      shared_config_files: ["{config}"]
      shared_credentials_files: ["{credentials}"]
      skip_credentials_validation: true
      skip_metadata_api_check: "true"
      skip_requesting_account_id: true
      s3_use_path_style: true
      max_retries: 2
"""
_PRODUCT = """apiVersion: platform/v1
kind: Product
metadata: {name: shop}
spec:
  owner: team-shop
  environments: [dev]
---
apiVersion: platform/v1
kind: Pipeline
metadata: {name: shop, product: shop}
spec:
  stages:
    - environment: dev
"""
_STACK = """apiVersion: platform/v1
kind: Stack
metadata: {{name: place-{index}, product: shop}}
spec:
  module: modules/place
  inputs:
    name: place-{index}
    cidr: 10.{index}.0.0/16
    note: {note}
  drift: {{mode: report, every: 24h}}
"""


def find_mirror() -> Path:
    """Find a folder that has the AWS provider. Raises Stalled, with the way out."""
    for place in mirror_places():
        if any(place.glob(PROVIDER)):
            return place
    for place in mirror_places(roots=True):
        for depth in ("*", "*/*", "*/*/*"):
            for found in place.glob(f"{depth}/{PROVIDER}"):
                return found.parents[2]
    raise Stalled.because(
        "the AWS provider is not on this machine",
        hint="fill a mirror with `terraform providers mirror FOLDER` in a root that uses "
        "hashicorp/aws, and name it: `TRUEUP_PROVIDER_MIRROR=FOLDER trueup bench reconcile`",
    )


def environment(config: Path, *, engine: str = "embedded", more: str = "") -> Mapping[str, str]:
    """Give the files of an environment on moto, with `more` providers as YAML.

    Where moto is stands in a shared configuration of AWS: a block `endpoints` makes each start of
    the provider seconds slower, for both sides, and nobody has one who uses AWS itself.
    """
    credentials = config.with_name("credentials")
    credentials.write_text(
        "[default]\naws_access_key_id = testing\naws_secret_access_key = testing\n",
        encoding="utf-8",
    )
    text = _ENVIRONMENT.format(engine=engine, region=REGION, config=config, credentials=credentials)
    return {"platform/dev.yaml": text + more}


def repository(config: Path, *, note: str, engine: str = "embedded") -> Mapping[str, str]:
    """Give the files of a repository; another `note` changes two resources of each unit."""
    return {
        **environment(config, engine=engine),
        "modules/place/main.tf": MODULE,
        "products/shop/product.yaml": _PRODUCT,
        **{
            f"products/shop/place-{index}.yaml": _STACK.format(index=index, note=note)
            for index in range(UNITS)
        },
    }


def names() -> list[str]:
    """Give the names of the units."""
    return [f"shop/dev/place-{index}" for index in range(UNITS)]


def _session() -> Any:
    boto3 = importlib.import_module("boto3")  # moto brings it; it has no types
    return boto3.Session("testing", "testing", region_name=REGION)


def change_by_hand(config: Path, unit: str) -> None:
    """Change a unit behind the back of everybody: a tag, an open port, a bucket that goes."""
    session = _session()
    address = config.read_text(encoding="utf-8").rpartition(" ")[2].strip()
    ec2 = session.client("ec2", endpoint_url=address)
    named = [{"Name": "tag:Name", "Values": [unit]}]
    (network,) = ec2.describe_vpcs(Filters=named)["Vpcs"]
    ec2.create_tags(Resources=[network["VpcId"]], Tags=[{"Key": "By", "Value": "hand"}])
    groups = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [unit]}])
    ec2.authorize_security_group_ingress(
        GroupId=groups["SecurityGroups"][0]["GroupId"], IpProtocol="tcp",
        FromPort=22, ToPort=22, CidrIp="0.0.0.0/0",
    )  # fmt: skip
    session.client("s3", endpoint_url=address).delete_bucket(Bucket=f"{unit}-data")


@contextmanager
def moto(config: Path) -> Iterator[str]:
    """Run moto, and write a shared configuration of AWS that leads to it; gives its address."""
    if importlib.util.find_spec("moto") is None:
        raise Stalled.because(
            "moto is not installed", hint="install it with `pip install 'moto[server]'`"
        )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f"[default]\nendpoint_url = {address}\n", encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(address, process)
        _load_services(address)
        yield address
    finally:
        process.terminate()
        process.wait()


def _load_services(address: str) -> None:
    """Have moto load what the units use: it does so at the first call, which no cloud does."""
    session = _session()
    for service, call in FIRST_CALLS.items():
        getattr(session.client(service, endpoint_url=address), call)()


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"{address}/moto-api/", timeout=2, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise Stalled.because("moto did not start", hint="look at what `python -m moto.server` says")
