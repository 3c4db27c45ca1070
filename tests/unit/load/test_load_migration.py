"""Documents of an old version: read, told of, and written anew."""

from controller.diagnostics.diagnostic import Severity
from controller.steps.load.migrate import migrated
from schemas.migrate.step import Renamed
from schemas.migrate.table import migrate
from tests.unit.load.load_repositories import codes, load_with

OLD = """\
# The web site.
apiVersion: platform/v1alpha1   # for now
kind: Stack
metadata: {name: shop-web, product: shop}
spec:
  module: modules/service
  variables:
    replicas: 2   # two
    env: {DATABASE: {output: shop-db.url}}
  environments:
    production: {variables: {replicas: 3}}
"""
NEW = OLD.replace("v1alpha1", "v1").replace("variables", "inputs")


def test_a_step_is_a_pure_function_of_the_document() -> None:
    before = {
        "apiVersion": "platform/v1alpha1",
        "kind": "Stack",
        "spec": {"variables": {"a": 1}, "environments": {"dev": {"variables": {}}, "x": None}},
    }
    after, renamed = migrate(before)
    assert after == {
        "apiVersion": "platform/v1",
        "kind": "Stack",
        "spec": {"inputs": {"a": 1}, "environments": {"dev": {"inputs": {}}, "x": None}},
    }
    assert renamed == (
        Renamed(("spec",), "variables", "inputs"),
        Renamed(("spec", "environments", "dev"), "variables", "inputs"),
    )
    assert before["apiVersion"] == "platform/v1alpha1"
    assert migrate(after) == (after, ())


def test_an_old_document_is_used_as_if_it_were_new_and_a_warning_shows_the_way() -> None:
    old, new = load_with({"web.yaml": OLD}), load_with({"web.yaml": NEW})
    (found,) = old.diagnostics
    assert (found.code, found.severity) == ("load/old-version", Severity.WARNING)
    assert found.span is not None and found.span.line == 2
    assert found.hint is not None and "`variables` to `inputs`" in found.hint
    assert old.broken == {} and new.diagnostics == ()
    for reference, document in new.documents.items():
        assert old.documents[reference].model == document.model
        assert old.documents[reference].digest == document.digest


def test_faults_of_an_old_document_stand_where_they_are_in_the_file() -> None:
    catalog = load_with(
        {"web.yaml": OLD.replace("replicas: 2", "replicas: many").replace(".url", ".ulr")}
    )
    places = [(found.code, found.span.line) for found in catalog.diagnostics if found.span]
    assert places == [("load/old-version", 2), ("load/input-type", 8), ("load/unknown-output", 9)]


def test_where_both_names_stand_the_old_one_is_unknown() -> None:
    text = OLD.replace("  module:", "  inputs: {}\n  module:")
    assert "load/unknown-key" in codes(load_with({"web.yaml": text}))


def test_a_file_is_written_anew_with_its_comments() -> None:
    assert migrated("web.yaml", OLD.encode()) == NEW.encode()
    assert migrated("web.yaml", NEW.encode()) is None
    both = f"{OLD}---\n{NEW}---\n{OLD}"
    assert migrated("x.yaml", both.encode()) == f"{NEW}---\n{NEW}---\n{NEW}".encode()
    assert migrated("x.yaml", b"\xef\xbb\xbf" + OLD.encode()) == b"\xef\xbb\xbf" + NEW.encode()


def test_a_quoted_version_and_anchors_are_written_anew_too() -> None:
    text = OLD.replace("platform/v1alpha1", '"platform/v1alpha1"').replace(
        "variables:\n", "variables: &v\n"
    )
    written = migrated("web.yaml", text.encode())
    assert written is not None
    assert codes(load_with({"web.yaml": written})) == []
