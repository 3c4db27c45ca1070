"""Thirty repositories that were made to hurt: told in under a second, and the rest goes on."""

import time
from dataclasses import dataclass, field

import pytest

from controller.diagnostics.as_json import as_json
from controller.diagnostics.full import full
from controller.diagnostics.sarif import sarif
from controller.model.catalog import Reference
from controller.model.snapshot import FileKind
from controller.steps.graph import graph
from tests.unit.load.load_repositories import DATABASE, codes, load_with

LINK, SUBMODULE = FileKind.SYMLINK, FileKind.SUBMODULE
HEAD = "apiVersion: platform/v1\nkind: {0}\nmetadata: {{name: {1}, product: shop}}\nspec:\n"
WEB = HEAD.format("Stack", "web") + "  module: modules/service\n"
LAUGHS = "a: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 20)
)
PRODUCT = "apiVersion: platform/v1\nkind: Product\nmetadata: {name: P}\nspec: {owner: a, environments: [dev]}\n"


@dataclass(frozen=True)
class Case:
    files: dict[str, str | bytes]
    expected: set[str]
    kinds: dict[str, FileKind] = field(default_factory=dict)


def chain(length: int, *, closed: bool) -> str:
    first = f"s{length - 1}" if closed else "shop-db"
    return "---\n".join(
        HEAD.format("Stack", f"s{n}")
        + f"  module: modules/db\n  inputs: {{database: x}}\n  dependsOn: [{f's{n - 1}' if n else first}]\n"
        for n in range(length)
    )


