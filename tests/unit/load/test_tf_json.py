"""Modules in Terraform's JSON syntax are read as those in its own, and refused for the same."""

import json
from collections.abc import Mapping

import pytest

from controller.steps.load.hcl import DEEPEST, HclError
from controller.steps.load.load import load
from controller.steps.load.modules import read_module
from controller.steps.load.tf_json import read_tf_json
from tests.unit.load.load_repositories import BASE, snapshot

NATIVE = """
variable "name" {
  type        = string
  description = "what it is \\"called\\""
  validation {
    condition     = length(var.name) > 3 && var.name != "}"
    error_message = "too short: ${var.name}."
  }
}
variable "sizes" {
  type      = map(object({ a = optional(number, 3) }))
  default   = {}
  nullable  = false
  sensitive = true
}
variable "all" {}
output "id" { value = module.part.id }
output "key" {
  value     = "x"
  sensitive = true
}
terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = ">= 5.0"
      configuration_aliases = [aws.peer]
    }
  }
}
provider "aws" { alias = "older" }
resource "random_id" "this" { byte_length = 4 }
resource "aws_s3_bucket" "this" { provider = aws.peer }
module "part" { source = "./part" }
"""
VALIDATION = {
    "condition": '${length(var.name) > 3 && var.name != "}"}',
    "error_message": "too short: ${var.name}.",
}
JSON = {
    "//": "a comment",
    "variable": [
        {
            "name": {
                "type": "string",
                "description": 'what it is "called"',
                "validation": [VALIDATION],
                "//": {"not": "read"},
            }
        },
        {
            "sizes": {
                "type": "map(object({ a = optional(number, 3) }))",
                "default": {},
                "nullable": False,
                "sensitive": True,
            },
            "all": {},
        },
    ],
    "output": {
        "id": {"value": "${module.part.id}"},
        "key": [{"value": "x", "sensitive": True}],
    },
    "terraform": {
        "required_providers": {
            "aws": {
                "source": "hashicorp/aws",
                "version": ">= 5.0",
                "configuration_aliases": ["aws.peer"],
            }
        }
    },
    "provider": {"aws": {"alias": "older"}},
    "resource": [
        {"random_id": {"this": {"byte_length": 4}}},
        {"aws_s3_bucket": {"this": {"provider": "aws.peer"}}},
    ],
    "module": {"part": {"source": "./part"}},
}
PART = {"part/x.tf.json": b'{"output": {"id": {"value": 1}}}'}


def codes(document: object, name: str = "x.tf.json", more: Mapping[str, bytes] = PART) -> list[str]:
    text = document if isinstance(document, str) else json.dumps(document)
    return [fault.code for fault in read_module("modules/x", {name: text.encode(), **more})[1]]


def test_both_syntaxes_say_the_same() -> None:
    native, native_faults = read_module("modules/x", {"x.tf": NATIVE.encode(), **PART})
    text = json.dumps(JSON).replace('"module":', '"\\u006dodule":')
    ours, faults = read_module("modules/x", {"x.tf.json": text.encode(), **PART})
    assert (faults, native_faults) == ((), ())
    assert (ours.outputs, ours.providers) == (native.outputs, native.providers)
    assert ours.aliases == native.aliases == ("aws.older", "aws.peer")
    assert ours.variables.keys() == native.variables.keys()
    for name, found in ours.variables.items():
        known = native.variables[name]
        assert (found.type, found.required, found.sensitive, found.nullable, found.description) == (
            known.type, known.required, known.sensitive, known.nullable, known.description,
        )  # fmt: skip
        assert [(v.condition, v.message) for v in found.validations] == [
            (v.condition, v.message) for v in known.validations
        ]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (
            {"resource": {"aws_instance": {"a": {"provisioner": [{"local-exec": {}}]}}}},
            "module/provisioner",
        ),
        ({"removed": {"from": "a.b", "provisioner": {"local-exec": {}}}}, "module/provisioner"),
        ({"data": {"external": {"a": {}}}}, "module/data-source"),
        ({"check": {"c": {"data": {"http": {"a": {}}}}}}, "module/data-source"),
        ({"terraform": {"backend": {"s3": {}}}}, "module/backend"),
        ({"provider": {"aws": [{"region": "x"}]}}, "module/provider-block"),
        ({"module": {"a": {"source": "terraform-aws-modules/vpc/aws"}}}, "module/nested-source"),
        ({"locals": {"a": ['${file("/etc/passwd")}']}}, "module/path-outside"),
        ({"locals": {'${file("../x")}': 1}}, "module/path-outside"),
        ('{"locals": {"a": "${file(\\u0022/etc\\u0022)}"}}', "module/path-outside"),
        (
            '{"data": {"aws_region": {"a": {}}}, "data": {"external": {"b": {}}}}',
            "module/data-source",
        ),
    ],
)
def test_what_is_refused_in_one_syntax_is_refused_in_the_other(document: object, code: str) -> None:
    assert codes(document) == [code]
    nested = {"main.tf": b'module "part" {\n  source = "./part"\n}\n'}
    assert codes(document, "part/x.tf.json", nested) == [code]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        "1",
        '{"variable": 1}',
        '{"variable": {"a": 1}}',
        '{"variable": {"a": {"type": ["string"]}}}',
        '{"variable": {"a": {"type": "string", "type": "number"}}}',
        '{"variables": {}}',
        '{"locals": {"a": NaN}}',
        '{"locals": {"a": 1,}}',
        '{"locals": {"a" 1}}',
        '{"locals": {"a": 1}} {}',
        '{"locals": {"a": "\\ud800"}}',
        '\ufeff{"locals": {}}',
        '{"locals": {"a": ' + "[" * (DEEPEST + 2) + "]" * (DEEPEST + 2) + "}}",
    ],
)
def test_what_is_not_understood_is_refused_and_not_half_read(text: str) -> None:
    with pytest.raises(HclError):
        read_tf_json(text)
    assert codes(text) == ["module/not-read"]


def test_a_fault_is_told_where_it_stands() -> None:
    text = '{\n  "locals": {\n    "a": 1,\n    "b": "${file(\\"/etc/passwd\\")}"\n  }\n}\n'
    (fault,) = read_module("modules/x", {"x.tf.json": text.encode()})[1]
    assert (fault.file, fault.line) == ("x.tf.json", 4)


def test_null_is_refused_where_a_variable_takes_none() -> None:
    module = 'variable "name" {\n  type     = string\n  nullable = false\n%s}\n'
    stack = (
        "apiVersion: platform/v1\nkind: Stack\nmetadata: {name: shop-web, product: shop}\n"
        "spec:\n  module: modules/service\n  inputs: {name: null}\n"
    )

    def found(default: str) -> list[tuple[str, int, int]]:
        files = {**BASE, "modules/service/main.tf": module % default, "stack.yaml": stack}
        catalog = load(snapshot(files), {})
        spans = [(d.code, d.span) for d in catalog.diagnostics]
        return [(c, s.line, s.column) for c, s in spans if s and s.path == "stack.yaml"]

    assert found("") == [("load/input-type", 6, 18)]
    assert found('  default  = "x"\n') == []
