"""The models as JSON Schema, for editors and for the docs."""

from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from schemas.registry import KINDS
from schemas.values import write_duration


class _Generator(GenerateJsonSchema):
    """Writes defaults as people do."""

    def encode_default(self, dft: object) -> object:
        return write_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: str | None = None) -> dict[str, Any]:
    """Give the JSON Schema of a kind, or of documents of any kind. Raises KeyError."""
    if kind is not None:
        return {
            "$schema": DIALECT,
            **KINDS[kind].model_json_schema(by_alias=True, schema_generator=_Generator),
        }
    definitions: dict[str, Any] = {}
    for name, model in KINDS.items():
        schema = model.model_json_schema(by_alias=True, schema_generator=_Generator)
        definitions.update(schema.pop("$defs", {}))
        definitions[name] = schema
    return {
        "$schema": DIALECT,
        "title": "A document of platform/v1",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {"kind": {"enum": sorted(KINDS)}},
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": name}}, "required": ["kind"]},
                "then": {"$ref": f"#/$defs/{name}"},
            }
            for name in sorted(KINDS)
        ],
        "$defs": definitions,
    }
