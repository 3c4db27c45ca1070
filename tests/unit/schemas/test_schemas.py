"""One document: every field is described, and reads as it is written."""

import json
import re
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from controller import shipped
from controller.steps.load.compose import compose
from controller.steps.load.nodes import value_of
from schemas.document import Document
from schemas.json_schema import json_schema, schema_files
from schemas.kinds.load_test import LoadTest, LoadTestSpec
from schemas.kinds.stack import Stack, merge_inputs
from schemas.references import FromOutput, FromPath, FromSecret, read_value, references_in
from schemas.registry import KINDS, OF_A_PRODUCT
from schemas.values import duration_meant, read_duration, read_threshold, write_duration


def models_below(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    if model in seen:
        return
    seen.add(model)
    yield model
    for field in model.model_fields.values():
        for inner in parts_of(field.annotation):
            yield from models_below(inner, seen)


def parts_of(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from parts_of(argument)


def fields() -> list[tuple[str, type[BaseModel], str, FieldInfo]]:
    seen: set[type[BaseModel]] = set()
    return [
        (f"{model.__name__}.{field.alias or name}", model, name, field)
        for kind in KINDS.values()
        for model in models_below(kind, seen)
        for name, field in model.model_fields.items()
    ]


@pytest.mark.parametrize("field", fields(), ids=lambda field: str(field[0]))
def test_every_field_has_a_description_and_an_example_that_fits(
    field: tuple[str, type[BaseModel], str, FieldInfo],
) -> None:
    name, _, attribute, info = field
    assert info.description, name
    assert info.description.endswith("."), name
    assert info.examples, name
    assert (info.alias or attribute)[0].islower()
    adapter = TypeAdapter(info.rebuild_annotation())
    for example in info.examples:
        adapter.validate_python(example, by_alias=True)


@pytest.mark.parametrize("field", fields(), ids=lambda field: str(field[0]))
def test_a_length_of_time_says_so(field: tuple[str, type[BaseModel], str, FieldInfo]) -> None:
    name, _, _, info = field
    if info.annotation is timedelta:
        assert "duration" in (info.description or ""), name


def example_documents() -> list[dict[str, object]]:
    return [
        value
        for path, content in shipped.example().items()
        if path.endswith(".yaml")
        for document in compose(content.decode())
        if document.root is not None and isinstance(value := value_of(document.root), dict)
    ]


def test_the_example_repository_fits_models_and_json_schema() -> None:
    documents = example_documents()
    assert {str(document["kind"]) for document in documents} == set(KINDS)
    everything = json_schema()
    jsonschema.Draft7Validator.check_schema(everything)
    for document in documents:
        kind = str(document["kind"])
        KINDS[kind].model_validate(document)
        as_lists = json.loads(json.dumps(document))
        jsonschema.validate(as_lists, json_schema(kind))
        jsonschema.validate(as_lists, everything)


def test_the_schemas_beside_the_example_are_those_of_today() -> None:
    folder = Path(__file__).resolve().parents[3] / "platform-config" / ".schemas"
    there = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in folder.iterdir()}
    assert there == schema_files(), "run `trueup schema --out platform-config/.schemas`"
    assert len(there) == len(KINDS) + 1


def test_every_file_of_the_example_names_a_schema_that_is_there_and_fits() -> None:
    root = Path(__file__).resolve().parents[3] / "platform-config"
    files = [
        path
        for path in root.rglob("*.yaml")
        if path.relative_to(root).parts[0] not in {"apps", ".schemas"}
    ]
    assert files
    for path in files:
        text = path.read_text(encoding="utf-8")
        match = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
        assert match is not None, path
        heads = re.findall(r"^---\n(.*\n)", text, re.MULTILINE)
        assert set(heads) <= {match[0]}, "an editor takes the line for one document only"
        schema = json.loads((path.parent / match[1]).read_text(encoding="utf-8"))
        validator = jsonschema.Draft7Validator(schema)
        for document in compose(text):
            if document.root is None:
                continue
            value = json.loads(json.dumps(value_of(document.root)))
            assert list(validator.iter_errors(value)) == [], path
            assert list(validator.iter_errors({**value, "extra": 1})) != []


def test_editors_show_what_an_optional_part_is_for_here_not_what_its_model_is_for() -> None:
    everything = json_schema()["$defs"]
    log = everything["Receiver"]["properties"]["log"]
    assert log["description"] != everything["Log"]["description"]
    assert log["anyOf"][0] == {"$ref": "#/$defs/Log", "description": log["description"]}


def test_the_json_schema_wants_exactly_one_where_the_model_does() -> None:
    validator = jsonschema.Draft7Validator(json_schema("SecretStore"))
    document = {"apiVersion": "platform/v1", "kind": "SecretStore", "metadata": {"name": "main"}}
    bao = {"address": "https://bao.example.com", "auth": {"tokenFile": "/run/token"}}
    for provider, fits in (
        ({"embedded": {}}, True),
        ({"embedded": {}, "openbao": None}, True),
        ({"openbao": bao}, True),
        ({}, False),
        ({"embedded": {}, "openbao": bao}, False),
        ({"openbao": {**bao, "auth": {}}}, False),
    ):
        assert validator.is_valid({**document, "spec": {"provider": provider}}) is fits, provider


@pytest.mark.parametrize("path", ["../x", "a/../b", "a//b", "/a", ".hidden", "a/", "a b"])
def test_editors_refuse_the_paths_that_the_loader_refuses(path: str) -> None:
    stack = json_schema("Stack")["$defs"]["StackSpec"]["properties"]["module"]
    assert not jsonschema.Draft7Validator(stack).is_valid(path)
    assert stack["patternErrorMessage"].startswith("expected a relative path")


def test_no_definition_of_one_kind_hides_that_of_another() -> None:
    everything = json_schema()["$defs"]
    for kind in KINDS:
        own = json_schema(kind)
        for name, definition in own["$defs"].items():
            assert everything[name] == definition, (kind, name)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_documents_are_frozen_and_know_whose_they_are(kind: str) -> None:
    found = next(d for d in example_documents() if d["kind"] == kind)
    model = KINDS[kind].model_validate(found)
    assert isinstance(model, Document)
    assert bool(model.product) is (kind in OF_A_PRODUCT)
    with pytest.raises(ValidationError):
        model.kind = "Other"
    with pytest.raises(ValidationError):
        KINDS[kind].model_validate({**found, "extra": 1})


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("30s", timedelta(seconds=30)),
        ("10m", timedelta(minutes=10)),
        ("12h", timedelta(hours=12)),
        ("30d", timedelta(days=30)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_durations_are_read_as_people_write_them(text: str, length: timedelta) -> None:
    assert read_duration(text) == length
    assert read_duration(write_duration(length)) == length


@pytest.mark.parametrize(
    "raw", ["10", "m", "-1s", "1.5h", "1 h", 10, None, "", "99999999d", "1Y", "\uff11s"]
)
def test_what_is_no_duration_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        read_duration(raw)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("<150ms", 150.0, "milliseconds"),
        ("<=1.5s", 1500.0, "milliseconds"),
        ("<1%", 0.01, "share"),
        ("< 0.1%", 0.001, "share"),
        (">30/s", 30.0, "per_second"),
    ],
)
def test_thresholds_are_read_in_the_unit_of_the_measure(text: str, value: float, unit: str) -> None:
    threshold = read_threshold(text)
    assert (threshold.value, threshold.unit, threshold.text) == (value, unit, text)
    assert threshold.holds(value) is (threshold.operator in {"<=", ">="})
    assert threshold.holds(value - 0.0005) is threshold.operator.startswith("<")


