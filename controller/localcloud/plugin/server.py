"""Answers Terraform's calls: decodes, asks the resource, encodes; nothing of gRPC here.

Every answer has room for diagnostics, so no exception leaves this module: a `ProblemsFoundError` is
told as it is, anything else as a fault of the provider with the end of its traceback.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from controller.localcloud.plugin import planning, values, wire
from controller.localcloud.plugin.planning import Path, State
from controller.localcloud.plugin.resource import (
    DataSource,
    Problem,
    ProblemsFoundError,
    Provider,
    Request,
    Resource,
)
from controller.localcloud.plugin.schema import Schema

_ERROR = 1
_WARNING = 2


def attribute_path(path: Path) -> Any:
    """Make the protocol's path to an attribute."""
    steps = [wire.make("Step", attribute_name=name) for name in path]
    return wire.make("AttributePath", steps=steps)


def diagnostic(problem: Problem) -> Any:
    """Make the protocol's diagnostic of a problem."""
    message = wire.make(
        "Diagnostic",
        severity=_WARNING if problem.is_warning else _ERROR,
        summary=problem.summary,
        detail=problem.detail,
    )
    if problem.path:
        message.attribute.CopyFrom(attribute_path(problem.path))
    return message


def _diagnostics_of(error: Exception) -> list[Any]:
    if isinstance(error, ProblemsFoundError):
        return [diagnostic(problem) for problem in error.problems]
    trace = "".join(traceback.format_exception(error)[-4:])
    return [diagnostic(Problem(f"the provider failed: {type(error).__name__}: {error}", trace))]


def _attribute_problems(schema: Schema, config: State) -> list[Problem]:
    return [
        Problem(text, path=path, detail="")
        for path, text in planning.problems(schema, schema.complete(config))
    ]


