"""What an Exception lets through, and until when."""

from datetime import date

import pytest

from controller.diagnostics.diagnostic import Severity
from tests.unit.load.load_repositories import codes, load_with

SECRET = """
apiVersion: platform/v1
kind: Stack
metadata: {name: shop-web, product: shop}
spec:
  module: modules/service
  inputs:
    env: {PASSWORD: correct-horse}
"""


def exception(where: str, *, expires: str = "2026-06-30", code: str = "code") -> str:
    what = "load/plaintext-secret" if code == "code" else "too-many-deletions"
    return f"""
apiVersion: platform/v1
kind: Exception
metadata: {{name: vendor}}
spec:
  {code}: {what}
  where: {where}
  owner: team-shop
  reason: the demo account of a vendor
  expires: "{expires}"
"""


FITTING = [
    "{documents: [Stack/shop-web]}",
    "{documents: [Stack/shop-*], products: [shop]}",
    "{products: ['*']}",
    "{paths: [web.yaml]}",
    "{paths: [other.yaml, '*.yaml']}",
]
OTHER = [
    "{documents: [Stack/shop-api]}",
    "{documents: [Stack/shop-web], paths: [other.yaml]}",
    "{documents: [Secret/shop-web]}",
]


@pytest.mark.parametrize("where", FITTING)
def test_an_exception_that_fits_lets_the_document_be_used(where: str) -> None:
    catalog = load_with({"web.yaml": SECRET, "exception.yaml": exception(where)})
    assert catalog.diagnostics == ()
    assert catalog.broken == {}
    assert any(reference.name == "shop-web" for reference in catalog.documents)


@pytest.mark.parametrize("where", OTHER)
def test_an_exception_for_something_else_changes_nothing(where: str) -> None:
    catalog = load_with({"web.yaml": SECRET, "exception.yaml": exception(where)})
    assert codes(catalog) == ["load/plaintext-secret"]


def test_an_expired_one_is_told_and_what_it_allowed_is_told_again() -> None:
    files = {"web.yaml": SECRET, "exception.yaml": exception(FITTING[0])}
    last, after = date(2026, 6, 30), date(2026, 7, 1)
    assert codes(load_with(files, today=last)) == []
    catalog = load_with(files, today=after)
    assert codes(catalog) == ["load/exception-expired", "load/plaintext-secret"]
    assert catalog.diagnostics[0].severity == Severity.WARNING
    assert [reference.name for reference in catalog.broken] == ["shop-web"]


def test_for_a_commit_of_long_ago_it_holds_as_it_did() -> None:
    files = {"web.yaml": SECRET, "exception.yaml": exception(FITTING[0], expires="2020-01-01")}
    assert codes(load_with(files, today=None)) == []


def test_a_broken_exception_lets_nothing_through() -> None:
    text = exception(FITTING[0]).replace("owner:", "ower:")
    catalog = load_with({"web.yaml": SECRET, "exception.yaml": text})
    assert codes(catalog) == ["load/unknown-key", "load/plaintext-secret"]


@pytest.mark.parametrize(
    ("where", "code", "wrong"),
    [
        ("{}", "code", "load/value-not-allowed"),
        ("{products: [shpo]}", "code", "load/unknown-reference"),
        ("{environments: [dev]}", "code", "load/value-not-allowed"),
        ("{paths: [a.yaml]}", "rule", "load/value-not-allowed"),
        ("{environments: [prodction]}", "rule", "load/unknown-reference"),
        ("{environments: ['pr*']}", "rule", None),
    ],
)
def test_what_an_exception_may_be_for(where: str, code: str, wrong: str | None) -> None:
    catalog = load_with({"exception.yaml": exception(where, code=code)})
    assert codes(catalog) == ([wrong] if wrong else [])


@pytest.mark.parametrize("expires", ["tomorrow", "2026-02-30", "20260101", "2026-1-1"])
def test_a_day_that_is_none_is_refused(expires: str) -> None:
    catalog = load_with({"exception.yaml": exception(FITTING[0], expires=expires)})
    assert codes(catalog) == ["load/value-not-allowed"]


def test_a_notification_names_products_that_are_there() -> None:
    text = """
apiVersion: platform/v1
kind: Notification
metadata: {name: chat}
spec:
  to: {log: {}}
  products: [shop, shpo]
"""
    assert codes(load_with({"n.yaml": text})) == ["load/unknown-reference"]
