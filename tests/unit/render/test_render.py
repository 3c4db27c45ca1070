"""Unit → workspace: values stay values."""

import json
import re
from dataclasses import replace

import pytest

from controller.diagnostics.errors import ConfigurationWrong
from controller.model.graph import Unit
from controller.model.names import Commit, SecretName, UnitName
from controller.model.workspace import Upstream, Workspace
from controller.steps.graph import graph
from controller.steps.render import render
from tests.unit.load.load_repositories import BASE, COMMIT, load_with

DB = UnitName("shop", "production", "shop-db")
API = UnitName("shop", "production", "shop-api")
KNOWN = Upstream(
    outputs={DB: {"url": "postgresql://127.0.0.1/shop"}},
    pending=frozenset(),
    secret_addresses={SecretName("shop", "production", "shop-api-key"): "/run/key"},
    tree_paths={"apps/shop": "/trees/abc"},
)
NOTHING = Upstream({}, frozenset(), {}, {})
HOSTILE = [
    '${file("/etc/passwd")}',
    "%{ if true }x%{ endif }",
    "$${x}",
    "$$${x}",
    '"}, "provider": {"x": "y',
    "\u2028\u0007\\u0000",
    "<<EOF\nx\nEOF",
]


def rendered(
    files: dict[str, str | bytes], upstream: Upstream = KNOWN, name: UnitName = API
) -> Workspace:
    catalog = load_with(files)
    assert catalog.diagnostics == ()
    return render(catalog, graph(catalog).units[name], upstream)


def part(workspace: Workspace, path: str) -> dict[str, object]:
    value = json.loads(workspace.files[path])
    assert isinstance(value, dict)
    return value


def test_references_become_values_in_the_variables() -> None:
    workspace = rendered({})
    assert part(workspace, "terraform.tfvars.json") == {
        "product": "shop",
        "environment": "production",
        "stack": "shop-api",
        "replicas": 3,
        "directory": "/trees/abc",
        "env": {
            "DATABASE": "postgresql://127.0.0.1/shop",
            "KEY_FILE": "/run/key",
            "MODE": "fast",
        },
    }
    assert workspace.provisional == ()
    assert workspace.commit == COMMIT
    assert workspace.engine == "auto"


def test_the_root_module_holds_structure_only() -> None:
    main = part(rendered({}), "main.tf.json")
    assert main["terraform"] == {
        "required_version": ">= 1.5",
        "required_providers": {
            "localcloud": {"source": "trueup.local/trueup/localcloud", "version": "~> 0.1"}
        },
        "backend": {"local": {"path": "terraform.tfstate"}},
    }
    assert main["provider"] == {"localcloud": {}}
    assert main["output"] == {"url": {"value": "${module.unit.url}"}}
    assert main["module"] == {
        "unit": {
            "source": "./module",
            "directory": "${var.directory}",
            "env": "${var.env}",
            "environment": "${var.environment}",
            "product": "${var.product}",
            "replicas": "${var.replicas}",
            "stack": "${var.stack}",
        }
    }


def test_a_module_gets_the_configurations_of_providers_that_the_stack_chooses() -> None:
    module = BASE["modules/service/main.tf"].replace(
        'version = "~> 0.1"', "configuration_aliases = [localcloud.peer, localcloud.dns]"
    )
    environments = BASE["platform/environments.yaml"].replace(
        "localcloud: {}",
        'localcloud: {a: "1", b: "2"}, localcloud.far: {a: "${x}", b: null}, localcloud.dns: {},'
        " localcloud.unused: {}",
    )
    stack = BASE["products/shop-api.yaml"].replace(
        "\nspec:", "\nspec:\n  providers: {localcloud.peer: localcloud.far}", 1
    )
    workspace = rendered(
        {
            "modules/service/main.tf": module,
            "platform/environments.yaml": environments,
            "products/shop-api.yaml": stack,
        }
    )
    main = part(workspace, "main.tf.json")
    assert main["provider"] == {
        "localcloud": [
            {"a": "1", "b": "2"},
            {"alias": "dns", "a": "1", "b": "2"},
            {"alias": "far", "a": "${var.trueup_provider_0}"},
        ]
    }
    assert part(workspace, "terraform.tfvars.json")["trueup_provider_0"] == "${x}"
    call = main["module"]
    assert isinstance(call, dict)
    assert call["unit"]["providers"] == {
        "localcloud": "localcloud",
        "localcloud.dns": "localcloud.dns",
        "localcloud.peer": "localcloud.far",
    }