class ProviderServer:
    """The methods of the protocol, each from request message to response message."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._configured: Any = None
        self._resources: dict[str, Resource] = {each.type_name: each for each in provider.resources}
        self._data_sources: dict[str, DataSource] = {
            each.type_name: each for each in provider.data_sources
        }

    def method(self, name: str) -> Callable[[Any], Any]:
        """Give the method for an RPC of this name, made safe: it answers, whatever happens."""
        answer: Callable[[Any, Any], None] = getattr(self, f"_{_snake(name)}")
        response_name = wire.PROVIDER_METHODS[name][1]

        def call(request: Any) -> Any:
            response = wire.make(response_name)
            try:
                answer(request, response)
            except Exception as error:  # noqa: BLE001  # told to the user as a diagnostic
                response.diagnostics.extend(_diagnostics_of(error))
            return response

        return call

    # -- about the provider

    def _get_metadata(self, _request: Any, response: Any) -> None:
        self._set_capabilities(response)
        for name in self._resources:
            response.resources.add(type_name=name)
        for name in self._data_sources:
            response.data_sources.add(type_name=name)

    def _get_provider_schema(self, _request: Any, response: Any) -> None:
        self._set_capabilities(response)
        response.provider.CopyFrom(self._provider.schema.message())
        for name, resource in self._resources.items():
            response.resource_schemas.add(key=name, value=resource.schema.message())
        for name, source in self._data_sources.items():
            response.data_source_schemas.add(key=name, value=source.schema.message())

    @staticmethod
    def _set_capabilities(response: Any) -> None:
        response.server_capabilities.plan_destroy = True
        response.server_capabilities.get_provider_schema_optional = True

    def _get_functions(self, _request: Any, _response: Any) -> None:
        """Offer no functions."""

    def _stop_provider(self, _request: Any, _response: Any) -> None:
        """Let what is under way finish: cutting it would lose objects that were made."""

    def _configure_provider(self, request: Any, _response: Any) -> None:
        config = self._provider.schema.complete(values.decode(request.config) or {})
        self._configured = self._provider.configure(config)

    # -- validation

    def _validate_provider_config(self, request: Any, response: Any) -> None:
        config = values.decode(request.config) or {}
        found = _attribute_problems(self._provider.schema, config)
        response.diagnostics.extend(map(diagnostic, found))

    def _validate_resource_config(self, request: Any, response: Any) -> None:
        resource = self._resources[request.type_name]
        config = resource.schema.complete(values.decode(request.config) or {})
        response.diagnostics.extend(map(diagnostic, _attribute_problems(resource.schema, config)))

    def _validate_data_resource_config(self, request: Any, response: Any) -> None:
        source = self._data_sources[request.type_name]
        found = _attribute_problems(source.schema, values.decode(request.config) or {})
        response.diagnostics.extend(map(diagnostic, found))

    # -- managed resources

    def _request(self, private: bytes) -> Request:
        return Request(self._configured, json.loads(private) if private else {})

    def _upgrade_resource_state(self, request: Any, response: Any) -> None:
        resource = self._resources[request.type_name]
        raw = json.loads(request.raw_state.json)
        state = resource.upgraded(request.version, raw)
        response.upgraded_state.CopyFrom(values.encode(resource.schema.complete(state)))

    def _read_resource(self, request: Any, response: Any) -> None:
        resource = self._resources[request.type_name]
        current = resource.schema.complete(values.decode(request.current_state))
        asked = self._request(request.private)
        response.new_state.CopyFrom(request.current_state)
        response.private = request.private
        state = resource.read(asked, current)
        complete = None if state is None else resource.schema.complete(state)
        response.new_state.CopyFrom(values.encode(complete))
        response.private = _private(asked)
        response.diagnostics.extend(map(diagnostic, asked.warnings))

    def _plan_resource_change(self, request: Any, response: Any) -> None:
        resource = self._resources[request.type_name]
        schema = resource.schema
        asked = self._request(request.prior_private)
        response.planned_private = request.prior_private
        prior = _complete(schema, values.decode(request.prior_state))
        proposed = values.decode(request.proposed_new_state)
        if proposed is None:
            response.planned_state.CopyFrom(request.proposed_new_state)
            resource.plan_destroy(asked, prior or {})
            return
        config = schema.complete(values.decode(request.config))
        planned = planning.propose(schema, prior, proposed, config)
        resource.plan(asked, prior, planned)
        response.planned_state.CopyFrom(values.encode(planned))
        response.diagnostics.extend(map(diagnostic, asked.warnings))
        if prior is not None:
            paths = planning.replacing_paths(schema, prior, planned)
            response.requires_replace.extend(map(attribute_path, paths))
            if paths:
                resource.plan_destroy(asked, prior)

    def _apply_resource_change(self, request: Any, response: Any) -> None:
        resource = self._resources[request.type_name]
        asked = self._request(request.planned_private)
        prior = _complete(resource.schema, values.decode(request.prior_state))
        planned = _complete(resource.schema, values.decode(request.planned_state))
        response.new_state.CopyFrom(request.prior_state)
        response.private = request.planned_private
        try:
            state = _apply(resource, asked, prior, planned)
        except ProblemsFoundError as error:
            if error.state is not None:
                state = resource.schema.complete(error.state)
                response.new_state.CopyFrom(values.encode(state))
            raise
        response.new_state.CopyFrom(values.encode(_complete(resource.schema, state)))
        response.private = _private(asked)
        response.diagnostics.extend(map(diagnostic, asked.warnings))

    def _import_resource_state(self, request: Any, response: Any) -> None:
        resource = self._resources[request.type_name]
        asked = self._request(b"")
        state = resource.schema.complete(resource.imported(asked, request.id))
        response.imported_resources.add(
            type_name=request.type_name, state=values.encode(state), private=_private(asked)
        )

    def _read_data_source(self, request: Any, response: Any) -> None:
        source = self._data_sources[request.type_name]
        config = source.schema.complete(values.decode(request.config))
        state = source.read(self._request(b""), config)
        response.state.CopyFrom(values.encode(source.schema.complete(state)))


def _apply(
    resource: Resource, asked: Request, prior: State | None, planned: State | None
) -> State | None:
    if planned is None:
        resource.delete(asked, prior or {})
        return None
    if prior is None:
        return resource.create(asked, planned)
    return resource.update(asked, prior, planned)


def _complete(schema: Schema, state: State | None) -> State | None:
    return None if state is None else schema.complete(state)


def _private(asked: Request) -> bytes:
    return json.dumps(asked.private).encode() if asked.private else b""


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]


def method_names() -> Sequence[str]:
    """List the RPCs that are answered."""
    return tuple(wire.PROVIDER_METHODS)
