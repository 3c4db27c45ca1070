"""Modules are read without running anything, and what runs something is refused."""

import pytest

from controller.steps.load.hcl import DEEPEST, HclError, object_entries, read_hcl
from controller.steps.load.load import ParsedFiles, load
from controller.steps.load.module_types import Misfit, misfits, read_type
from controller.steps.load.modules import is_part_of_module, read_module
from schemas.references import FromOutput, FromPath, FromSecret
from tests.unit.load.load_repositories import BASE, snapshot

ODD = """# a comment with { and "
// another }
/* and
   one { more */
variable "plain" { type = string }
variable "odd" {
  type = object({
    name  = optional(string, "a}b${lower("Q{")}") # a comment }
    sizes = list(number) // another
    /* { */
  })
  default = <<-EOT
    } "not closed
    ${"${var.x}"} %{ if true }
    EOT
  description = "it is a \\"thing\\" # not // a comment"
  sensitive   = true
  validation {
    condition     = var.odd != null && length("}") == 1
    error_message = "no"
  }
}
variable old {
  type    = "string"
  default = null
}
output "all" {
  value = { for name, value in var.odd : name => "${value}-$${literal}-%%{literal}" if name != "}" }
}
output "secret" {
  value     = join(",", [
    "a", # }
    "b",
  ])
  sensitive = true
}
locals { a = { b = "c" }
}
resource "localcloud_service" "this" {
  count = 1 < 2 ? 1 : 0
  text  = <<EOF
resource "random_id" "no" {
EOF
}
terraform {
  required_version = ">= 1.5"
  required_providers {
    localcloud = { source = "trueup.local/trueup/localcloud", version = "~> 0.1" }
    "aws"      : { "source" : "hashicorp/aws" }
  }
}
""".replace(
    '    "aws"      : { "source" : "hashicorp/aws" }\n',
    '    aws = { "source" : "hashicorp/aws" }\n',
)


def read(**files: str):
    return read_module("modules/x", {f"{name}.tf": text.encode() for name, text in files.items()})


def test_the_oddities_of_real_modules_are_read() -> None:
    module, faults = read(main=ODD)
    assert faults == ()
    assert {v.name: (v.type, v.required, v.sensitive) for v in module.variables.values()} == {
        "plain": ("string", True, False),
        "odd": (
            'object({\nname = optional(string, "a}b${lower("Q{")}")\nsizes = list(number)\n})',
            False,
            True,
        ),
        "old": ("string", False, False),
    }
    assert module.variables["odd"].description == 'it is a "thing" # not // a comment'
    assert {o.name: o.sensitive for o in module.outputs.values()} == {"all": False, "secret": True}
    assert module.providers == {
        "localcloud": ("trueup.local/trueup/localcloud", "~> 0.1"),
        "aws": ("hashicorp/aws", ""),
    }


def test_our_reader_finds_the_same_blocks_as_python_hcl2() -> None:
    import hcl2

    text = ODD.replace("{ if true }", "{{ }}").replace('    } "not closed\n', "")
    theirs = hcl2.loads(text.replace('${"${var.x}"} %{{ }}', ""))
    ours = read_hcl(text)
    found = [block.labels[0] for block in ours.blocks if block.type == "variable"]
    names = [str(name).strip('"') for variable in theirs["variable"] for name in variable]
    assert found == names


@pytest.mark.parametrize(
    "text",
    [
        'variable "a" {',
        'a = "x',
        'a = "${x"',
        "a = [1, 2",
        "a = <<EOF\nx",
        "a = (1]",
        "}",
        "a =\n",
        "/* x",
        "a {" * (DEEPEST + 2),
        'a = "' + "${[" * (DEEPEST + 2),
        "= 1",
        "a = /* x",
        "a 1",
        'a = "x\ny"',
    ],
)
def test_what_is_not_understood_is_refused_and_not_half_read(text: str) -> None:
    with pytest.raises(HclError):
        read_hcl(text)
    _, faults = read(main=text)
    assert [fault.code for fault in faults] == ["module/not-read"]


