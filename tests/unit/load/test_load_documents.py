"""One document: what is wrong in it is told at once, in our words, at its place."""

from typing import get_args

import pytest
from pydantic_core import core_schema

from controller.diagnostics.diagnostic import Diagnostic
from controller.steps.load.documents import parse_file
from controller.steps.load.explain import EXPLAINED
from controller.steps.load.files import is_ours
from tests.unit.load.load_repositories import codes, load_with

HEAD = "apiVersion: platform/v1\nkind: Stack\nmetadata: {name: shop-web, product: shop}\n"


def diagnostics(text: str) -> list[Diagnostic]:
    return [d for parsed in parse_file("x.yaml", text.encode()) for d in parsed.diagnostics]


def lines(text: str) -> list[tuple[str, int, int]]:
    return [(d.code, d.span.line, d.span.column) for d in diagnostics(text) if d.span]


def test_every_fault_of_a_document_is_told_in_the_order_of_the_file() -> None:
    text = HEAD + (
        "spec:\n  modul: modules/service\n  protect: yes\n  dependsOn: shop-db\n"
        "  drift: {mode: fix, every: soon}\n  inputs: [a]\n"
    )
    assert lines(text) == [
        ("load/unknown-key", 5, 3),
        ("load/wrong-type", 6, 12),
        ("load/wrong-type", 7, 14),
        ("load/value-not-allowed", 8, 17),
        ("load/value-not-allowed", 8, 29),
        ("load/wrong-type", 9, 3),
    ]


def test_a_mistyped_required_key_is_one_fault_and_not_two() -> None:
    (found,) = diagnostics(HEAD + "spec: {modul: modules/service}\n")
    assert found.code == "load/unknown-key"
    assert found.hint == "did you mean `module`?"


def test_a_missing_key_is_shown_at_the_key_above_it() -> None:
    (found,) = diagnostics(HEAD + "spec:\n  protect: true\n")
    assert found.span is not None
    assert (found.span.line, found.span.column, found.span.end_column) == (4, 1, 5)
    assert found.message == "`spec` lacks the key `module`"


def test_a_fault_inside_of_a_reference_is_shown_at_its_value() -> None:
    text = HEAD + "spec:\n  module: modules/service\n  inputs:\n    a: [1, {output: nodot}]\n"
    (found,) = diagnostics(text)
    assert found.span is not None
    assert (found.span.line, found.span.column) == (7, 21)
    assert found.message == "`nodot` is not allowed for `spec.inputs.a[1].output`"


def test_exactly_one_of_several_keys_is_said_so() -> None:
    text = (
        "apiVersion: platform/v1\nkind: SecretStore\nmetadata: {name: main}\n"
        "spec:\n  provider: {}\n"
    )
    (found,) = diagnostics(text)
    assert found.expected == "exactly one of `awsSecretsManager`, `awsSsm`, `embedded`, `openbao`"


def test_words_of_pydantic_never_reach_anybody() -> None:
    text = HEAD + "spec: {module: 1, environments: {X: 1}, inputs: 2, drift: [], protect: a}\n"
    for found in diagnostics(text):
        said = " ".join(filter(None, (found.message, found.expected, found.hint)))
        for word in ("Input", "valid", "pydantic", "dictionary", "instance", "Value error"):
            assert word not in said


NOT_OURS = frozenset(
    """arguments_type assertion_error bool_parsing bytes_invalid_encoding bytes_too_long
    bytes_too_short bytes_type callable_type complex_str_parsing complex_type counter_type
    dataclass_exact_type date_from_datetime_inexact date_from_datetime_parsing date_future
    date_parsing date_past date_type datetime_from_date_parsing datetime_future
    datetime_object_invalid datetime_parsing datetime_past datetime_type
    decimal_max_digits decimal_max_places decimal_parsing decimal_type
    decimal_whole_digits default_factory_not_called deque_type ellipsis_error enum
    float_parsing fraction_parsing fraction_type frozen_dict_type frozen_field
    frozen_instance frozen_set_type get_attribute_error int_parsing int_parsing_size
    invalid_key is_instance_of is_subclass_of iterable_type iteration_error json_invalid
    json_type missing_argument missing_keyword_only_argument
    missing_positional_only_argument missing_sentinel_error multiple_argument_values
    multiple_of named_tuple_type needs_python_object no_such_attribute ordered_dict_type
    recursion_depth_exceeded recursion_loop set_item_not_hashable set_type
    string_not_ascii string_unicode time_delta_parsing time_delta_type time_parsing
    time_type timezone_aware timezone_naive timezone_offset unexpected_keyword_argument
    unexpected_positional_argument union_tag_not_found url_parsing
    url_scheme url_syntax_violation url_too_long url_type uuid_parsing uuid_type
    uuid_version""".split()  # noqa: SIM905 - a list of words
)
"""Errors of pydantic that no field of ours can give."""


