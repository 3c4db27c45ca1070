"""The models as JSON Schema, for editors and for the docs."""

from schemas.registry import KINDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: str | None = None) -> dict[str, object]:
    """Give the JSON Schema of a kind, or of documents of any kind. Raises KeyError."""
    if kind is not None:
        return {"$schema": DIALECT, **KINDS[kind].model_json_schema(by_alias=True)}
    definitions: dict[str, object] = {}
    for name, model in KINDS.items():
        schema = model.model_json_schema(by_alias=True)
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
