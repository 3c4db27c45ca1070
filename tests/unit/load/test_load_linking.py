"""What two documents say of each other."""

from dataclasses import replace

from controller.diagnostics.full import full
from controller.model.catalog import Catalog, Reference
from controller.steps.load.load import ParsedFiles, load
from schemas.kinds.stack import Stack
from tests.unit.load.load_repositories import BASE, codes, load_with, snapshot

WEB = """apiVersion: platform/v1
kind: Stack
metadata: {name: shop-web, product: shop}
spec:
  module: modules/service
"""


def web(rest: str = "") -> Catalog:
    return load_with({"web.yaml": WEB + rest})


KEY = """apiVersion: platform/v1
kind: Secret
metadata: {name: shop-api-key, product: shop}
spec:
  store: main
  generate: {random: {}}
  consumers:
    - {name: api, ack: restart, stack: shop-api}
    - {name: db, ack: restart, stack: %s}
"""
SERVED = '\nresource "localcloud_service" "this" { name = var.name }\n'


def test_what_is_to_be_restarted_is_there_and_can_be() -> None:
    """The stack that reads the secret may be the one that is restarted: no circle."""
    module = {"modules/service/main.tf": BASE["modules/service/main.tf"] + SERVED}

    def found(stack: str) -> list[str]:
        files = {**module, "products/shop-secrets.yaml": KEY % stack}
        return [full([each]) for each in load_with(files).diagnostics]

    assert found("shop-api") == []
    (unknown,) = found("shop-apu")
    assert unknown.startswith("error[load/unknown-reference]: `shop-api-key` names the stack")
    assert "products/shop-secrets.yaml:9:39" in unknown
    (other,) = found("shop-db")
    assert other.startswith("error[load/not-restartable]: the stack `shop-db` has no service")
    assert "products/shop-secrets.yaml:9:39" in other
    assert "expected `shop-api`" in other
    files = {**module, "products/shop-secrets.yaml": KEY.replace(", stack: %s", "")}
    (bare,) = load_with(files).diagnostics
    assert "one for `ack: restart`, and only there" in full([bare])


def broken(catalog: Catalog) -> set[str]:
    return {f"{reference.kind}/{reference.name}" for reference in catalog.broken}


def test_a_good_repository_is_read_whole() -> None:
    catalog = load_with({})
    assert catalog.diagnostics == ()
    assert catalog.broken == {}
    assert [stack.metadata.name for stack in catalog.all(Stack)] == ["shop-api", "shop-db"]
    assert set(catalog.modules) == {"modules/db", "modules/service"}
    assert set(catalog.trees) == {"apps/shop"}


def test_references_are_checked_wherever_they_stand() -> None:
    catalog = web(
        "  dependsOn: [shop-dv]\n"
        "  inputs:\n"
        "    env: {A: {secret: shop-api-kei}, B: {output: shop-db.uri}, C: {output: nope.url}}\n"
        "  environments:\n"
        "    production: {inputs: {env: {D: {secret: other}}}}\n"
        "    prodction: {}\n"
    )
    assert codes(catalog) == [
        "load/unknown-reference",
        "load/unknown-reference",
        "load/unknown-output",
        "load/unknown-reference",
        "load/unknown-reference",
        "load/unknown-reference",
    ]
    assert catalog.diagnostics[0].hint == "did you mean `shop-db`?"


def test_inputs_are_checked_against_the_variables_of_the_module() -> None:
    catalog = web(
        "  inputs:\n"
        "    replicas: [1]\n"
        "    env: {A: {B: c}, D: 1, E: true}\n"
        "    nmae: x\n"
        "    name: {secret: shop-api-key}\n"
        "    directory: {output: shop-db.url}\n"
    )
    assert codes(catalog) == ["load/input-type", "load/input-type", "load/unknown-input"]


def test_a_required_input_may_come_from_each_environment() -> None:
    text = """apiVersion: platform/v1
kind: Stack
metadata: {name: shop-cache, product: shop}
spec:
  module: modules/db
  environments:
    production: {inputs: {database: cache}}
"""
    catalog = load_with({"cache.yaml": text})
    (found,) = catalog.diagnostics
    assert found.message == (
        "`shop-cache` lacks the input `database` in `dev`, which `modules/db` requires"
    )


def test_an_owner_that_is_no_text_has_to_be_given() -> None:
    module = (
        BASE["modules/db/main.tf"]
        + """
variable "product" {}
variable "owner" { type = list(string) }
"""
    )
    catalog = load_with({"modules/db/main.tf": module})
    (found,) = catalog.diagnostics
    assert found.message == "`shop-db` lacks the input `owner`, which `modules/db` requires"


def test_a_broken_document_takes_out_only_what_needs_it() -> None:
    catalog = load_with({"products/shop-secrets.yaml": "", "secret.yaml": SECRET_WITH_A_FAULT})
    assert broken(catalog) == {"Secret/shop-api-key", "Stack/shop-api"}
    assert catalog.find(Stack, "shop-db", "shop") is not None
    reasons = catalog.broken[Reference("Stack", "shop", "shop-api")]
    assert [d.code for d in reasons] == ["load/needs-broken"]
    assert codes(catalog) == ["load/unknown-key"]


SECRET_WITH_A_FAULT = """apiVersion: platform/v1
kind: Secret
metadata: {name: shop-api-key, product: shop}
spec: {store: main, generat: {random: {}}}
"""


def test_being_broken_goes_on_through_others() -> None:
    text = WEB + "  dependsOn: [shop-api]\n"
    store = "apiVersion: platform/v1\nkind: SecretStore\nmetadata: {name: main}\n"
    catalog = load_with({"web.yaml": text, "platform/stores.yaml": store})
    assert broken(catalog) == {
        "SecretStore/main", "Secret/shop-api-key", "Stack/shop-api", "Stack/shop-web",
    }  # fmt: skip


