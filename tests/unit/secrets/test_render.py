"""The text and the fields that consumers get."""

import pytest

from controller.diagnostics.errors import Stalled
from controller.diagnostics.secret import SecretText
from controller.model.delivery import DatabaseAddress
from controller.steps.secrets.record import Material
from controller.steps.secrets.render import digest_of, login_fields, random_fields, rendered
from controller.steps.secrets.request import PostgresLogin

FIELDS = {"value": SecretText("new"), "previous": SecretText("old")}
URL = "postgresql://127.0.0.1:5433/shop"


def login(url: str) -> dict[str, str]:
    kind = PostgresLogin(DatabaseAddress(SecretText("host=/run"), url), "app")
    fields = login_fields(kind, Material("app_a", SecretText("pass")))
    return {name: text.reveal() for name, text in fields.items()}


def test_without_a_template_each_value_has_its_line() -> None:
    assert rendered(None, FIELDS) == SecretText("new\nold\n")
    assert rendered(None, {"value": SecretText("new")}) == SecretText("new\n")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{value}", "new"),
        ("{previous}-{value}-{value}", "old-new-new"),
        ("{{value}} {{{value}}}", "{value} {new}"),
        ("", ""),
        ("π\n", "π\n"),
    ],
)
def test_a_template_is_filled(template: str, text: str) -> None:
    assert rendered(template, FIELDS) == SecretText(text)


def test_before_the_first_rotation_there_is_no_previous_value() -> None:
    fields = {"value": SecretText("new")}
    assert rendered("{value},{previous}", fields) == SecretText("new,")


@pytest.mark.parametrize(
    "template",
    [
        "{other}",
        "{}",
        "{0}",
        "{value.reveal}",
        "{value[0]}",
        "{value!r}",
        "{value:>9}",
        "{value.__class__.__mro__}",
        "{",
        "}",
        "{value",
        "{val{value}}",
    ],
)
def test_a_template_that_is_no_plain_filling_is_refused(template: str) -> None:
    with pytest.raises(Stalled) as caught:
        rendered(template, FIELDS)
    assert "new" not in str(caught.value)


def test_a_value_that_looks_like_a_template_is_left_as_it_is() -> None:
    assert rendered("{value}", {"value": SecretText("{value}{{")}) == SecretText("{value}{{")


def test_a_login_has_all_that_is_needed_to_connect() -> None:
    assert login(URL) == {
        "username": "app_a",
        "password": "pass",
        "host": "127.0.0.1",
        "port": "5433",
        "database": "shop",
    }
    assert login("postgresql://db/shop?sslmode=require")["port"] == "5432"


@pytest.mark.parametrize("url", ["", "shop", "postgresql://", "postgresql://db", "x://db:z/shop"])
def test_an_address_that_cannot_be_read_is_told(url: str) -> None:
    with pytest.raises(Stalled, match="address"):
        login(url)


def test_the_previous_random_value_is_there_only_while_it_counts() -> None:
    new, old = Material("", SecretText("new")), Material("", SecretText("old"))
    assert random_fields(new, old) == FIELDS
    assert random_fields(new, None) == {"value": SecretText("new")}


def test_digests_tell_texts_apart() -> None:
    assert digest_of(SecretText("a")) == digest_of(SecretText("a")) != digest_of(SecretText("b"))
