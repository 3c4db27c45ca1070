"""`policy test`: policies of a folder, asked about its plans by the real interpreter."""

import json

import pytest

REGO = """package main

import rego.v1

deny contains msg if {
    some change in input.resource_changes
    change.change.after.acl == data.parameters.acl
    input.trueup.environment == "production"
    msg := sprintf("%s is public", [change.address])
}
"""
SEES_SECRETS = """package more

import rego.v1

deny contains "sees variables" if input.variables
"""


def plan(acl):
    change = {"actions": ["create"], "before": None, "after": {"acl": acl}}
    entry = {"address": "aws_s3_bucket.a", "type": "aws_s3_bucket", "change": change}
    return json.dumps(
        {
            "resource_changes": [entry],
            "variables": {"token": {"value": "canary"}},
            "trueup": {"environment": "production"},
        }
    )


@pytest.fixture
def policies(folder):
    for name, text in {
        "policies/network/bucket.rego": REGO,
        "policies/more.rego": SEES_SECRETS,
        "policies/bucket_test.rego": "not rego",
        "policies/parameters.json": '{"acl": "public-read"}',
        "policies/pass/private.json": plan("private"),
        "policies/network/fail/public.json": plan("public-read"),
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "policies"


def test_policies_are_asked_about_the_plans_beside_them(trueup, policies):
    ended = trueup("policy", "test", "policies")
    assert (ended.code, ended.err) == (0, "")
    assert "deny: aws_s3_bucket.a is public" in ended.out
    (policies / "pass" / "wrong.json").write_text(plan("public-read"))
    (policies / "network" / "fail" / "wrong.json").write_text(plan("private"))
    ended = trueup("policy", "test", "policies", "-o", "json")
    assert ended.code == 1
    assert {case["path"]: case["right"] for case in json.loads(ended.out)} == {
        "network/fail/public.json": True,
        "network/fail/wrong.json": False,
        "pass/private.json": True,
        "pass/wrong.json": False,
    }


def test_what_cannot_be_asked_is_refused(trueup, policies):
    (policies / "network" / "bucket.rego").write_text("package main\n\ndeny contains\n")
    ended = trueup("policy", "test", "policies")
    assert ended.code == 1
    assert "policy/rego-wrong" in ended.err
    assert "network/bucket.rego:" in ended.err
    for path in policies.rglob("*.json"):
        path.unlink()
    ended = trueup("policy", "test", "policies")
    assert ended.code == 1
    assert "holds no plans" in ended.err