@pytest.mark.parametrize("raw", ["150ms", "<150", "=1%", "<-1ms", 150, "<1e3ms", "<ms"])
def test_what_is_no_threshold_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match="limit"):
        read_threshold(raw)


def objective(**values: object) -> None:
    spec = {"file": "loadtests/x.py", "target": "http://127.0.0.1", "users": 1, "rate": 1}
    LoadTest.model_validate(
        {
            "apiVersion": "platform/v1",
            "kind": "LoadTest",
            "metadata": {"name": "x", "product": "y"},
            "spec": {**spec, "steady": "1s", "objectives": [values]},
        }
    )


def test_an_objective_fits_its_measure() -> None:
    objective(measure="p95", **{"pass": "<1s", "warning": "<2s"})
    objective(measure="throughput", **{"pass": ">10/s", "warning": ">5/s"})
    objective(measure="throughput", **{"pass": ">=-5%"})
    objective(measure="p95", **{"pass": ["<1s", "<=+5%"], "warning": ["<=+10%"]})
    objective(measure="apdex", satisfied="100ms", **{"pass": ">=0.9"})
    queue = {"url": "http://127.0.0.1:9090", "query": "max(queue)"}
    objective(prometheus=queue, **{"pass": ["<8", "<=+20%"]})
    objective(prometheus=queue, **{"pass": ">8"})
    for wrong in (
        {"measure": "p95", "pass": "<1%"},
        {"measure": "errorRate", "pass": "<1ms"},
        {"measure": "throughput", "pass": "<10/s"},
        {"measure": "p95", "pass": ">1ms"},
        {"measure": "p95", "pass": "<2s", "warning": "<1s"},
        {"measure": "p96", "pass": "<2s"},
        {"measure": "p95", "pass": []},
        {"measure": "p95", "pass": ["<1s", ">=-5%"]},
        {"measure": "throughput", "pass": "<=+5%"},
        {"measure": "p95", "pass": "<=+5%", "warning": "<=+5%"},
        {"measure": "p95", "pass": "<150"},
        {"measure": "apdex", "pass": ">=0.9"},
        {"measure": "p95", "satisfied": "1s", "pass": "<1s"},
        {"pass": "<1s"},
        {"measure": "p95", "prometheus": queue, "pass": "<1s"},
        {"prometheus": queue, "pass": "<1s"},
        {"prometheus": queue, "pass": ["<8", ">2"]},
        {"prometheus": queue, "endpoint": "GET /", "pass": "<8"},
    ):
        with pytest.raises(ValidationError):
            objective(**wrong)