def test_a_module_without_inputs_gives_no_empty_block() -> None:
    """Terraform takes an empty `variable` for one without a name."""
    files: dict[str, str | bytes] = {
        "modules/bare/main.tf": 'output "url" { value = "x" }\n',
        "bare.yaml": "apiVersion: platform/v1\nkind: Stack\n"
        "metadata: {name: bare, product: shop}\nspec: {module: modules/bare}\n",
    }
    main = part(rendered(files, name=replace(API, stack="bare")), "main.tf.json")
    assert set(main) == {"module", "output", "terraform"}


def test_types_and_sensitive_flags_are_kept() -> None:
    module = BASE["modules/db/main.tf"].replace(
        'variable "database" { type = string }',
        'variable "database" {\n  type      = object({ a = optional(string, "x") })\n'
        "  sensitive = true\n}",
    )
    stack = BASE["products/shop-db.yaml"].replace("database: shop", "database: {a: y}")
    files = {"modules/db/main.tf": module, "products/shop-db.yaml": stack}
    main = part(rendered(files, NOTHING, DB), "main.tf.json")
    assert main["variable"] == {
        "database": {"type": 'object({ a = optional(string, "x") })', "sensitive": True}
    }
    assert main["output"] == {
        "url": {"value": "${module.unit.url}"},
        "password": {"value": "${module.unit.password}", "sensitive": True},
    }


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_value_stays_literal(text: str) -> None:
    stack = BASE["products/shop-api.yaml"].replace(
        "MODE: fast", f"MODE: {json.dumps(text)}, {json.dumps(text)}: x"
    )
    workspace = rendered({"products/shop-api.yaml": stack})
    given = part(workspace, "terraform.tfvars.json")["env"]
    assert isinstance(given, dict)
    assert given["MODE"] == text
    assert text not in workspace.files["main.tf.json"].decode()
    assert workspace.files["main.tf.json"] == rendered({}).files["main.tf.json"]


@pytest.mark.parametrize("text", ['${file("/etc/passwd")}', "%{ for x in y }"])
def test_a_hostile_value_of_a_provider_stays_literal_too(text: str) -> None:
    environments = BASE["platform/environments.yaml"].replace(
        "{localcloud: {}}",
        f"{{localcloud: {{a: {json.dumps(text)}, b: [{{c: {json.dumps(text)}}}]}}}}",
    )
    workspace = rendered({"platform/environments.yaml": environments})
    main = part(workspace, "main.tf.json")
    assert main["provider"] == {
        "localcloud": {
            "a": "${var.trueup_provider_0}",
            "b": [{"c": "${var.trueup_provider_1}"}],
        }
    }
    assert part(workspace, "terraform.tfvars.json")["trueup_provider_1"] == text
    assert text not in workspace.files["main.tf.json"].decode()


def test_what_is_not_known_yet_is_null_and_makes_it_provisional() -> None:
    workspace = rendered({}, NOTHING)
    values = part(workspace, "terraform.tfvars.json")
    assert values["directory"] is None
    assert values["env"] == {"DATABASE": None, "KEY_FILE": None, "MODE": "fast"}
    assert workspace.provisional == (
        "folder `apps/shop` is not on disk yet",
        "secret `shop/production/shop-api-key` has no address yet",
        "unit `shop/production/shop-db` was not applied yet",
    )


