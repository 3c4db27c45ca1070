import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from controller.adapters.engine._plan_document import FEW, SecretTexts, pack
from controller.adapters.engine._plan_json import read_plan
from controller.model.plan_document import SENSITIVE, PlanDocument

RECORDED = Path(__file__).parent / "recorded"
FILE = Path("trueup.tfplan")


def document_of(change: dict[str, Any], **more: Any) -> dict[str, Any]:
    entry = {"address": "a.b", "type": "a", "change": {"actions": ["update"], **change}}
    plan = {"format_version": "1.2", "resource_changes": [entry], **more}
    return read_plan(json.dumps(plan), FILE).document.read()


def test_a_real_plan_keeps_its_shape_and_loses_its_secrets() -> None:
    text = (RECORDED / "many_actions.json").read_text()
    document = read_plan(text, FILE).document
    assert "canary" in text
    assert "canary" not in document.text()
    shown = document.read()
    assert set(shown) == {
        "format_version", "terraform_version", "applyable", "complete", "errored",
        "resource_changes", "resource_drift", "output_changes",
    }  # fmt: skip
    whole = json.loads(text)
    assert [each["address"] for each in shown["resource_changes"]] == [
        each["address"] for each in whole["resource_changes"]
    ]
    updated = next(e for e in shown["resource_changes"] if e["address"].endswith("updated"))
    assert updated["change"]["after"]["input"]["token"] == SENSITIVE
    assert updated["change"]["after"]["input"]["size"] == 2


def test_values_are_whole_and_what_is_not_known_is_marked() -> None:
    policy = json.dumps({"Statement": [{"Effect": "Allow"}] * 50})
    shown = document_of({"after": {"policy": policy}, "after_unknown": {"arn": True}})
    change = shown["resource_changes"][0]["change"]
    assert change["after"]["policy"] == policy
    assert change["after_unknown"] == {"arn": True}


def test_marks_hide_whatever_is_below_them_and_nothing_stays_nothing() -> None:
    change = {
        "after": {"o": {"a": [1, True]}, "l": ["x", "y"], "n": None},
        "after_sensitive": {"o": True, "l": [False, True], "n": True},
    }
    after = document_of(change)["resource_changes"][0]["change"]["after"]
    assert after == {"o": SENSITIVE, "l": ["x", SENSITIVE], "n": None}


def test_a_copy_of_a_secret_is_hidden_even_as_a_key() -> None:
    change = {
        "after": {"password": "canary-1", "url": "db://canary-1@host", "m": {"canary-1": 1}},
        "after_sensitive": {"password": True},
        "importing": {"id": "canary-1"},
    }
    shown = document_of(change, output_changes={"o": {"actions": ["create"], "after": "canary-1"}})
    assert "canary" not in json.dumps(shown)


@pytest.mark.parametrize("number", [0, 1, FEW, FEW + 1, 500])
def test_a_secret_is_found_however_many_there_are(number: int) -> None:
    secrets = SecretTexts([f"secret-{index}!" for index in range(number)])
    assert secrets.are_in(f"at the end secret-{number - 1}!") is (number > 0)
    assert not secrets.are_in("secret-")
    assert not secrets.are_in("")


def test_a_plan_of_ten_thousand_resources_stays_small() -> None:
    entry = {
        "address": "a.b", "type": "a",
        "change": {"actions": ["no-op"], "before": {"x": "y" * 400}, "after": {"x": "y" * 400}},
    }  # fmt: skip
    plan = {"format_version": "1.2", "resource_changes": [entry] * 10_000}
    tracemalloc.start()
    try:
        packed = pack(plan, ())
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(packed.packed) < 1_000_000
    assert most < 4_000_000


def test_no_document_is_an_empty_one() -> None:
    assert PlanDocument().read() == {}
    assert PlanDocument.of({"a": 1}).read() == {"a": 1}