def test_entries_of_an_object_are_read_by_key() -> None:
    assert object_entries('{ a = 1, "b" : [2, 3]\n c = "x,y" }') == {
        "a": "1",
        "b": "[2, 3]",
        "c": '"x,y"',
    }
    with pytest.raises(HclError):
        object_entries("[1]")


REFUSED = {
    'resource "x" "y" {\n provisioner "local-exec" { command = "id" }\n}': "module/provisioner",
    'resource "x" "y" {\n dynamic "provisioner" { for_each = [] }\n}': "module/provisioner",
    'removed {\n from = x.y\n provisioner "local-exec" { command = "id" }\n}': "module/provisioner",
    'data "external" "x" { program = ["id"] }': "module/data-source",
    'data "terraform_remote_state" "x" { backend = "s3" }': "module/data-source",
    'check "c" {\n data "http" "x" { url = "u" }\n}': "module/data-source",
    'provider "aws" { region = "x" }': "module/provider-block",
    'module "m" { source = "hashicorp/consul/aws" }': "module/nested-source",
    'module "m" { source = "git::https://example.com/x" }': "module/nested-source",
    'module "m" { source = "../db" }': "module/nested-source",
    'module "m" { source = "./none" }': "module/nested-source",
    'module "m" { source = "./${var.x}" }': "module/nested-source",
    'module "m" { count = 1 }': "module/nested-source",
    'terraform {\n backend "s3" {}\n}': "module/backend",
    "terraform {\n cloud {}\n}": "module/backend",
    'locals { a = file("/etc/passwd") }': "module/path-outside",
    'locals { a = templatefile("${path.module}/../x", {}) }': "module/path-outside",
    'locals { a = file(pathexpand("~/x")) }': "module/path-outside",
}


@pytest.mark.parametrize("text", sorted(REFUSED))
def test_what_would_run_or_leave_the_folder_is_refused(text: str) -> None:
    declared = 'terraform {\n required_providers {\n x = {source = "x/x"}\n'
    declared += ' external = {source = "x/x"}\n http = {source = "x/x"}\n }\n}\n'
    _, faults = read(main=declared + text)
    assert {fault.code for fault in faults} == {REFUSED[text]}


def test_a_nested_module_in_the_folder_is_fine_and_is_checked_too() -> None:
    files = {
        "main.tf": b'module "inner" { source = "./inner" }\n',
        "inner/main.tf": b'variable "x" {}\nresource "terraform_data" "x" {}\n',
    }
    module, faults = read_module("modules/x", files)
    assert faults == ()
    assert module.variables == {}
    files["inner/bad.tf"] = b'provider "aws" { region = "x" }\n'
    assert [fault.file for fault in read_module("modules/x", files)[1]] == ["inner/bad.tf"]


@pytest.mark.parametrize("name", ["x.tofu", "x.tofu.json"])
def test_syntaxes_that_are_not_checked_are_refused(name: str) -> None:
    _, faults = read_module("modules/x", {"main.tf": b"", name: b"{}"})
    assert [fault.code for fault in faults] == ["module/not-read"]


def test_tests_and_readmes_do_not_change_the_digest() -> None:
    files = {"main.tf": b'variable "a" {}\n'}
    before = read_module("modules/x", files)[0].digest
    more = {
        "README.md": b"x",
        "tests/a.tftest.hcl": b"x",
        "a.tftest.hcl": b"x",
        "tests/x/main.tf": b"}",
    }
    module, faults = read_module("modules/x", {**files, **more})
    assert (module.digest, faults) == (before, ())
    assert read_module("modules/x", {"main.tf": b'variable "b" {}\n'})[0].digest != before
    assert not is_part_of_module(".terraform/x")