def test_references_are_typed_at_any_depth_and_literals_are_not() -> None:
    raw = {
        "a": [{"b": {"output": "db.url"}}],
        "c": {"secret": "key"},
        "d": {"path": "apps/shop"},
        "e": {"literal": {"path": "/healthz"}},
        "f": {"path": "x", "other": 1},
    }
    value = read_value(raw)
    assert value == {
        "a": ({"b": FromOutput("db", "url")},),
        "c": FromSecret("key"),
        "d": FromPath("apps/shop"),
        "e": {"path": "/healthz"},
        "f": {"path": "x", "other": 1},
    }
    assert [path for path, _ in references_in(value)] == [("a", 0, "b"), ("c",), ("d",)]


def test_inputs_with_one_entry_are_no_reference_themselves() -> None:
    stack = Stack.model_validate(
        {
            "apiVersion": "platform/v1",
            "kind": "Stack",
            "metadata": {"name": "x", "product": "y"},
            "spec": {"module": "modules/x", "inputs": {"path": "/healthz"}},
        }
    )
    assert stack.spec.inputs == {"path": "/healthz"}
    assert stack.inputs_in("dev") == {"path": "/healthz"}
    assert stack.paths() == ()


def test_inputs_are_merged_at_every_depth_and_all_else_is_replaced() -> None:
    under = {"a": {"b": 1, "c": (1, 2)}, "d": FromSecret("x"), "e": 1}
    over = {"a": {"c": (3,), "f": None}, "d": "plain", "e": {"g": 1}}
    assert merge_inputs(under, over) == {
        "a": {"b": 1, "c": (3,), "f": None},
        "d": "plain",
        "e": {"g": 1},
    }
    assert under["a"] == {"b": 1, "c": (1, 2)}


@pytest.mark.parametrize(
    ("template", "fits"),
    [
        ("{username}:{password}@{host}:{port}/{database}", True),
        ("{{literal}} {username}", True),
        ("{value}", False),
        ("{username.__class__}", False),
        ("{username!r}", False),
        ("{0}", False),
        ("{", False),
        (None, False),
    ],
)
def test_the_template_of_a_login_names_fields_only(template: str | None, *, fits: bool) -> None:
    reference = {"output": "db.url"}
    document = {
        "apiVersion": "platform/v1",
        "kind": "Secret",
        "metadata": {"name": "x", "product": "y"},
        "spec": {
            "store": "main",
            "generate": {"postgresLogin": {"admin": reference, "url": reference, "role": "r"}},
            "deliver": {"file": {} if template is None else {"template": template}},
        },
    }
    if fits:
        KINDS["Secret"].model_validate(document)
    else:
        with pytest.raises(ValidationError):
            KINDS["Secret"].model_validate(document)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("30 days", "30d"),
        ("10min", "10m"),
        ("10 Minutes", "10m"),
        ("500 milliseconds", "500ms"),
        ("2 hrs.", "2h"),
        ("1 month", None),
        ("days", None),
        ("1 year", None),
        (10, None),
        (True, None),
    ],
)
def test_a_length_of_time_that_is_nearly_right_is_understood(
    written: object, meant: str | None
) -> None:
    assert duration_meant(written) == meant


@pytest.mark.parametrize(
    ("load", "wrong"),
    [
        ({"users": 4, "rate": 4, "steady": "9s", "workers": 4}, None),
        ({"profile": "shop-peak", "expectWorkers": 4}, None),
        ({"users": 4, "rate": 4, "steady": "9s", "workers": 5}, "as many users as workers"),
        ({"profile": "shop-peak", "steady": "9s"}, "either `profile` or `steady`"),
        ({"profile": "p", "workers": 2, "expectWorkers": 2}, "either `workers` or `expectWorkers`"),
    ],
)
def test_a_load_is_said_in_one_way(load: dict[str, object], wrong: str | None) -> None:
    objectives = [{"measure": "p95", "pass": "<1s"}]
    spec = {"file": "loadtests/x.py", "target": "http://127.0.0.1", "objectives": objectives}
    refused = pytest.raises(ValidationError, match=wrong) if wrong else nullcontext()
    with refused:
        LoadTestSpec.model_validate({**spec, **load})
