import json
from pathlib import Path

import pytest

from controller.adapters.engine._plan_json import LONGEST_VALUE, read_look, read_plan
from controller.diagnostics.errors import EngineFailed
from controller.model.plan import Action, AttributeChange, ResourceChange

RECORDED = Path(__file__).parent / "recorded"
FILE = Path("trueup.tfplan")


def recorded(name: str) -> str:
    return (RECORDED / f"{name}.json").read_text()


def changes_of(entries: list[dict[str, object]]) -> tuple[ResourceChange, ...]:
    document = {"format_version": "1.2", "resource_changes": entries}
    return read_plan(json.dumps(document), FILE).changes


def entry(actions: list[str], **more: object) -> dict[str, object]:
    change = {"actions": actions, "before": None, "after": None}
    return {"address": "a.b", "type": "a", "change": {**change, **more.pop("change", {})}, **more}


def test_each_action_of_a_real_plan_is_read() -> None:
    plan = read_plan(recorded("many_actions"), FILE)
    assert {change.address: (change.action, change.reason) for change in plan.changes} == {
        "terraform_data.gone[0]": (Action.DELETE, "delete because count index"),
        "terraform_data.made": (Action.CREATE, ""),
        "terraform_data.renamed": (Action.NO_OP, "moved from terraform_data.kept"),
        "terraform_data.replaced": (Action.REPLACE, "replace because cannot update"),
        "terraform_data.taken": (Action.IMPORT, ""),
        "terraform_data.updated": (Action.UPDATE, ""),
    }
    assert plan.outputs_change
    assert not plan.errored


def test_no_secret_of_a_real_plan_is_shown_not_even_where_a_provider_copied_it() -> None:
    text = recorded("many_actions")
    assert "canary" in text
    plan = read_plan(text, FILE)
    assert "canary" not in repr(plan)
    updated = next(change for change in plan.changes if change.action == Action.UPDATE)
    shown = {attribute.path: attribute for attribute in updated.attributes}
    assert shown["input.token"] == AttributeChange("input.token", None, None, sensitive=True)
    assert shown["input.size"] == AttributeChange("input.size", "1", "2")
    assert shown["output"].sensitive


def test_attributes_are_walked_to_what_differs() -> None:
    plan = read_plan(recorded("many_actions"), FILE)
    made = next(change for change in plan.changes if change.action == Action.CREATE)
    shown = {attribute.path: attribute.after for attribute in made.attributes}
    assert shown["input.list[0]"] == "1"
    assert shown["id"] is None
    long = shown["input.long"]
    assert long is not None
    assert len(long) == LONGEST_VALUE
    assert long.endswith("…")


def test_drift_is_read_without_secrets() -> None:
    group, bucket = read_look(recorded("drift")).drift
    assert group.address == 'module.app.aws_security_group.this["web"]'
    assert group.attributes == (
        AttributeChange("ingress[0].cidr[0]", None, "0.0.0.0/0"),
        AttributeChange("ingress[0].from_port", None, "22"),
        AttributeChange("ingress[0].note", None, None, sensitive=True),
        AttributeChange("password", None, None, sensitive=True),
        AttributeChange("tags", None, "{}"),
    )
    assert bucket == ResourceChange(
        "aws_s3_bucket.gone",
        "aws_s3_bucket",
        Action.DELETE,
        (AttributeChange("bucket", "b", None),),
    )


@pytest.mark.parametrize(
    ("actions", "action"),
    [
        (["create", "delete"], Action.REPLACE),
        (["delete", "create"], Action.REPLACE),
        (["create", "forget"], Action.REPLACE),
        (["forget"], Action.FORGET),
        (["read"], Action.READ),
        (["something-new"], Action.UPDATE),
    ],
)
def test_actions(actions: list[str], action: Action) -> None:
    assert [change.action for change in changes_of([entry(actions)])] == [action]