def test_an_output_that_is_null_is_passed_on_and_named() -> None:
    workspace = rendered({}, replace(KNOWN, outputs={DB: {"url": None}}))
    env = part(workspace, "terraform.tfvars.json")["env"]
    assert isinstance(env, dict)
    assert env["DATABASE"] is None
    assert workspace.provisional == ()
    assert workspace.nulls == ("the output `url` of unit `shop/production/shop-db` is null",)
    assert rendered({}).nulls == ()


def test_an_output_of_a_unit_with_changes_to_come_is_not_used() -> None:
    workspace = rendered({}, replace(KNOWN, pending=frozenset({DB})))
    assert workspace.provisional == (
        "unit `shop/production/shop-db` has changes that are not applied yet",
    )
    missing = rendered({}, replace(KNOWN, outputs={DB: {}}))
    assert missing.provisional == ("unit `shop/production/shop-db` has no output `url` yet",)


def test_digests_follow_what_matters_and_nothing_else() -> None:
    before = rendered({})
    assert rendered({"README.md": "x", "products/other.yaml": ""}).digest == before.digest
    other_output = rendered({}, replace(KNOWN, outputs={DB: {"url": "else"}}))
    assert other_output.upstream_digest != before.upstream_digest
    assert other_output.digest != before.digest
    module = BASE["modules/service/main.tf"] + "# more\n"
    other_module = rendered({"modules/service/main.tf": module})
    assert other_module.module_digest != before.module_digest
    assert other_module.digest != before.digest


def test_what_the_user_gives_wins_over_what_is_filled_in() -> None:
    module = BASE["modules/service/main.tf"] + 'variable "owner" {}\nvariable "commit" {}\n'
    stack = BASE["products/shop-api.yaml"].replace("directory:", "stack: mine\n    directory:")
    files = {"modules/service/main.tf": module, "products/shop-api.yaml": stack}
    values = part(rendered(files), "terraform.tfvars.json")
    assert (values["stack"], values["owner"]) == ("mine", "team-shop")


COMMITTED = 'variable "commit" {\n  type = string\n}\n'
USES_AWS = """
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}
resource "aws_sns_topic" "this" {}
"""


def test_a_variable_that_means_something_else_is_not_filled_in() -> None:
    module = BASE["modules/service/main.tf"] + "".join(
        f'variable "{name}" {{\n  type = {kind}\n  default = null\n}}\n'
        for name, kind in (("owner", "map(string)"), ("commit", "number"), ("product", "string"))
    )
    workspace = rendered({"modules/service/main.tf": module})
    values = part(workspace, "terraform.tfvars.json")
    assert values["product"] == "shop"
    assert not {"owner", "commit"} & values.keys()
    assert not workspace.dated


def with_aws(configuration: str = "{}", module: str = USES_AWS) -> dict[str, str | bytes]:
    environments = BASE["platform/environments.yaml"]
    configured = f"{{localcloud: {{}}, aws: {configuration}}}"
    return {
        "platform/environments.yaml": environments.replace("{localcloud: {}}", configured),
        "modules/service/aws.tf": module,
    }


def at(commit: str, files: dict[str, str | bytes]) -> Workspace:
    catalog = load_with(files)
    assert catalog.revision is not None
    revision = replace(catalog.revision, commit=Commit(commit))
    catalog = replace(catalog, revision=revision)
    return render(catalog, graph(catalog).units[API], KNOWN)


def test_all_that_a_stack_makes_on_aws_is_tagged() -> None:
    workspace = at("b" * 40, with_aws('{region: eu-west-1, default_tags: {tags: {team: "${x}"}}}'))
    main, values = part(workspace, "main.tf.json"), part(workspace, "terraform.tfvars.json")
    assert main["provider"]["localcloud"] == {}
    assert main["provider"]["aws"] == {
        "region": "eu-west-1",
        "default_tags": [
            {
                "tags": {
                    "product": "shop",
                    "environment": "production",
                    "owner": "team-shop",
                    "commit": "${var.trueup_commit}",
                    "team": "${var.trueup_provider_0}",
                }
            }
        ],
    }
    assert values["trueup_provider_0"] == "${x}"
    (dated,) = workspace.dated.values()
    assert json.loads(dated) == {"trueup_commit": "b" * 40}


