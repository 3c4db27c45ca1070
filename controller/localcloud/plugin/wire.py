"""The messages of plugin protocol 6, as a table of names, numbers and types.

Only what goes over the wire matters to the protocol: field numbers and types. So nested messages
are flat here, and a map is written as what it is on the wire, a repeated pair. The classes are
built when this module is imported.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PROVIDER_SERVICE = "tfplugin6.Provider"

_PACKAGE = "trueup.tfplugin6"

# name: "field type number, …"; a star marks a repeated field, a capital another message.
_MESSAGES = {
    "Empty": "",
    "DynamicValue": "msgpack bytes 1, json bytes 2",
    "Diagnostic": "severity int32 1, summary string 2, detail string 3, attribute AttributePath 4",
    "AttributePath": "steps Step* 1",
    "Step": "attribute_name string 1, element_key_string string 2, element_key_int int64 3",
    "RawState": "json bytes 1",
    "Schema": "version int64 1, block Block 2",
    "Block": "version int64 1, attributes Attribute* 2, description string 4",
    "Attribute": (
        "name string 1, type bytes 2, nested_type Object 10, description string 3, "
        "required bool 4, optional bool 5, computed bool 6, sensitive bool 7"
    ),
    "Object": "attributes Attribute* 1, nesting int32 3",
    "SchemaEntry": "key string 1, value Schema 2",
    "ServerCapabilities": "plan_destroy bool 1, get_provider_schema_optional bool 2",
    "TypeName": "type_name string 1",
    "GetMetadataResponse": (
        "server_capabilities ServerCapabilities 1, diagnostics Diagnostic* 2, "
        "data_sources TypeName* 3, resources TypeName* 4"
    ),
    "GetProviderSchemaResponse": (
        "provider Schema 1, resource_schemas SchemaEntry* 2, data_source_schemas SchemaEntry* 3, "
        "diagnostics Diagnostic* 4, server_capabilities ServerCapabilities 6"
    ),
    "ValidateProviderConfigRequest": "config DynamicValue 1",
    "ValidateProviderConfigResponse": "diagnostics Diagnostic* 2",
    "UpgradeResourceStateRequest": "type_name string 1, version int64 2, raw_state RawState 3",
    "UpgradeResourceStateResponse": "upgraded_state DynamicValue 1, diagnostics Diagnostic* 2",
    "ValidateConfigRequest": "type_name string 1, config DynamicValue 2",
    "ValidateConfigResponse": "diagnostics Diagnostic* 1",
    "ConfigureProviderRequest": "terraform_version string 1, config DynamicValue 2",
    "ConfigureProviderResponse": "diagnostics Diagnostic* 1",
    "ReadResourceRequest": "type_name string 1, current_state DynamicValue 2, private bytes 3",
    "ReadResourceResponse": "new_state DynamicValue 1, diagnostics Diagnostic* 2, private bytes 3",
    "PlanResourceChangeRequest": (
        "type_name string 1, prior_state DynamicValue 2, proposed_new_state DynamicValue 3, "
        "config DynamicValue 4, prior_private bytes 5"
    ),
    "PlanResourceChangeResponse": (
        "planned_state DynamicValue 1, requires_replace AttributePath* 2, "
        "planned_private bytes 3, diagnostics Diagnostic* 4"
    ),
    "ApplyResourceChangeRequest": (
        "type_name string 1, prior_state DynamicValue 2, planned_state DynamicValue 3, "
        "config DynamicValue 4, planned_private bytes 5"
    ),
    "ApplyResourceChangeResponse": (
        "new_state DynamicValue 1, private bytes 2, diagnostics Diagnostic* 3"
    ),
    "ImportResourceStateRequest": "type_name string 1, id string 2",
    "ImportedResource": "type_name string 1, state DynamicValue 2, private bytes 3",
    "ImportResourceStateResponse": (
        "imported_resources ImportedResource* 1, diagnostics Diagnostic* 2"
    ),
    "ReadDataSourceRequest": "type_name string 1, config DynamicValue 2",
    "ReadDataSourceResponse": "state DynamicValue 1, diagnostics Diagnostic* 2",
    "StopProviderResponse": "error string 1",
    "HealthResponse": "status int32 1",
    "StdioData": "channel int32 1, data bytes 2",
}

# RPC name: (request message, response message)
PROVIDER_METHODS = {
    "GetMetadata": ("Empty", "GetMetadataResponse"),
    "GetProviderSchema": ("Empty", "GetProviderSchemaResponse"),
    "ValidateProviderConfig": ("ValidateProviderConfigRequest", "ValidateProviderConfigResponse"),
    "ValidateResourceConfig": ("ValidateConfigRequest", "ValidateConfigResponse"),
    "ValidateDataResourceConfig": ("ValidateConfigRequest", "ValidateConfigResponse"),
    "UpgradeResourceState": ("UpgradeResourceStateRequest", "UpgradeResourceStateResponse"),
    "ConfigureProvider": ("ConfigureProviderRequest", "ConfigureProviderResponse"),
    "ReadResource": ("ReadResourceRequest", "ReadResourceResponse"),
    "PlanResourceChange": ("PlanResourceChangeRequest", "PlanResourceChangeResponse"),
    "ApplyResourceChange": ("ApplyResourceChangeRequest", "ApplyResourceChangeResponse"),
    "ImportResourceState": ("ImportResourceStateRequest", "ImportResourceStateResponse"),
    "ReadDataSource": ("ReadDataSourceRequest", "ReadDataSourceResponse"),
    "GetFunctions": ("Empty", "Empty"),
    "StopProvider": ("Empty", "StopProviderResponse"),
}

_SCALARS = {
    "int32": descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
}


def _add_field(message: descriptor_pb2.DescriptorProto, text: str) -> None:
    name, kind, number = text.split()
    field = message.field.add(name=name, number=int(number))
    field.label = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
    if kind.endswith("*"):
        field.label = descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
        kind = kind.removesuffix("*")
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"


def _put_selector_in_a_oneof(message: descriptor_pb2.DescriptorProto) -> None:
    """Make an empty or zero selector visible: proto3 leaves plain default values out."""
    message.oneof_decl.add(name="selector")
    for field in message.field:
        field.oneof_index = 0


def _build() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="trueup/tfplugin6.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for text in fields.split(", ") if fields else ():
            _add_field(message, text)
        if name == "Step":
            _put_selector_in_a_oneof(message)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _MESSAGES
    }


_CLASSES = _build()


def message_class(name: str) -> Any:
    """Give the class of the message with this name in the table."""
    return _CLASSES[name]


def make(name: str, /, **fields: object) -> Any:
    """Make one message of the table."""
    return _CLASSES[name](**fields)
