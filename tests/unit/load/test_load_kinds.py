"""The other kinds: what they point at must be there."""

import pytest

from controller import shipped
from controller.model.snapshot import FileKind
from controller.steps.graph import graph
from controller.steps.load.load import ParsedFiles, load
from controller.steps.load.modules import MOST_FILES, read_module
from controller.steps.load.recent import Recent
from controller.steps.load.suggest import did_you_mean, one_of
from schemas.kinds.load_test import LoadTest
from schemas.kinds.pipeline import Pipeline
from tests.unit.load.load_repositories import codes, load_with, snapshot

LOAD_TEST = """apiVersion: platform/v1
kind: LoadTest
metadata: {name: shop-load, product: shop}
spec:
  file: loadtests/shop.py
  target: {output: shop-api.url}
  users: 1
  rate: 1
  steady: 1s
  env: {KEY_FILE: {secret: shop-api-key}, MODE: fast}
  objectives: [{measure: p95, pass: "<1s"}]
"""


def test_the_example_repository_has_no_diagnostic() -> None:
    catalog = load(snapshot(shipped.example()), shipped.files(), ParsedFiles())
    assert catalog.diagnostics == ()
    assert catalog.broken == {}
    assert len(graph(catalog).units) == 16
    pipeline = catalog.find(Pipeline, "shop", "shop")
    assert pipeline is not None
    last = pipeline.stage("production")
    assert last is not None
    assert last.approvals.required == 1
    assert pipeline.stage("nowhere") is None


def test_a_load_test_is_read_with_references_and_limits() -> None:
    catalog = load_with({"load.yaml": LOAD_TEST})
    assert codes(catalog) == []
    found = catalog.find(LoadTest, "shop-load", "shop")
    assert found is not None
    assert found.spec.objectives[0].pass_[0].value == 1000.0


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("loadtests/shop.py", "loadtests/shp.py", "load/unknown-path"),
        ("loadtests/shop.py", "apps/shop", "load/unknown-path"),
        ("shop-api.url", "shop-api.uri", "load/unknown-output"),
        ("shop-api.url", "shop-app.url", "load/unknown-reference"),
        ("secret: shop-api-key", "secret: key", "load/unknown-reference"),
        ("{output: shop-api.url}", "{path: apps/shop}", "load/value-not-allowed"),
        ("{output: shop-api.url}", "{output: x, secret: y}", "load/value-not-allowed"),
        ("KEY_FILE:", "KEY-FILE:", "load/value-not-allowed"),
        ("users: 1", "users: 1.5", "load/wrong-type"),
        ("users: 1", "users: true", "load/wrong-type"),
        ("rate: 1", "rate: 0", "load/value-not-allowed"),
    ],
)
def test_a_load_test_points_at_what_is_there(before: str, after: str, code: str) -> None:
    assert codes(load_with({"load.yaml": LOAD_TEST.replace(before, after)})) == [code]


def test_a_locust_file_is_a_file_and_may_be_shipped() -> None:
    link = load_with({"load.yaml": LOAD_TEST, "loadtests/shop.py": ""})
    assert codes(link) == []
    kinds = {"loadtests/shop.py": FileKind.SYMLINK}
    assert codes(load_with({"load.yaml": LOAD_TEST, "loadtests/shop.py": ""}, kinds)) == [
        "load/unknown-path"
    ]


POLICY = """apiVersion: platform/v1
kind: Policy
metadata: {name: careful}
spec:
  environments: [dev]
  rules: [{rule: too-many-deletions, level: deny, limit: 3}]
"""


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("[dev]", "[dve]", ["load/unknown-reference"]),
        ("[dev]", "[]", ["load/value-not-allowed"]),
        (", limit: 3", "", ["load/value-not-allowed"]),
        ("too-many-deletions", "protected-stack", ["load/value-not-allowed"]),
        ("deny", "denied", ["load/value-not-allowed"]),
        ("limit: 3", "limit: -1", ["load/value-not-allowed"]),
    ],
)
def test_a_policy_says_what_it_can(before: str, after: str, expected: list[str]) -> None:
    assert codes(load_with({"policy.yaml": POLICY})) == []
    assert codes(load_with({"policy.yaml": POLICY.replace(before, after)})) == expected


STORE = """apiVersion: platform/v1
kind: SecretStore
metadata: {name: other}
spec:
  provider:
    openbao: {address: "https://bao.example.com", auth: {tokenFile: /run/t}}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("https://bao.example.com", "http://bao.example.com"),
        ("/run/t", "run/t"),
        ("/run/t", "/run/../t"),
        ("{tokenFile: /run/t}", "{}"),
        ("tokenFile: /run/t", "tokenFile: /run/t, approle: {roleId: x, secretIdFile: /x}"),
        ("auth:", "mount: ../x, auth:"),
    ],
)
def test_a_secret_store_is_reached_safely(before: str, after: str) -> None:
    assert codes(load_with({"store.yaml": STORE})) == []
    assert codes(load_with({"store.yaml": STORE.replace(before, after)})) == [
        "load/value-not-allowed"
    ]


@pytest.mark.parametrize(
    "providers",
    ['{localcloud: {"a${b}": 1}}', '{localcloud: {a: [{"%{b}": 1}]}}', "{Local: {}}"],
)
def test_keys_of_a_provider_hold_no_template(providers: str) -> None:
    text = f"""apiVersion: platform/v1
kind: Environment
metadata: {{name: other}}
spec: {{providers: {providers}}}
"""
    assert codes(load_with({"other.yaml": text})) == ["load/value-not-allowed"]


def test_a_module_of_too_many_files_is_refused() -> None:
    files = {f"{number}.tf": b"" for number in range(MOST_FILES + 1)}
    assert {fault.code for fault in read_module("modules/x", files)[1]} >= {"module/too-large"}


def test_what_was_not_used_for_longest_is_forgotten() -> None:
    kept: Recent[str, int] = Recent(2)
    for number, key in enumerate("ab"):
        kept.keep(key, number)
    assert kept.find("a") == 0
    kept.keep("c", 2)
    assert [kept.find(key) for key in "abc"] == [0, None, 2]
    kept.bound(1)
    assert [kept.find(key) for key in "ac"] == [None, 2]


def test_of_months_of_edits_no_more_is_remembered_than_two_commits_hold_and_a_little() -> None:
    kept = ParsedFiles(spare=5)
    for number in range(30):
        page = LOAD_TEST.replace("name: shop-load", f"name: load-{number}")
        catalog = load(snapshot({**shipped.example(), "load.yaml": page}), shipped.files(), kept)
    most = 2 * len(catalog.documents) + 5
    for each in (kept.documents, kept.linked.of(shipped.files())):
        assert len(each) <= most


def test_a_file_of_many_documents_is_linked_once() -> None:
    kept = ParsedFiles(spare=5)
    pages = "---\n".join(LOAD_TEST.replace("shop-load", f"load-{n}") for n in range(30))
    files = {**shipped.example(), "load.yaml": pages}
    catalog = load(snapshot(files), shipped.files(), kept)
    before = len(kept.linked.of(shipped.files()))
    assert before > len(catalog.documents) - 10
    load(snapshot(files), shipped.files(), kept)
    assert len(kept.linked.of(shipped.files())) == before


def test_suggestions_ask_and_lists_end() -> None:
    assert did_you_mean("depends_on", ["dependsOn", "module"]) == "did you mean `dependsOn`?"
    assert did_you_mean("zzz", ["dependsOn"]) is None
    assert one_of([]) is None
    assert (one_of(str(n) for n in range(10, 30)) or "").endswith("and 8 more")