def test_tags_of_the_environment_win() -> None:
    given = "{default_tags: [{tags: {commit: none, owner: us}}]}"
    main = part(rendered(with_aws(given)), "main.tf.json")
    (block,) = main["provider"]["aws"]["default_tags"]
    assert block["tags"]["commit"] == "none" and block["tags"]["owner"] == "us"
    wrong = part(rendered(with_aws("{default_tags: [{}, {}]}")), "main.tf.json")
    assert wrong["provider"]["aws"] == {"default_tags": [{}, {}]}


def test_a_commit_that_changes_nothing_else_is_no_change() -> None:
    files = with_aws(module=USES_AWS + COMMITTED)
    first, second = at("b" * 40, files), at("c" * 40, files)
    assert (first.digest, first.files) == (second.digest, second.files)
    assert first.dated != second.dated and first.commit != second.commit
    (dated,) = second.dated.values()
    assert json.loads(dated) == {"commit": "c" * 40, "trueup_commit": "c" * 40}
    assert rendered({}).dated == {}


def test_a_unit_without_its_module_or_environment_is_refused() -> None:
    catalog = load_with({})
    unit = graph(catalog).units[API]
    with pytest.raises(ConfigurationWrong):
        render(replace(catalog, modules={}), unit, KNOWN)
    with pytest.raises(ConfigurationWrong):
        render(replace(catalog, documents={}), unit, KNOWN)


def test_a_provider_that_the_environment_does_not_list_any_more_is_refused() -> None:
    catalog = load_with({})
    unit = graph(catalog).units[API]
    environments = BASE["platform/environments.yaml"].replace("{localcloud: {}}", "{}")
    head = load_with({"platform/environments.yaml": environments})
    later = replace(catalog, documents={**catalog.documents, **head.documents})
    with pytest.raises(ConfigurationWrong) as refused:
        render(later, unit, KNOWN)
    assert refused.value.diagnostics[0].code == "render/provider-not-listed"


@pytest.mark.parametrize("path", ["../../../x", "a/../../x", "/etc/x", "a\nb", ""])
def test_a_file_name_that_leaves_the_workspace_is_refused(path: str) -> None:
    catalog = load_with({})
    unit = graph(catalog).units[API]
    module = catalog.modules["modules/service"]
    hostile = replace(module, files={**module.files, path: b"x"})
    with pytest.raises(ConfigurationWrong):
        render(replace(catalog, modules={"modules/service": hostile}), unit, KNOWN)


def test_an_input_that_is_no_variable_is_refused() -> None:
    catalog = load_with({})
    unit = graph(catalog).units[API]
    hostile: Unit = replace(unit, inputs={'x"}': 1})
    with pytest.raises(ConfigurationWrong):
        render(catalog, hostile, KNOWN)


def with_import(entry: dict[str, str]) -> dict[str, str | bytes]:
    """Give the base with an import in the stack of the api."""
    text = BASE["products/shop-api.yaml"] + f"  import: {json.dumps([entry])}\n"
    return {"products/shop-api.yaml": text}


def test_what_is_imported_stands_in_its_own_environment_only() -> None:
    files = with_import({"environment": "production", "to": "a.b[0]", "id": "x"})
    found = part(rendered(files), "main.tf.json")["import"]
    assert found == [{"to": "module.unit.a.b[0]", "id": "x"}]
    staging = UnitName("shop", "dev", "shop-api")
    dev = Upstream({UnitName("shop", "dev", "shop-db"): {"url": "x"}}, frozenset(), {}, {})
    assert "import" not in part(rendered(files, dev, staging), "main.tf.json")


