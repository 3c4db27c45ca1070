"""What happened behind our back is told apart, and let be where a rule says so."""

from dataclasses import replace
from datetime import date

import pytest
from pydantic import ValidationError

from controller.model.drift import Drift, classify, is_put_back, let_be
from controller.model.names import UnitName
from controller.model.plan import Action, AttributeChange, DriftKind, ResourceChange
from schemas.drift import DriftIgnore
from tests.unit.drift.test_drift_step import NOON

TODAY = date(2030, 1, 1)


def change(
    address: str = "module.unit.aws_sg.web", action: Action = Action.UPDATE, *paths: str
) -> ResourceChange:
    attributes = tuple(AttributeChange(path, "1", "2") for path in paths)
    return ResourceChange(address, address.split(".")[2], action, attributes)


def rule(resource: str = "*", attribute: str = "*", until: str = "2030-01-01") -> DriftIgnore:
    return DriftIgnore.model_validate(
        {"resource": resource, "attribute": attribute, "owner": "team", "until": until,
         "reason": "somebody else writes it"}
    )  # fmt: skip


def kinds(drift: list[ResourceChange], planned: list[ResourceChange], *, settled: bool = True):
    return [each.drift for each in classify(drift, planned, settled=settled)]


def test_what_an_apply_would_put_back_was_changed_and_what_it_would_not_is_unmanaged() -> None:
    drift = change("module.unit.aws_sg.web", Action.UPDATE, "ingress[0].port", "id")
    put_back = change("module.unit.aws_sg.web", Action.UPDATE, "ingress")
    other = change("module.unit.aws_sg.web", Action.UPDATE, "tags.Owner")
    replaced = change("module.unit.aws_sg.web", Action.REPLACE, "tags.Owner")
    assert kinds([drift], [put_back]) == [DriftKind.CHANGED]
    assert kinds([drift], [replaced]) == [DriftKind.CHANGED]
    assert kinds([drift], [other]) == [DriftKind.UNMANAGED]
    assert kinds([drift], []) == [DriftKind.UNMANAGED]
    assert not is_put_back(classify([drift], [], settled=True)[0])


def test_what_is_gone_and_what_does_not_run_are_kinds_of_their_own() -> None:
    gone = change("module.unit.aws_sg.web", Action.DELETE, "id")
    dead = change("module.unit.localcloud_service.this", Action.UPDATE, "running")
    edited = change("module.unit.localcloud_service.this", Action.UPDATE, "running", "env.X")
    created = change("module.unit.aws_sg.web", Action.CREATE)
    assert kinds([gone], [created]) == [DriftKind.DELETED]
    assert kinds([dead], [dead]) == [DriftKind.STOPPED]
    assert kinds([edited], [edited]) == [DriftKind.CHANGED]


def test_what_the_state_does_not_know_is_drift_only_where_nothing_waits() -> None:
    planned = [
        change("module.unit.aws_sg.web", Action.UPDATE, "name"),
        change("module.unit.aws_sg.new", Action.CREATE, "name"),
        change("module.unit.aws_ami.it", Action.READ),
    ]
    assert kinds([], planned, settled=False) == []
    found = classify([], planned, settled=True)
    assert [(each.action, each.drift) for each in found] == [
        (Action.UPDATE, DriftKind.CHANGED), (Action.DELETE, DriftKind.DELETED),
    ]  # fmt: skip
    assert found[0].attributes == (AttributeChange("name", "2", "1"),)


@pytest.mark.parametrize(
    ("resource", "attribute", "path", "covered"),
    [
        ("aws_sg.*", "tags.LastScan", "tags.LastScan", True),
        ("aws_sg.*", "tags.LastScan", "tags_all.LastScan", True),
        ("aws_sg.*", "tags.LastScan", "tags.LastScanner", False),
        ("aws_sg.*", "tags", "tags.Any", True),
        ("aws_sg.*", "tags", "tagset", False),
        ("aws_sg.w?b", "ingress[*].description", "ingress[12].description", True),
        ("aws_sg.w?b", "ingress[*].description", "ingress[12].port", False),
        ("aws_sg.web", "*", "anything.at[0].all", True),
        ("aws_sg", "*", "name", False),
        ("module.unit.aws_sg.web", "*", "name", False),
    ],
)
def test_rules_are_for_addresses_and_attributes(
    resource: str, attribute: str, path: str, *, covered: bool
) -> None:
    drift = classify([change("module.unit.aws_sg.web", Action.UPDATE, path)], [], settled=True)
    counted, ignored, unused = let_be(drift, [rule(resource, attribute)], TODAY)
    assert (len(counted), len(ignored), len(unused)) == ((0, 1, 0) if covered else (1, 0, 1))