def test_every_type_of_error_of_pydantic_has_words_or_is_known_not_to_come() -> None:
    theirs = set(get_args(core_schema.ErrorType))
    unknown = theirs - EXPLAINED - NOT_OURS
    assert unknown == set(), "give it words in explain.py, or list it above"


def test_a_platform_document_has_no_product() -> None:
    text = (
        "apiVersion: platform/v1\nkind: SecretStore\nmetadata: {name: main, product: shop}\n"
        "spec: {provider: {embedded: {}}}\n"
    )
    (found,) = diagnostics(text)
    assert (found.code, found.message) == (
        "load/unknown-key",
        "`metadata` has no key `product`",
    )


def test_a_document_that_cannot_be_read_is_known_by_name_so_that_it_is_not_taken_for_gone() -> None:
    broken = HEAD + "spec: {module: modules/service\n"
    (parsed,) = parse_file("x.yaml", broken.encode())
    assert str(parsed.reference) == "Stack `shop-web` of `shop`"


def test_a_file_that_cannot_be_named_stands_in_broken_by_its_path() -> None:
    catalog = load_with({"x.yaml": "a: [1"})
    assert [str(reference) for reference in catalog.broken] == ["File `x.yaml`"]


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("a.yaml", True),
        ("products/shop/a.yml", True),
        ("products/apps/a.yaml", True),
        ("apps/shop/a.yaml", False),
        ("modules/x/a.yaml", False),
        ("loadtests/a.yaml", False),
        (".github/workflows/a.yaml", False),
        ("products/.hidden/a.yaml", False),
        (".pre-commit-config.yaml", False),
        ("a.json", False),
    ],
)
def test_which_files_are_ours(path: str, *, ours: bool) -> None:
    assert is_ours(path) is ours


TOKEN = "ghp_" + "a" * 36


@pytest.mark.parametrize(
    ("line", "is_secret"),
    [
        (f"greeting: {TOKEN}", True),
        ("note: AKIAABCDEFGHIJKLMNOP", True),
        ("url: postgresql://shop:hunter2@db:5432/shop", True),
        ("url: postgresql://{username}:{password}@db:5432/shop", False),
        ("url: postgresql://db:5432/shop", False),
        ("env: {DATABASE_PASSWORD: hunter2}", True),
        ("env: {dbPassword: hunter2}", True),
        ("env: {DATABASE_PASSWORD: {secret: shop-api-key}}", False),
        ("env: {DATABASE_PASSWORD_FILE: /run/secrets/db}", False),
        ("env: {API_KEY: /run/secrets/key}", False),
        ('env: {API_KEY: ""}', False),
        ("env: {TOKEN_TTL: '300'}", False),
        ("manage_password: 'true'", False),
        ("pem: '-----BEGIN RSA PRIVATE KEY-----'", True),
    ],
)
def test_secrets_in_clear_are_found_and_never_shown(line: str, *, is_secret: bool) -> None:
    text = HEAD + f"spec:\n  module: modules/service\n  inputs:\n    {line}\n"
    found = diagnostics(text)
    assert [d.code for d in found] == (["load/plaintext-secret"] if is_secret else [])
    assert all(d.source is None for d in found)
    assert not is_secret or line.split(": ", 1)[1].strip("{}'") not in repr(found)


def test_a_line_with_a_secret_is_not_shown_for_another_fault_either() -> None:
    text = HEAD + f"spec: {{module: modules/service, inputs: {{a: {TOKEN}}}, protect: {TOKEN}}}\n"
    for found in diagnostics(text):
        assert TOKEN not in repr(found)


@pytest.mark.parametrize("secret", [TOKEN, "password: hunter2hunter2"])
def test_a_line_with_a_secret_is_not_shown_when_it_cannot_be_read(secret: str) -> None:
    (found,) = diagnostics(HEAD + f"spec:\n\t{secret}\n")
    assert (found.code, found.source) == ("load/tab", None)


def test_a_line_with_a_secret_is_not_shown_when_links_on_it_are_wrong() -> None:
    text = HEAD + "spec:\n  module: modules/service\n"
    text += "  inputs: {env: {DB_PASSWORD: hunter2hunter2, B: {secret: nope}}}\n"
    catalog = load_with({"x.yaml": text})
    assert codes(catalog) == ["load/plaintext-secret", "load/unknown-reference"]
    assert "hunter2" not in repr(catalog.diagnostics)


def test_keys_that_come_with_a_merge_are_checked_like_others() -> None:
    text = HEAD + "spec: &s\n  module: modules/service\n  inputs: {<<: {nope: 1}}\n"
    catalog = load_with({"x.yaml": text})
    assert codes(catalog) == ["load/unknown-input"]
