"""`/api/openapi.json`: what the API has, for programs that read such a description.

What an address gives is taken from how its endpoint is annotated, which mypy holds against the App.
"""

import re
from collections.abc import Mapping
from inspect import get_annotations, getdoc
from typing import Any, get_args

from pydantic import TypeAdapter
from starlette.responses import Response

from controller import __version__
from controller.web.acting import ACTIONS
from controller.web.api.endpoints import Endpoint, Endpoints, Order

PART = re.compile(r"{(\w+)}")
QUERIES: Mapping[str, tuple[str, ...]] = {
    "/api/decisions": ("stage",),
    "/api/drills/preview": ("selector",),
    "/api/events": ("subject", "after", "limit"),
    "/api/gate-comparison": ("a", "b", "percent"),
    "/api/previews/{product}/{environment}": ("release",),
    "/api/releases": ("product",),
    "/api/requests": ("open",),
    "/api/tree": ("product",),
    "/api/units": ("stage",),
}
ERROR = {
    "description": "what is wrong, the way out, and what comes next",
    "type": "object",
    "required": ["code", "message", "hint", "kind"],
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "hint": {"type": "string"},
        "kind": {"enum": ["stalled", "waiting", "transient", "bug"]},
    },
}


def describe(endpoints: Endpoints, orders: Mapping[str, Order]) -> dict[str, Any]:
    """Describe what is read and what is asked for, as OpenAPI 3.1."""
    kinds = {
        **{("get", path): _given(each) for path, each in endpoints.items()},
        **{("post", path): _made(each) for path, each in orders.items()},
    }
    given, shared = TypeAdapter.json_schemas(
        [(key, "serialization", TypeAdapter(kind)) for key, kind in kinds.items()],
        ref_template="#/components/schemas/{model}",
    )
    paths: dict[str, dict[str, Any]] = {
        path: {"get": _reading(path, endpoint, given[("get", path), "serialization"])}
        for path, endpoint in endpoints.items()
    }
    for path, order in orders.items():
        paths.setdefault(path, {})["post"] = _asking(
            path, order, given[("post", path), "serialization"]
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Trueup", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": {**shared.get("$defs", {}), "Error": ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _given(endpoint: Endpoint) -> Any:
    found = get_annotations(endpoint)["return"]
    return dict[str, object] if found is Response else found


def _made(order: Order) -> Any:
    (made,) = get_args(get_annotations(order.answer)["return"])
    return made


def _reading(path: str, endpoint: Endpoint, given: Any) -> dict[str, Any]:
    queries = [{"name": each, "in": "query", "schema": _TEXT} for each in QUERIES.get(path, ())]
    return {
        "summary": _first_line(endpoint),
        "parameters": [*_parts(path), *queries],
        "responses": {"200": {"description": "found", **_json(given)}, "default": _REFUSED},
    }


def _asking(path: str, order: Order, made: Any) -> dict[str, Any]:
    body = {
        "type": "object",
        "properties": dict.fromkeys(sorted(order.keys), _TEXT),
        "additionalProperties": False,
    }
    return {
        "summary": _first_line(order.answer),
        "parameters": _parts(path),
        "requestBody": {"required": bool(order.keys), **_json(body)},
        "responses": {"2XX": {"description": "asked for", **_json(made)}, "default": _REFUSED},
    }


_TEXT = {"type": "string"}


def _parts(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": part,
            "in": "path",
            "required": True,
            "schema": {**_TEXT, "enum": sorted(ACTIONS)} if part == "action" else _TEXT,
        }
        for part in PART.findall(path)
    ]


def _json(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


_REFUSED = {"description": "refused", **_json({"$ref": "#/components/schemas/Error"})}


def _first_line(described: object) -> str:
    return (getdoc(described) or "").partition("\n")[0]