@pytest.mark.parametrize("text", HOSTILE)
def test_an_id_is_never_a_template(text: str) -> None:
    files = with_import({"environment": "production", "to": "a.b", "id": text})
    (entry,) = part(rendered(files), "main.tf.json")["import"]  # what Terraform reads of it:
    told = re.sub(r"([$%])\1\{", r"\1{", entry["id"])
    assert told == text
    assert re.search(r"(?<![$%])[$%]\{", entry["id"]) is None


@pytest.mark.parametrize(
    "to", ["a", "a.*", 'a.b["${x}"]', "a.b[each.key]", "a b.c", "a.b\n", "var.x[*]"]
)
def test_an_address_that_says_more_is_refused(to: str) -> None:
    files = with_import({"environment": "production", "to": to, "id": "x"})
    assert [found.code for found in load_with(files).diagnostics][:1] == ["load/value-not-allowed"]


KEEPS = """
variable "key" {
  type      = string
  ephemeral = true
}
variable "key_version" { type = number }
variable "key_place" { type = string }
"""


def with_ephemeral(inputs: str = "key: {secret: shop-api-key}") -> dict[str, str | bytes]:
    stack = BASE["products/shop-api.yaml"].replace(
        "directory:", f"key_place: {{secret: shop-api-key}}\n    {inputs}\n    directory:"
    )
    module = BASE["modules/service/main.tf"] + KEEPS
    return {"modules/service/main.tf": module, "products/shop-api.yaml": stack}


def test_a_secret_for_an_ephemeral_variable_is_named_and_has_its_version() -> None:
    secret = SecretName("shop", "production", "shop-api-key")
    workspace = rendered(with_ephemeral(), replace(KNOWN, secret_versions={secret: 7}))
    assert part(workspace, "trueup-ephemeral.json") == {"key": "/run/key"}
    values = part(workspace, "terraform.tfvars.json")
    assert "key" not in values
    assert (values["key_place"], values["key_version"]) == ("/run/key", 7)
    variables = part(workspace, "main.tf.json")["variable"]
    assert isinstance(variables, dict)
    assert variables["key"] == {"type": "string", "sensitive": True, "ephemeral": True}
    assert (workspace.needs_ephemeral, workspace.provisional) == (True, ())
    assert not rendered({}).needs_ephemeral
    assert "trueup-ephemeral.json" not in rendered({}).files


def test_the_version_of_a_secret_that_is_not_delivered_is_not_known() -> None:
    workspace = rendered(with_ephemeral())
    assert workspace.provisional == ("secret `shop/production/shop-api-key` is not delivered yet",)


def test_a_version_that_the_stack_gives_wins() -> None:
    own = "{key: {secret: shop-api-key}, key_version: 2}"
    workspace = rendered(with_ephemeral(own[1:-1].replace(", ", "\n    ")))
    assert part(workspace, "terraform.tfvars.json")["key_version"] == 2
    assert workspace.provisional == ()


def test_a_plain_value_for_an_ephemeral_variable_stays_one() -> None:
    workspace = rendered(with_ephemeral("key: plain\n    key_version: 1"))
    assert part(workspace, "terraform.tfvars.json")["key"] == "plain"
    variables = part(workspace, "main.tf.json")["variable"]
    assert isinstance(variables, dict)
    assert variables["key"] == {"type": "string", "ephemeral": True}


def test_a_secret_inside_of_an_ephemeral_value_is_refused() -> None:
    files = with_ephemeral("key_version: 1\n    key: {a: {secret: shop-api-key}}")
    files["modules/service/main.tf"] = str(files["modules/service/main.tf"]).replace(
        'variable "key" {\n  type      = string', 'variable "key" {\n  type      = map(string)'
    )
    (found,) = load_with(files).diagnostics
    assert (found.code, found.expected) == (
        "load/input-type", "`{secret: …}` as the whole value of an ephemeral variable",
    )  # fmt: skip
