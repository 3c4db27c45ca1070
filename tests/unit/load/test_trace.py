"""Which input feeds an attribute, by the module's text alone."""

import pytest

from controller.steps.load.modules import read_module
from controller.steps.load.trace import InputPath, trace

MAIN = """
variable "name" { type = string }
locals {
  name = coalesce(var.name, "web")  # a comment
  all  = merge(var.tags, { Owner = var.owner, Fixed = "yes" })
}
resource "aws_vpc" "this" {
  cidr_block = var.cidr
  name       = "${local.name}"
  tags       = local.all
  both       = "${var.a}-${var.b}"
  policy     = jsonencode({ Statement = [var.statement] })
  sized      = tonumber(var.sizes["big"])
  computed   = aws_x.y.id
}
resource "aws_sg" "this" {
  for_each = var.groups
  title    = each.value.title
  rule { port = var.first }
  rule { port = var.ports[1] }
  dynamic "egress" {
    for_each = each.value.egress
    content { port = egress.value.port }
  }
}
module "inner" {
  source   = "./inner"
  for_each = var.shops
  size     = each.value.size
  label    = local.name
}
"""
INNER = """
variable "size" { type = number }
resource "aws_i" "this" {
  count = 1
  size  = var.size
  label = var.label
  other = var.unset
}
"""
MODULE, _ = read_module("modules/m", {"main.tf": MAIN.encode(), "inner/x.tf": INNER.encode()})


@pytest.mark.parametrize(
    ("address", "attribute", "expected"),
    [
        ("aws_vpc.this", "cidr_block", InputPath("cidr")),
        ("aws_vpc.this", "name", InputPath("name")),
        ("aws_vpc.this", "tags.Owner", InputPath("owner")),
        ("aws_vpc.this", "tags.Other", InputPath("tags", ("Other",))),
        ("aws_vpc.this", "tags_all.Other", InputPath("tags", ("Other",))),
        ("aws_vpc.this", "tags.Fixed", InputPath("tags", ("Fixed",))),
        ("aws_vpc.this", "policy.Statement[0].Effect", InputPath("statement", ("Effect",))),
        ("aws_vpc.this", "sized", InputPath("sizes", ("big",))),
        ("aws_vpc.this", "both", None),
        ("aws_vpc.this", "computed", None),
        ("aws_vpc.this", "nothing", None),
        ("aws_vpc.that", "cidr_block", None),
        ("data.aws_vpc.this", "cidr_block", None),
        ('aws_sg.this["api"]', "title", InputPath("groups", ("api", "title"))),
        ('aws_sg.this["api"]', "rule[0].port", InputPath("first")),
        ('aws_sg.this["api"]', "rule[1].port", InputPath("ports", (1,))),
        ('aws_sg.this["api"]', "rule[2].port", None),
        ('module.inner["eu"].aws_i.this[0]', "size", InputPath("shops", ("eu", "size"))),
        ('module.inner["eu"].aws_i.this[0]', "label", InputPath("name")),
        ('module.inner["eu"].aws_i.this[0]', "other", None),
        ("module.nothing.aws_i.this", "size", None),
    ],
)
def test_the_input_behind_an_attribute(
    address: str, attribute: str, expected: InputPath | None
) -> None:
    assert trace(MODULE, address, attribute) == expected
