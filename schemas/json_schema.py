"""The models as JSON Schema, for editors and for the docs."""

import re
from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import TaggedUnionSchema

from schemas.document import API_VERSION
from schemas.registry import KINDS
from schemas.values import write_duration


class _Generator(GenerateJsonSchema):
    """Writes defaults and names as people do."""

    def get_title_from_name(self, name: str) -> str:
        return name

    def tagged_union_schema(self, schema: TaggedUnionSchema) -> JsonSchemaValue:
        """Write a choice that the form of a value makes, which no key tells, as one of several."""
        found = super().tagged_union_schema(schema)
        if callable(schema["discriminator"]) and "oneOf" in found:
            found["anyOf"] = found.pop("oneOf")
        return found

    def encode_default(self, dft: object) -> object:
        return write_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


DIALECT = "http://json-schema.org/draft-07/schema#"
"""What the language servers of today's editors know whole; no newer keyword is used."""


def json_schema(kind: str | None = None) -> dict[str, Any]:
    """Give the JSON Schema of a kind, or of documents of any kind. Raises KeyError."""
    if kind is not None:
        return {"$schema": DIALECT, **_schema_of(kind)}
    definitions: dict[str, Any] = {}
    for name in KINDS:
        schema = _schema_of(name)
        definitions.update(schema.pop("$defs", {}))
        definitions[name] = schema
    return {
        "$schema": DIALECT,
        "title": "A document of platform/v1",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {
            "apiVersion": {"description": "The version of this schema.", "const": API_VERSION},
            "kind": {"description": "What the document describes.", "enum": sorted(KINDS)},
        },
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": name}}, "required": ["kind"]},
                "then": {"$ref": f"#/$defs/{name}"},
            }
            for name in sorted(KINDS)
        ],
        "$defs": definitions,
    }


def _schema_of(kind: str) -> dict[str, Any]:
    schema = KINDS[kind].model_json_schema(by_alias=True, schema_generator=_Generator)
    for model in (schema, *schema.get("$defs", {}).values()):
        for field in model.get("properties", {}).values():
            _describe_choices(field)
    return schema


def _describe_choices(field: dict[str, Any]) -> None:
    """Say in each choice what the field is for: editors show the words of the choice that fits."""
    for choice in field.get("anyOf", ()):
        if "$ref" in choice and "description" in field:
            choice["description"] = field["description"]


def schema_files(kind: str | None = None) -> dict[str, dict[str, Any]]:
    """Give the schemas by the name of the file to write: of one kind, or of each and of all."""
    if kind is not None:
        return {f"{file_name(kind)}.json": json_schema(kind)}
    files = {f"{file_name(name)}.json": json_schema(name) for name in sorted(KINDS)}
    return {**files, "platform.json": json_schema()}


def file_name(kind: str) -> str:
    """Write a kind as files are named: `load-test`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind).lower()
