"""Which exception allows what a rule finds of a unit."""

from datetime import date

from controller.steps.policy.allowed import allowed_by, softened
from controller.steps.policy.traits import PolicyRule
from schemas.kinds.exception import AllowedFinding
from schemas.kinds.notification import Notification, product_of

TODAY = date(2030, 1, 1)


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


def found(*exceptions: AllowedFinding, rule: str = "too-many-deletions") -> str | None:
    allowed = allowed_by(
        exceptions, rule=rule, product="shop", stack="shop-db", environment="dev", today=TODAY
    )
    return allowed.metadata.name if allowed else None


def test_everything_that_an_exception_names_must_fit() -> None:
    assert found() is None
    assert found(exception("a", products=["shop"])) == "a"
    assert found(exception("a", products=["shop"], environments=["d*"])) == "a"
    assert found(exception("a", documents=["Stack/shop-db", "Stack/x"])) == "a"
    assert found(exception("a", products=["shop"], environments=["production"])) is None
    assert found(exception("a", documents=["Secret/shop-db"])) is None
    assert found(exception("a", products=["shop"]), rule="protected-stack") is None


def test_it_holds_to_the_end_of_its_last_day_and_the_longest_counts() -> None:
    assert found(exception("a", expires="2029-12-31", products=["shop"])) is None
    both = (exception("a", products=["*"]), exception("b", "2031-01-01", products=["*"]))
    assert found(*both) == found(*reversed(both)) == "b"


def test_a_rule_that_is_allowed_only_tells() -> None:
    rules = (
        PolicyRule("too-many-deletions", "deny", 3),
        PolicyRule("protected-stack", "approval"),
    )
    assert softened(rules, ["too-many-deletions"]) == (
        PolicyRule("too-many-deletions", "warn", 3),
        PolicyRule("protected-stack", "approval"),
    )


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