CASES: dict[str, Case] = {
    "laughs in inputs": Case({"x.yaml": WEB + LAUGHS}, {"load/alias-budget"}),
    "an anchor in itself by a merge": Case({"x.yaml": "a: &a\n  b: {<<: *a}\n"}, {"load/recursion"}),
    "a megabyte of brackets": Case({"x.yaml": "[" * 1_000_000}, {"load/too-deep"}),
    "a megabyte of braces": Case({"x.yaml": "{a: " * 250_000}, {"load/too-deep"}),
    "a megabyte of dashes": Case({"x.yaml": "- " * 500_000}, {"load/too-deep"}),
    "a megabyte of question marks": Case({"x.yaml": "? " * 500_000}, {"load/too-deep"}),
    "deep flow in inputs": Case({"x.yaml": WEB + "  inputs: " + "[" * 60 + "]" * 60}, {"load/too-deep"}),
    "one line of a megabyte": Case({"x.yaml": "a: " + "x" * 1_000_000}, {"load/missing-key"}),
    "a megabyte in quotes that do not end": Case({"x.yaml": 'a: "' + "x" * 1_000_000}, {"load/unclosed"}),
    "a number of a megabyte": Case({"x.yaml": "a: " + "9" * 1_000_000}, {"load/missing-key"}),
    "a thousand documents too many": Case({"x.yaml": "---\na: b\n" * 1_500}, {"load/too-many-documents", "load/missing-key"}),
    "a key of a megabyte": Case({"x.yaml": WEB + "  " + "k" * 900_000 + ": x\n"}, {"load/yaml-syntax"}),
    "keys that are all the same": Case({"x.yaml": WEB + "  x: 1\n" * 2_000}, {"load/duplicate-key", "load/unknown-key"}),
    "two thousand unknown keys": Case({"x.yaml": WEB + "".join(f"  k{n}: 1\n" for n in range(2_000))}, {"load/unknown-key"}),
    "names that lead out": Case({"x.yaml": HEAD.format("Stack", "../../etc") + "  module: ../../etc\n"}, {"load/value-not-allowed"}),
    "names with an end of line": Case({"x.yaml": HEAD.format("Stack", '"a\\nb"') + "  module: modules/db\n"}, {"load/value-not-allowed"}),
    "folder that leads out": Case({"x.yaml": WEB + "  inputs: {directory: {path: /etc}}\n"}, {"load/value-not-allowed"}),
    "a link among the documents": Case({"x.yaml": "/etc/passwd"}, {"load/symlink"}, {"x.yaml": LINK}),
    "a link in an app": Case({"apps/shop/x": "/etc/passwd"}, {"load/symlink"}, {"apps/shop/x": LINK}),
    "a submodule among the documents": Case({"sub.yaml": ""}, {"load/submodule"}, {"sub.yaml": SUBMODULE}),
    "a link in a module": Case({"modules/db/x.tf": "/etc/passwd"}, {"module/not-a-file"}, {"modules/db/x.tf": LINK}),
    "paths that lead out": Case({"a/../../x.yaml": "a: b"}, {"load/path-outside"}),
    "paths with a colour": Case({"a\x1b[31m.yaml": "a: b"}, {"load/path-outside"}),
    "a module that runs commands": Case({"modules/db/x.tf": 'resource "a_b" "c" {\n provisioner "local-exec" {}\n}\n'}, {"module/provisioner"}),
    "a module that reads the machine": Case({"modules/db/x.tf": 'output "x" { value = file("/etc/passwd") }\n'}, {"module/path-outside"}),
    "a module that is not closed": Case({"modules/db/x.tf": "variable x {" * 20_000}, {"module/not-read"}),
    "a module of a megabyte of quotes": Case({"modules/db/x.tf": '"' * 900_000}, {"module/not-read"}),
    "a circle of two hundred": Case({"x.yaml": chain(200, closed=True)}, {"load/cycle"}),
    "values without end in one line": Case({"x.yaml": "a: [" + "b," * 400_000}, {"load/too-large"}),
    "pairs without end in one line": Case({"x.yaml": "a: [" + "{[b]: c}," * 2_000 + "]"}, {"load/key-not-a-string"}),
    "documents divided by dots": Case({"x.yaml": "a: b\n...\n" * 1_500}, {"load/too-many-documents", "load/missing-key"}),
    "a tag of a megabyte": Case({"x.yaml": "a: !" + "b" * 900_000}, {"load/custom-tag"}),
    "directives without end": Case({"x.yaml": "%a\n" * 300_000}, {"load/yaml-syntax"}),
    "a mark of another file inside": Case({"x.yaml": "a: b\n\ufeffkind: c\n"}, {"load/control-character"}),
    "keys behind a line that is none": Case({"x.yaml": "a: b # c\u2028kind: Stack\n"}, {"load/missing-key"}),
    "a chain of three hundred": Case({"x.yaml": chain(300, closed=False)}, set()),
    "a megabyte that is not UTF-8": Case({"x.yaml": b"\xff" * 1_000_000}, {"load/not-utf-8"}),
    "UTF-32": Case({"x.yaml": "a: b".encode("utf-32")}, {"load/not-utf-8"}),
    "a screen full of escapes": Case({"x.yaml": b"a: \x1b]0;owned\x07"}, {"load/control-character"}),
    "text that goes backwards": Case({"x.yaml": PRODUCT.replace("name: P", "name: \u202ep")}, {"load/value-not-allowed"}),
    "a thousand exceptions": Case({"x.yaml": "---\n".join(
        f'apiVersion: platform/v1\nkind: Exception\nmetadata: {{name: e{n}}}\nspec:\n  code: load/plaintext-secret\n'
        f'  where: {{paths: ["{"*a" * 40}*b"]}}\n  owner: a\n  reason: because of that\n  expires: "2030-01-01"\n'
        for n in range(300)) + "---\n" + WEB + "  inputs: {env: {PASSWORD: correct-horse}}\n"}, {"load/plaintext-secret"}),
}  # fmt: skip


BOUND = 20.0
"""Seconds of a processor: what grows with the square of its input takes minutes."""


def test_there_are_thirty_of_them() -> None:
    assert len(CASES) >= 30
    assert DATABASE


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_repository_is_told_of_quickly_and_the_rest_goes_on(name: str) -> None:
    case = CASES[name]
    began = time.process_time()
    catalog = load_with(case.files, case.kinds)
    found = catalog.diagnostics
    texts = (full(found), as_json(found), sarif(found, version="0"))
    graph(catalog)
    took = time.process_time() - began
    assert set(codes(catalog)) == case.expected
    assert took < BOUND
    assert all("\x1b" not in text and "\u202e" not in full(found) for text in texts)
    assert Reference("Environment", "", "dev") in catalog.documents
    assert Reference("SecretStore", "", "main") in catalog.documents