TYPES = [
    ("string", "x", True), ("string", 1, True), ("string", True, True), ("string", ("x",), False),
    ("string", {"a": 1}, False), ("string", None, True), ("string", FromSecret("x"), True),
    ("number", 1, True), ("number", "1.5", True), ("number", "x", False), ("number", True, False),
    ("number", FromPath("x"), False), ("number", FromOutput("a", "b"), True),
    ("number", ".5", True), ("number", "5.", True), ("number", ".", False),
    ("bool", True, True), ("bool", "true", True), ("bool", "yes", False), ("bool", 1, False),
    ("bool", "1", True), ("bool", "0", True), ("bool", "True", False),
    ("any", {"a": (1, "b")}, True), ("list(string)", ("a", 1), True), ("list(string)", "a", False),
    ("set(number)", ("x",), False), ("map(number)", {"a": "x"}, False), ("map(any)", ("a",), False),
    ("map(list(string))", {"a": ("b",)}, True), ("list(object({a=string}))", ({"b": 1},), False),
    ("object({a=string, b=optional(number, 1)})", {"a": "x"}, True),
    ("object({a=string, b=optional(number, 1)})", {"a": "x", "b": "y"}, False),
    ("object({a=string})", {}, False), ("object({a=string})", {"a": "x", "c": 1}, False),
    ("object({\na=string\nb=list(number)\n})", {"a": "x", "b": (1,)}, True),
    ("object({\na=string\nb=list(number)\n})", {"a": "x", "b": 1}, False),
    ("tuple([string, number])", (1,), True), ("what(is this)", 1, True), ("object({", 1, True),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value", "fits"), TYPES)
def test_only_what_surely_does_not_fit_a_type_is_told(
    text: str, value: object, *, fits: bool
) -> None:
    assert (not list(misfits(value, read_type(text)))) is fits


def test_a_misfit_knows_its_place() -> None:
    wanted = read_type("map(object({size=number}))")
    assert list(misfits({"a": {"size": "big"}}, wanted)) == [
        Misfit(("a", "size"), "a string", "a number")
    ]


MOVED = b"moved {\n  from = aws_x.a\n  to = aws_x.b\n}\n"
AWS = b'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n'
PUBLISHED = {
    "main.tf": MOVED + b'module "n" {\n  source = "./modules/n"\n}\n',
    "versions.tf": AWS,
    "modules/n/main.tf": b'module "m" {\n  source = "../m"\n}\n',
    "modules/m/main.tf": b'data "aws_region" "here" {}\n',
    "modules/m/policy.json": b"{}",
    "modules/alone/main.tf": b'provider "aws" { region = "x" }\n',
    "examples/complete/main.tf": b'provider "aws" { region = "x" }\n'
    b'module "all" {\n  source = "../../"\n}\n',
    "examples/complete/data.json": b"{}",
    "wrappers/main.tf.json": b"{}",
    ".history/main_1.tf": b"not { closed",
}


def test_examples_that_lie_beside_a_published_module_are_not_looked_at() -> None:
    module, faults = read_module("modules/published", PUBLISHED)
    assert faults == ()
    assert [name for name in module.files if name.endswith((".tf", ".tf.json"))] == [
        "main.tf",
        "modules/m/main.tf",
        "modules/n/main.tf",
        "versions.tf",
    ]
    assert "modules/m/policy.json" in module.files  # the code may read it
    changed = {**PUBLISHED, "examples/complete/main.tf": b"# another"}
    assert read_module("modules/published", changed)[0].digest == module.digest


def test_what_a_nested_module_uses_is_looked_at_wherever_it_lies() -> None:
    files = {**PUBLISHED, "modules/m/main.tf": b'module "x" {\n  source = "../alone"\n}\n'}
    _, faults = read_module("modules/published", files)
    assert [(fault.code, fault.file) for fault in faults] == [
        ("module/provider-block", "modules/alone/main.tf")
    ]
    files["modules/m/main.tf"] = b'module "x" {\n  source = "../../../other"\n}\n'
    _, faults = read_module("modules/published", files)
    assert [fault.code for fault in faults] == ["module/nested-source"]


def test_a_provider_that_is_not_declared_is_taken_from_where_terraform_takes_it() -> None:
    module, faults = read(main='resource "random_id" "x" {}')
    assert faults == ()
    assert module.providers == {"random": ("hashicorp/random", "")}


def test_a_provider_that_is_declared_elsewhere_only_is_refused() -> None:
    files = {
        "main.tf": b'terraform {\n required_providers {\n random = { source = "x/random" }\n }\n}\n'
        b'module "inner" { source = "./inner" }\n',
        "inner/main.tf": b'resource "random_id" "x" {}\n',
    }
    _, faults = read_module("modules/x", files)
    assert [(f.code, f.file) for f in faults] == [("module/provider-not-declared", "inner/main.tf")]


BESIDE = {
    **BASE,
    "products/own.yaml": """
apiVersion: platform/v1
kind: Stack
metadata: {name: own, product: shop}
spec: {module: modules/own}
""",
    "modules/own/main.tf": 'module "b" { source = "../beside" }\n'
    'output "x" { value = module.b.x }\n',
    "modules/beside/main.tf": 'module "c" { source = "../deep/c" }\n'
    'output "x" { value = file("${path.module}/text") }\n',
    "modules/beside/text": "hello",
    "modules/beside/examples/e/main.tf": 'provider "x" { region = "x" }\n',
    "modules/deep/c/main.tf": 'output "c" { value = 1 }\n',
}


def test_a_module_may_call_folders_beside_it_and_is_another_when_they_change() -> None:
    kept = ParsedFiles()
    first = load(snapshot(BESIDE), {}, kept)
    assert first.diagnostics == ()
    module = first.modules["modules/own"]
    assert set(module.files) == {
        "main.tf", "../beside/main.tf", "../beside/text", "../deep/c/main.tf",
    }  # fmt: skip
    again = load(snapshot(BESIDE), {}, kept)
    assert again.modules["modules/own"] is module
    changed = {**BESIDE, "modules/beside/text": "other"}
    other = load(snapshot(changed), {}, kept).modules["modules/own"]
    assert other.digest != module.digest


def test_what_is_wrong_beside_a_module_is_told_where_it_stands() -> None:
    broken = {**BESIDE, "modules/deep/c/bad.tf": 'provider "x" {\n  y = 1\n}\n'}
    catalog = load(snapshot(broken), {})
    (found,) = (each for each in catalog.diagnostics if each.code == "module/provider-block")
    assert found.span
    assert found.span.path == "modules/deep/c/bad.tf"
    left_out = {**BESIDE, "modules/beside/main.tf": 'module "c" { source = "../../deep" }\n'}
    catalog = load(snapshot(left_out), {})
    assert [each.code for each in catalog.diagnostics] == ["module/nested-source"]


def test_an_ephemeral_output_is_none_that_a_stack_gives() -> None:
    token = 'output "token" {\n  value     = var.token\n  ephemeral = true\n}\n'
    text = token + 'output "name" {\n  value = 1\n}\n'
    module, faults = read(main=text)
    assert (set(module.outputs), faults) == ({"name"}, ())


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        ('variable "a" {\n  ephemeral = true\n}\n', True),
        ('variable "a" {\n  ephemeral = false\n}\n', False),
        ('output "a" {\n  value     = 1\n  ephemeral = true\n}\n', True),
        ('ephemeral "random_password" "a" {\n  length = 9\n}\n', True),
    ],
)
def test_a_module_that_uses_ephemeral_values_is_known(text: str, uses: bool) -> None:
    module, faults = read(main=text)
    assert (module.uses_ephemeral, faults) == (uses, ())


