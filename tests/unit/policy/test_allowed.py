"""Which exception allows what a rule finds of a unit."""

from datetime import date

from controller.diagnostics.span import Span
from controller.model.allowance import Allowance
from controller.model.catalog import Catalog, Document, Reference
from controller.model.names import Digest, UnitName
from controller.steps.policy.allowed import allowances
from schemas.kinds.exception import AllowedFinding
from schemas.kinds.notification import Notification, product_of

TODAY = date(2030, 1, 1)
SPAN = Span("exceptions.yaml", 1, 1, 1, 2)


def exception(name: str, expires: str = "2030-01-01", **where: list[str]) -> AllowedFinding:
    spec = {
        "rule": "too-many-deletions",
        "where": where,
        "owner": "team-shop",
        "reason": "it is rebuilt from nothing",
        "expires": expires,
    }
    values = {
        "apiVersion": "platform/v1",
        "kind": "Exception",
        "metadata": {"name": name},
        "spec": spec,
    }
    return AllowedFinding.model_validate(values)


def found(*exceptions: AllowedFinding, rule: str = "too-many-deletions") -> list[str]:
    documents = {
        Reference("Exception", "", each.metadata.name): Document(
            Reference("Exception", "", each.metadata.name), each, SPAN, Digest("sha256:0")
        )
        for each in exceptions
    }
    catalog = Catalog(None, documents, {}, {}, {}, ())
    allowed = allowances(catalog, UnitName("shop", "dev", "shop-db"), TODAY)
    return [each.exception for each in allowed if each.covers(rule)]


def test_everything_that_an_exception_names_must_fit() -> None:
    assert found() == []
    assert found(exception("a", products=["shop"])) == ["a"]
    assert found(exception("a", products=["shop"], environments=["d*"])) == ["a"]
    assert found(exception("a", documents=["Stack/shop-db", "Stack/x"])) == ["a"]
    assert found(exception("a", products=["shop"], environments=["production"])) == []
    assert found(exception("a", documents=["Secret/shop-db"])) == []
    assert found(exception("a", products=["shop"]), rule="protected-stack") == []


def test_it_holds_to_the_end_of_its_last_day_and_the_longest_is_named_first() -> None:
    assert found(exception("a", expires="2029-12-31", products=["shop"])) == []
    both = (exception("a", products=["*"]), exception("b", "2031-01-01", products=["*"]))
    assert found(*both) == found(*reversed(both)) == ["b", "a"]


def test_an_exception_may_be_for_some_resources_alone() -> None:
    one = Allowance("a", "aws/no-public-bucket", ("module.site.*", "aws_s3_bucket.?"))
    assert one.covers("aws/no-public-bucket", "module.site.aws_s3_bucket.x")
    assert one.covers("aws/no-public-bucket", "aws_s3_bucket.a")
    assert not one.covers("aws/no-public-bucket", "aws_s3_bucket.ab")
    assert not one.covers("aws/no-public-bucket")
    assert not one.covers("aws/tls-only", "aws_s3_bucket.a")


def test_a_notification_wants_what_it_says() -> None:
    values = {
        "apiVersion": "platform/v1",
        "kind": "Notification",
        "metadata": {"name": "chat"},
        "spec": {"to": {"log": {}}, "reasons": ["Drift*"], "products": ["shop"]},
    }
    chat = Notification.model_validate(values)
    assert chat.wants(reason="DriftFound", is_warning=True, product="shop")
    assert not chat.wants(reason="DriftFound", is_warning=False, product="shop")
    assert not chat.wants(reason="Applied", is_warning=True, product="shop")
    assert not chat.wants(reason="DriftFound", is_warning=True, product="")


def test_the_product_of_a_subject() -> None:
    assert product_of("unit:shop/dev/shop-api") == "shop"
    assert product_of("stage:shop/dev") == "shop"
    assert product_of("source") == product_of("repository:main") == ""