def test_a_broken_environment_does_not_break_the_product() -> None:
    environments = BASE["platform/environments.yaml"].replace("name: dev}", "name: dev, x: y}")
    catalog = load_with({"platform/environments.yaml": environments})
    assert broken(catalog) == {"Environment/dev"}


def test_a_second_document_of_the_same_name_shows_the_first() -> None:
    catalog = load_with({"again.yaml": BASE["products/shop-db.yaml"]})
    (found,) = catalog.diagnostics
    assert found.code == "load/duplicate-document"
    assert found.span is not None
    assert found.span.path == "products/shop-db.yaml"
    assert [note.span.path for note in found.related] == ["again.yaml"]
    assert "Stack/shop-api" in broken(catalog)


def test_a_circle_is_shown_with_every_edge() -> None:
    secret = """apiVersion: platform/v1
kind: Secret
metadata: {name: shop-login, product: shop}
spec:
  store: main
  generate:
    postgresLogin:
      admin: {output: shop-web.url}
      url: {output: shop-db.url}
      role: shop_app
  deliver: {file: {template: "{username}:{password}"}}
"""
    text = WEB + "  inputs: {env: {LOGIN: {secret: shop-login}}}\n"
    catalog = load_with({"web.yaml": text, "secret.yaml": secret})
    (found,) = catalog.diagnostics
    assert found.code == "load/cycle"
    assert found.message.endswith("circle: `shop-login` → `shop-web` → `shop-login`")
    assert [str(note.span) for note in found.related] == ["secret.yaml:8:23", "web.yaml:6:34"]
    assert broken(catalog) == {"Secret/shop-login", "Stack/shop-web"}


def test_a_stack_that_needs_itself_is_a_circle() -> None:
    catalog = web("  dependsOn: [shop-web]\n")
    assert codes(catalog) == ["load/cycle"]


def test_references_in_different_environments_make_no_circle() -> None:
    other = WEB.replace("shop-web", "shop-other")
    catalog = load_with(
        {
            "web.yaml": WEB
            + "  environments: {dev: {inputs: {env: {A: {output: shop-other.url}}}}}\n",
            "other.yaml": other
            + "  environments: {production: {inputs: {env: {A: {output: shop-web.url}}}}}\n",
        }
    )
    assert codes(catalog) == []


def test_a_pipeline_is_checked_against_its_product() -> None:
    pipeline = """apiVersion: platform/v1
kind: Pipeline
metadata: {name: shop, product: shop}
spec:
  stages:
    - {environment: dev, gates: [nope], after: [production]}
    - {environment: production, after: [dev]}
    - {environment: staging, after: [qa]}
    - {environment: dev}
"""
    catalog = load_with({"pipeline.yaml": pipeline})
    assert codes(catalog) == [
        "load/unknown-reference",
        "load/cycle",
        "load/unknown-reference",
        "load/unknown-reference",
        "load/duplicate-entry",
    ]


def test_a_product_has_one_pipeline() -> None:
    pipeline = """apiVersion: platform/v1
kind: Pipeline
metadata: {name: NAME, product: shop}
spec: {stages: [{environment: dev}]}
"""
    catalog = load_with({f"{n}.yaml": pipeline.replace("NAME", n) for n in ("one", "two")})
    assert codes(catalog) == ["load/duplicate-document"]
    assert broken(catalog) == {"Pipeline/two"}


def test_a_module_of_the_commit_wins_over_a_shipped_one() -> None:
    files = {path: text for path, text in BASE.items() if not path.startswith("modules/")}
    shipped = {path: text.encode() for path, text in BASE.items() if path.startswith("modules/")}
    from_trueup = load(snapshot(files), shipped)
    assert from_trueup.diagnostics == ()
    own = {**files, "modules/db/main.tf": BASE["modules/db/main.tf"] + "# ours\n"}
    from_commit = load(snapshot(own), shipped)
    assert from_commit.modules["modules/service"] == from_trueup.modules["modules/service"]
    assert from_commit.modules["modules/db"].digest != from_trueup.modules["modules/db"].digest


def test_a_refused_module_is_told_once_and_breaks_every_stack_of_it() -> None:
    catalog = load_with(
        {
            "web.yaml": WEB,
            "modules/service/bad.tf": 'provider "aws" { region = "x" }\n',
        }
    )
    (found,) = catalog.diagnostics
    assert str(found.span) == "modules/service/bad.tf:1:1"
    assert broken(catalog) == {"Stack/shop-api", "Stack/shop-web"}


def test_the_digest_of_a_folder_follows_its_content() -> None:
    before = load_with({}).trees["apps/shop"]
    after = load_with({"apps/shop/api.py": "print('bye')\n"}).trees["apps/shop"]
    other = load_with({"apps/other/x.py": ""}).trees["apps/shop"]
    assert before != after
    assert before == other


def test_what_was_parsed_before_is_not_read_again() -> None:
    parsed = ParsedFiles()
    first = load_with({}, parsed_files=parsed)
    files = snapshot(BASE)
    reads: list[str] = []

    def read(path: str) -> bytes:
        reads.append(path)
        return files.read(path)

    second = load(replace(files, read=read), {}, parsed)
    assert second == first
    assert reads == []


def test_the_same_snapshot_gives_the_same_catalog_and_order() -> None:
    backwards = dict(reversed(list(BASE.items())))
    assert load(snapshot(BASE), {}) == load(snapshot(backwards), {})
    assert full(web("  x: 1\n").diagnostics) == full(web("  x: 1\n").diagnostics)