def test_an_attribute_is_let_be_and_the_rest_counts() -> None:
    drift = classify(
        [change("module.unit.aws_sg.web", Action.UPDATE, "a", "b"),
         change("module.unit.aws_sg.old", Action.DELETE, "a")], [], settled=True,
    )  # fmt: skip
    counted, ignored, unused = let_be(drift, [rule(attribute="a"), rule(attribute="z")], TODAY)
    assert [[a.path for a in each.attributes] for each in counted] == [["b"], ["a"]]
    assert [a.path for a in ignored[0].change.attributes] == ["a"]
    assert unused == ("* z",)
    expired = let_be(drift, [rule(until="2029-12-31")], TODAY)
    assert (len(expired[0]), expired[1:]) == (2, ((), ()))


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("resource", ""), ("resource", "a b"), ("resource", "aws_sg..web"), ("resource", ".x"),
        ("resource", 'aws_sg.x["a]'), ("resource", "aws_sg.x[a]"), ("resource", "a" * 301),
        ("resource", "${x}"), ("attribute", ""), ("attribute", "a..b"), ("attribute", "a["),
        ("attribute", "[0]"), ("attribute", "a.b."), ("attribute", "a b"),
        ("until", "2030-13-01"), ("until", "soon"), ("reason", "short"), ("owner", "Team Shop"),
    ],
)  # fmt: skip
def test_a_malformed_rule_is_refused(field: str, text: str) -> None:
    good = rule().model_dump(mode="json")
    DriftIgnore.model_validate(good)
    with pytest.raises(ValidationError):
        DriftIgnore.model_validate({**good, field: text})


def test_an_address_with_a_key_may_be_written() -> None:
    assert rule('aws_sg.web["a b/c"]').covers('aws_sg.web["a b/c"]', "x")
    assert rule("module.net[*].aws_sg.*").covers("module.net[0].aws_sg.web[1]", "x")


def test_a_drift_is_told_with_values_but_no_secret() -> None:
    many = tuple(AttributeChange(f"a{n}", "1", None) for n in range(12))
    secret = AttributeChange("password", None, None, sensitive=True)
    found = ResourceChange("x.y", "x", Action.UPDATE, (secret, *many), drift=DriftKind.CHANGED)
    told = Drift(UnitName("s", "e", "t"), NOON, (found,)).tell()
    assert told.startswith("x.y changed (password: sensitive, not shown, a0: 1 → (not there)")
    assert told.endswith("and 3 more)")


def test_times_that_nobody_set_move_by_themselves_and_are_no_drift() -> None:
    def moved(path: str, before: str | None, after: str | None) -> AttributeChange:
        return AttributeChange(path, before, after)

    database = change("module.unit.aws_db_instance.this")
    times = moved("latest_restorable_time", "2026-11-26T10:00:00Z", "2026-11-26T10:05:00+00:00")
    only = replace(database, attributes=(times,))
    assert classify([only], [], settled=True) == ()
    and_more = replace(database, attributes=(times, moved("port", "1", "2")))
    assert len(classify([and_more], [], settled=True)) == 1
    taken_away = replace(database, attributes=(moved("expires", "2026-11-26T10:00:00Z", None),))
    assert len(classify([taken_away], [], settled=True)) == 1
    wanted = change("module.unit.aws_db_instance.this", Action.UPDATE, "latest_restorable_time")
    assert kinds([only], [wanted]) == [DriftKind.CHANGED]
    assert len(classify([replace(database, attributes=())], [], settled=True)) == 1
