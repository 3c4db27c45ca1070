"""Catalog → graph."""

from controller.model.names import SecretName, StageName, UnitName
from controller.steps.graph import graph
from tests.unit.load.load_repositories import BASE, load_with

LOGIN = """apiVersion: platform/v1
kind: Secret
metadata: {name: shop-login, product: shop}
spec:
  store: main
  generate:
    postgresLogin:
      admin: {output: shop-db.url}
      url: {output: shop-db.url}
      role: shop_app
  deliver: {file: {template: "{username}:{password}"}}
"""
WEB = """apiVersion: platform/v1
kind: Stack
metadata: {name: shop-web, product: shop}
spec:
  module: modules/service
  dependsOn: [shop-api]
  inputs: {env: {LOGIN: {secret: shop-login}, A: b}}
  environments:
    dev: {inputs: {env: {LOGIN: none, C: d}, replicas: 0}}
"""


def unit(environment: str, stack: str) -> UnitName:
    return UnitName("shop", environment, stack)


def test_every_stack_is_a_unit_in_every_environment_in_order() -> None:
    made = graph(load_with({}))
    assert [str(name) for name in made.units] == [
        "shop/dev/shop-api",
        "shop/dev/shop-db",
        "shop/production/shop-api",
        "shop/production/shop-db",
    ]
    assert list(made.waves(StageName("shop", "dev"))) == [
        (unit("dev", "shop-db"),),
        (unit("dev", "shop-api"),),
    ]


def test_needs_come_from_the_inputs_that_hold_in_the_environment() -> None:
    made = graph(load_with({"web.yaml": WEB, "login.yaml": LOGIN}))
    production = made.units[unit("production", "shop-web")]
    assert production.needs_units == (
        unit("production", "shop-api"),
        unit("production", "shop-db"),
    )
    assert production.needs_secrets == (SecretName("shop", "production", "shop-login"),)
    dev = made.units[unit("dev", "shop-web")]
    assert dev.needs_units == (unit("dev", "shop-api"),)
    assert dev.needs_secrets == ()
    assert dev.inputs == {"env": {"LOGIN": "none", "A": "b", "C": "d"}, "replicas": 0}


def test_what_inputs_and_secrets_read_is_told_by_unit_and_output() -> None:
    made = graph(load_with({"web.yaml": WEB, "login.yaml": LOGIN}))
    assert made.units[unit("dev", "shop-api")].reads == ((unit("dev", "shop-db"), "url"),)
    assert made.secret_reads[SecretName("shop", "dev", "shop-login")] == (
        (unit("dev", "shop-db"), "url"),
    )
    assert made.secret_reads[SecretName("shop", "dev", "shop-api-key")] == ()


def test_what_is_broken_has_no_unit_and_the_rest_has() -> None:
    made = graph(load_with({"products/shop-secrets.yaml": ""}))
    assert [str(name) for name in made.units] == ["shop/dev/shop-db", "shop/production/shop-db"]
    environments = BASE["platform/environments.yaml"].replace("name: dev}", "name: dev, x: y}")
    made = graph(load_with({"platform/environments.yaml": environments}))
    assert {name.environment for name in made.units} == {"production"}
