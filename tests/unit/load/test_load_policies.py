"""Policy documents that name files of Rego."""

from controller.adapters.policy_engine.memory import MemoryPolicyEngine
from controller.model.catalog import Reference
from controller.steps.load.load import load
from tests.unit.load.load_repositories import BASE, snapshot

DOCUMENT = """
apiVersion: platform/v1
kind: Policy
metadata: {name: network}
spec:
  environments: [dev]
  rego: [{path: PATH}]
"""
RIGHT = 'package main\ndeny contains "x"\n'


def found(path: str, **files: str) -> list[str]:
    contents = {
        **BASE,
        "platform/network.yaml": DOCUMENT.replace("PATH", path),
        **{f"policies/{name}.rego": text for name, text in files.items()},
    }
    catalog = load(snapshot(contents), {}, policies=MemoryPolicyEngine())
    is_broken = Reference("Policy", "", "network") in catalog.broken
    assert is_broken == bool(catalog.diagnostics)
    return [f"{each.code} {each.span}" for each in catalog.diagnostics]


def test_a_file_and_a_folder_are_read() -> None:
    assert found("policies/a.rego", a=RIGHT, b="broken") == []
    assert found("policies", a=RIGHT, a_test="broken") == []


def test_what_is_wrong_in_a_file_is_told_there() -> None:
    assert found("policies", a=RIGHT, b="broken") == ["policy/rego-wrong policies/b.rego:1:1"]


def test_a_path_without_a_policy_is_told_at_the_document() -> None:
    place = "load/unknown-path platform/network.yaml:7:17"
    assert found("policies/c.rego", a=RIGHT) == [place]
    assert found("nothing", a=RIGHT) == [place]
