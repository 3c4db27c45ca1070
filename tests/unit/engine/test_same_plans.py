"""Plans of both sides are compared by what they do, in situations that are made of any module."""

import json
from pathlib import Path

from controller.bench.own_stacks import _back_to, _with_a_tag_more, _without_state
from controller.bench.same_plans import HIDDEN, STATE, as_found, difference, normalised


def _plan(**change: object) -> dict[str, object]:
    given = {"actions": ["update"], "before": {"size": 1}, "after": {"size": 2}, **change}
    return {"resource_changes": [{"address": "a.b", "change": given}], "terraform_version": "1"}


def test_a_plan_differs_by_a_value_and_not_by_who_wrote_it() -> None:
    ours, theirs = _plan(), {**_plan(), "terraform_version": "2"}
    assert not difference(normalised(ours), normalised(theirs))
    for other in (
        _plan(actions=["delete", "create"]),
        _plan(after={"size": 3}),
        _plan(after_unknown={"size": True}),
        {"resource_changes": []},
        {**_plan(), "resource_drift": _plan()["resource_changes"]},
        {**_plan(), "output_changes": {"url": {"actions": ["create"]}}},
    ):
        assert difference(normalised(ours), normalised(other))
        assert difference(normalised(other), normalised(ours))


def _deleted(before: object, *, found: object, deposed: str = "") -> dict[str, object]:
    drift = {"actions": ["update"], "before": {"size": 1}, "after": found}
    plan = _plan(actions=["delete"], before=before, after=None)
    entry = {"address": "a.b", "change": drift, **({"deposed": deposed} if deposed else {})}
    return {**plan, "resource_drift": [entry]}


def test_a_delete_begins_with_what_was_found() -> None:
    """Terraform 1.11 writes what the state knew, where 1.15 writes what it found."""
    found = {"size": 5}
    ours, theirs = _deleted(found, found=found), _deleted({"size": 1}, found=found)
    assert difference(normalised(ours), normalised(theirs))
    assert not difference(normalised(as_found(ours)), normalised(as_found(theirs)))
    for other in (
        _deleted({"size": 9}, found=found),  # neither what was known nor what was found
        _deleted({"size": 1}, found={"size": 6}),
        _deleted({"size": 1}, found=found, deposed="0a1b2c3d"),  # another object was found so
        {**theirs, "resource_drift": []},
        {**theirs, "resource_changes": _plan()["resource_changes"]},
    ):
        assert difference(normalised(as_found(ours)), normalised(as_found(other)))


def test_an_object_that_was_replaced_hides_no_other_one() -> None:
    def both(size: int) -> dict[str, object]:
        change = {"actions": ["delete"], "before": {"size": size}}
        left = {"address": "a.b", "deposed": "0a1b2c3d", "change": change}
        return {"resource_changes": [left, {"address": "a.b", "change": {"actions": ["no-op"]}}]}

    assert difference(normalised(both(1)), normalised(both(2)))
    assert not difference(normalised(both(1)), normalised(both(1)))


def test_a_difference_names_its_fields_and_no_secret() -> None:
    marks = {"before_sensitive": False, "after_sensitive": {"key": True}}
    ours, theirs = (
        normalised(_plan(after={"key": f"secret-{side}", "tags": {"a": side}, "b": 1}, **marks))
        for side in ("x", "y")
    )
    assert difference(ours, theirs) == {
        "resource_changes a.b": {
            "after.key": HIDDEN,
            "after.tags.a": {"fast": "x", "plain": "y"},
        }
    }


def _state(root: Path, *attributes: object) -> Path:
    root.mkdir()
    instances = [{"attributes": each} for each in attributes]
    state = {"serial": 1, "resources": [{"instances": instances}]}
    (root / STATE).write_text(json.dumps(state), encoding="utf-8")
    return root


def test_a_state_knows_one_tag_more_where_there_are_tags(tmp_path: Path) -> None:
    root = _state(
        tmp_path / "a", {"tags": {"a": "b"}, "tags_all": {"a": "b"}}, {"tags": None}, {"id": "x"}
    )
    assert not _with_a_tag_more(root)
    written = json.loads((root / STATE).read_text(encoding="utf-8"))
    tagged, untagged, other = (each["attributes"] for each in written["resources"][0]["instances"])
    assert tagged["tags"] == tagged["tags_all"] == {"a": "b", "taken-away": "by hand"}
    assert untagged == {"tags": None}
    assert other == {"id": "x"}


def test_a_workspace_goes_back_and_keeps_its_state(tmp_path: Path) -> None:
    earlier, now = tmp_path / "earlier", _state(tmp_path / "now")
    for root, value in ((earlier, "one"), (now, "two")):
        (root / "module").mkdir(parents=True)
        (root / "module" / f"{value}.tf").write_text(value, encoding="utf-8")
        for name in ("main.tf.json", "terraform.tfvars.json"):
            (root / name).write_text(value, encoding="utf-8")
    assert not _back_to(earlier)(now)
    assert {path.name for path in (now / "module").iterdir()} == {"one.tf"}
    assert (now / "main.tf.json").read_text(encoding="utf-8") == "one"
    assert (now / STATE).is_file()
    assert not _without_state(now)
    assert not (now / STATE).exists()