def test_an_override_makes_a_variable_ephemeral() -> None:
    override = 'variable "a" {\n  ephemeral = true\n}\n'
    module, _ = read(main='variable "a" {\n  type = string\n}\n', x_override=override)
    assert (module.variables["a"].ephemeral, module.variables["a"].type) == (True, "string")


def test_an_override_beside_a_published_module_makes_its_output_sensitive() -> None:
    override = 'output "all" {\n  sensitive = true\n}\n'
    module, faults = read(main='output "all" {\n  value = 1\n}\n', sensitive_override=override)
    assert (module.outputs["all"].sensitive, faults) == (True, ())


ALIASED = """
terraform {
  required_providers {
    localcloud = {
      source = "trueup.local/trueup/localcloud"
      configuration_aliases = [
        localcloud.peer, # the other side
        localcloud.dns,
      ]
    }
  }
}
provider "localcloud" { alias = "older" }
resource "localcloud_bucket" "there" { provider = localcloud.peer }
output "url" { value = "" }
"""


def test_aliases_that_a_module_wants_are_known_however_it_says_so() -> None:
    module, faults = read(main=ALIASED)
    assert faults == ()
    assert module.aliases == ("localcloud.dns", "localcloud.older", "localcloud.peer")
    nested, faults = read_module(
        "modules/x",
        {
            "main.tf": b'module "a" {\n  source = "./a"\n}\noutput "b" { value = 1 }\n',
            "a/main.tf": ALIASED.encode(),
        },
    )
    assert (nested.aliases, faults) == ((), ())


