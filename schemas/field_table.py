"""The fields of a kind as a table for its page in `docs/kinds/`; a test compares the two."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from schemas.json_schema import json_schema
from schemas.values import DURATION_PATTERN

Schema = Mapping[str, Any]
_HEAD = "| field | what may stand there | default | what it is |\n| --- | --- | --- | --- |\n"
_PLAIN = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
    "object": "mapping",
}


def field_table(kind: str) -> str:
    """Give the table of every field below `spec` of a kind. Raises KeyError."""
    schema = json_schema(kind)
    definitions: Mapping[str, Schema] = schema["$defs"]
    spec = _resolve(schema["properties"]["spec"], definitions)
    return _HEAD + "".join(_rows("spec", spec, definitions))


def _rows(above: str, schema: Schema, definitions: Mapping[str, Schema]) -> Iterator[str]:
    for name, field in schema.get("properties", {}).items():
        shape = _resolve(field, definitions)
        description = field.get("description") or ("$ref" in field and shape["description"])
        if not description:  # a form of a value, as `{output: …}`, no part of its own
            continue
        path = f"{above}.{name}"
        default = "required" if name in schema.get("required", ()) else _default(field)
        example = _code(field["examples"][0])
        said = f"{description} Example: {example}."
        yield f"| `{path}` | {_words(shape, definitions)} | {default} | {_cell(said)} |\n"
        if "oneOf" in shape:
            yield from _forms(path, shape, definitions)
        elif "items" in shape:
            yield from _rows(f"{path}[]", _resolve(shape["items"], definitions), definitions)
        elif values := _values(shape):
            yield from _rows(f"{path}.<name>", _resolve(values, definitions), definitions)
        elif "anyOf" in shape:
            for choice in shape["anyOf"]:
                yield from _rows(path, _resolve(choice, definitions), definitions)
        else:
            yield from _rows(path, shape, definitions)


def _forms(path: str, shape: Schema, definitions: Mapping[str, Schema]) -> Iterator[str]:
    """Give the rows of a mapping whose first field says which others it has."""
    for choice in shape["oneOf"]:
        form = _resolve(choice, definitions)
        first, *others = form["properties"].items()
        yield from _rows(path, {"properties": dict([first])}, definitions)
        rest = {"properties": dict(others), "required": form.get("required", ())}
        yield from _rows(f"{path}({first[1]['const']})", rest, definitions)


def _values(shape: Schema) -> Schema | None:
    """Give what the values of a mapping with free keys are."""
    for values in shape.get("patternProperties", {}).values():
        return cast("Schema", values)
    values = shape.get("additionalProperties")
    return values if isinstance(values, dict) else None


def _resolve(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """Follow a reference, and take the one choice that is not null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    if len(choices) == 1:
        return _resolve(choices[0], definitions)
    if "$ref" in schema:
        return _resolve(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return schema


def _words(schema: Schema, definitions: Mapping[str, Schema]) -> str:
    choices = schema.get("enum", [schema["const"]] if "const" in schema else [])
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices)
    if "items" in schema:
        return f"list of {_words(_resolve(schema['items'], definitions), definitions)}"
    if "anyOf" in schema:
        given = [choice for choice in schema["anyOf"] if choice.get("type") != "null"]
        return " or ".join(_words(choice, definitions) for choice in given)
    if schema.get("pattern") == f"^{DURATION_PATTERN}$":
        return "duration"
    keys = schema.get("required", ())
    if len(keys) == 1 and keys[0] in {"output", "secret"}:
        return f"`{{{keys[0]}: …}}`"
    return _PLAIN[schema.get("type", "object")] + _limits(schema)


def _limits(schema: Schema) -> str:
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to"}
    said = [f"{word} {schema[key]:g}" for key, word in words.items() if key in schema]
    return " " + " ".join(said) if said else ""


def _default(field: Schema) -> str:
    if field.get("default") in (None, "", []):
        return "-"
    return _code(field["default"])


def _code(value: object) -> str:
    return f"`{value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