def test_what_stays_is_left_out_and_deposed_is_told() -> None:
    found = changes_of([entry(["no-op"]), entry(["delete"], deposed="8bc")])
    assert [change.address for change in found] == ["a.b (deposed 8bc)"]


def test_a_mark_on_a_whole_object_hides_all_of_it() -> None:
    change = {
        "before": {"o": {"a": 1, "b": 2}},
        "after": {"o": {"a": 1, "b": 3}},
        "after_sensitive": {"o": True},
    }
    (found,) = changes_of([entry(["update"], change=change)])
    assert found.attributes == (AttributeChange("o", None, None, sensitive=True),)


def test_a_mark_inside_what_changes_its_shape_hides_it() -> None:
    change = {
        "before": {"o": [{"deep": "secret!"}]},
        "after": {"o": "text"},
        "before_sensitive": {"o": [{"deep": True}]},
    }
    (found,) = changes_of([entry(["update"], change=change)])
    assert found.attributes == (AttributeChange("o", None, None, sensitive=True),)


def test_what_is_not_known_yet_is_shown_with_what_was() -> None:
    change = {
        "before": {"o": {"a": 1}, "l": [1]},
        "after": {"l": [1]},
        "after_unknown": {"o": True, "l": [False, True]},
    }
    (found,) = changes_of([entry(["update"], change=change)])
    assert found.attributes[0] == AttributeChange("o", '{"a": 1}', None)


WEB, SSH, DB = ({"port": port, "note": note} for port, note in ((443, "w"), (22, ""), (5432, "d")))
SSH_ADDED = {("rule[0].note", None, ""), ("rule[0].port", None, "22")}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ([WEB, DB], [SSH, WEB, DB], SSH_ADDED),
        ([SSH, WEB, DB], [WEB, DB], {(path, new, old) for path, old, new in SSH_ADDED}),
        ([WEB, DB], [WEB, {**DB, "note": "x"}], {("rule[1].note", "d", "x")}),
        ([WEB], [SSH], {("rule[0].note", "w", ""), ("rule[0].port", "443", "22")}),
    ],
)
def test_a_block_more_or_less_is_no_change_of_the_others(
    before: list[object], after: list[object], told: set[tuple[str, str | None, str | None]]
) -> None:
    change = {"before": {"rule": before}, "after": {"rule": after}}
    (found,) = changes_of([entry(["update"], change=change)])
    assert {(each.path, each.before, each.after) for each in found.attributes} == told


def test_a_mark_stays_with_its_block_when_another_one_comes_before_it() -> None:
    secret = {"port": 1, "note": "canary"}
    change = {
        "before": {"rule": [WEB, secret]},
        "after": {"rule": [SSH, WEB, {**secret, "port": 2}]},
        "before_sensitive": {"rule": [{}, {"note": True}]},
        "after_sensitive": {"rule": [{}, {}, {"note": True}]},
    }
    (found,) = changes_of([entry(["update"], change=change)])
    assert AttributeChange("rule[1].port", "1", "2") in found.attributes
    assert "canary" not in repr(found)


def test_very_many_blocks_are_compared_place_by_place() -> None:
    before = [{"port": port} for port in range(600)]
    change = {"before": {"rule": before}, "after": {"rule": before[1:]}}
    (found,) = changes_of([entry(["update"], change=change)])
    assert len(found.attributes) == len(before)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"canary-secret": 1}', '{"canary-secret": '])
def test_what_is_no_plan_is_not_quoted(text: str) -> None:
    with pytest.raises(EngineFailed) as failed:
        read_plan(text, FILE)
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__ or failed.value.__context__ is None
    assert "canary" not in repr(failed.value)


def test_a_look_of_a_check_is_no_change() -> None:
    looked = entry(["read"], action_reason="read_because_check_nested")
    assert changes_of([looked]) == ()
    (waits,) = changes_of([entry(["read"], action_reason="read_because_config_unknown")])
    assert waits.action is Action.READ
