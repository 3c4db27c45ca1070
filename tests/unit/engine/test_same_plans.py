"""Plans of both sides are compared by what they do, in situations that are made of any module."""

import json
from pathlib import Path

from controller.bench.own_stacks import _back_to, _with_a_tag_more, _without_state
from controller.bench.same_plans import STATE, difference, normalised


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