@pytest.mark.parametrize(
    ("block", "codes"),
    [
        ('provider "localcloud" {}', []),
        ('provider "localcloud" {\n  directory = "/"\n}', ["module/provider-block"]),
        ('provider "localcloud" {\n  nested { }\n}', ["module/provider-block"]),
    ],
)
def test_a_provider_block_with_a_configuration_is_refused(block: str, codes: list[str]) -> None:
    _, faults = read(main=f"{ALIASED}{block}\n")
    assert [fault.code for fault in faults] == codes


STACK = """apiVersion: platform/v1
kind: Stack
metadata: {name: shop-web, product: shop}
spec:
  module: modules/service
"""
LISTS = "providers: {localcloud: {}"


def load_aliased(providers: str, listed: str) -> list[tuple[str, int, int, str]]:
    """Load a stack of the module with aliases; both environments list some of them."""
    files: dict[str, str | bytes] = {
        "modules/service/main.tf": ALIASED,
        "platform/environments.yaml": BASE["platform/environments.yaml"].replace(
            LISTS, f"{LISTS}{listed}"
        ),
        "stack.yaml": STACK + providers,
    }
    catalog = load(snapshot({**BASE, **files}), {})
    return [
        (d.code, d.span.line, d.span.column, d.message)
        for d in catalog.diagnostics
        if d.span and d.span.path == "stack.yaml"
    ]


def test_an_alias_that_nobody_gives_is_told_of_where_it_is_chosen() -> None:
    given = ", localcloud.dns: {}, localcloud.older: {}"
    found = load_aliased("", given)
    message = "`modules/service` uses the provider `localcloud.peer`, which `{}` does not list"
    assert found == [
        ("load/provider-not-listed", 5, 11, message.format(name)) for name in ("dev", "production")
    ]
    assert load_aliased("", f"{given}, localcloud.peer: {{}}") == []
    assert load_aliased("  providers: {localcloud.peer: localcloud}\n", given) == []
    there = load_aliased("  providers:\n    localcloud.peer: localcloud.there\n", given)
    assert [each[:3] for each in there] == [("load/provider-not-listed", 7, 22)] * 2
    other = load_aliased(
        "  providers:\n    localcloud.peer: aws\n    localcloud.pear: aws\n", given
    )
    assert [each[:3] for each in other if each[0] == "load/unknown-provider"] == [
        ("load/unknown-provider", 7, 22),
        ("load/unknown-provider", 8, 5),
    ]


def test_a_nested_module_from_elsewhere_is_named_without_its_login() -> None:
    source = "git::https://bot:tok@git.example.com/label.git?ref=0.1"
    text = f'module "label" {{\n  source  = "{source}"\n  version = "1"\n}}\n'
    (fault,) = read(main=text)[1]
    assert fault.message == (
        "the nested module `label` comes from `git::https://git.example.com/label.git`, "
        "and nothing is fetched"
    )
