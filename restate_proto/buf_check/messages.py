"""Define the messages that buf and its plugins exchange: `pluginrpc.v1`, `buf.plugin.check.v1`.

They have a pool of their own, so that they cannot clash with the same messages of another library.
Only the fields that are used are defined. The descriptor of a file stays bytes here, because it is
parsed with the options of contracts, which this pool does not have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.any_pb2 import DESCRIPTOR as ANY_FILE
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CHECK", "PLUGIN_RPC", "message_class"]

PLUGIN_RPC = "pluginrpc.v1"
CHECK = "buf.plugin.check.v1"
_DESCRIPTOR = "buf.plugin.descriptor.v1"
_OPTION = "buf.plugin.option.v1"

_SCALARS = {
    name: getattr(FieldDescriptorProto, f"TYPE_{name.upper()}")
    for name in ("bool", "bytes", "double", "int32", "int64", "string", "uint32")
}

# The fields of each message: number, name and type; `*` marks a repeated field. Enums are numbers.
_FILES: dict[str, Mapping[str, tuple[tuple[int, str, str], ...]]] = {
    PLUGIN_RPC: {
        "Procedure": ((1, "path", "string"), (2, "args", "string*")),
        "Spec": ((1, "procedures", "pluginrpc.v1.Procedure*"),),
        "Request": ((1, "value", "google.protobuf.Any"),),
        "Response": ((1, "value", "google.protobuf.Any"), (2, "error", "pluginrpc.v1.Error")),
        "Error": ((1, "code", "int32"), (2, "message", "string")),
    },
    _DESCRIPTOR: {
        "FileDescriptor": (
            (1, "file_descriptor_proto", "bytes"),
            (2, "is_import", "bool"),
        ),
        "FileLocation": ((1, "file_name", "string"), (2, "source_path", "int32*")),
    },
    _OPTION: {
        "Value": ((1, "bool_value", "bool"), (4, "string_value", "string")),
        "Option": ((1, "key", "string"), (2, "value", f"{_OPTION}.Value")),
    },
    CHECK: {
        "CheckRequest": (
            (1, "file_descriptors", f"{_DESCRIPTOR}.FileDescriptor*"),
            (2, "against_file_descriptors", f"{_DESCRIPTOR}.FileDescriptor*"),
            (3, "options", f"{_OPTION}.Option*"),
            (4, "rule_ids", "string*"),
        ),
        "CheckResponse": ((1, "annotations", f"{CHECK}.Annotation*"),),
        "Annotation": (
            (1, "rule_id", "string"),
            (2, "message", "string"),
            (3, "file_location", f"{_DESCRIPTOR}.FileLocation"),
            (4, "against_file_location", f"{_DESCRIPTOR}.FileLocation"),
        ),
        "ListRulesRequest": (),
        "ListRulesResponse": ((2, "rules", f"{CHECK}.Rule*"),),
        "Rule": (
            (1, "id", "string"),
            (2, "category_ids", "string*"),
            (3, "default", "bool"),
            (4, "purpose", "string"),
            (5, "type", "int32"),
        ),
        "ListCategoriesRequest": (),
        "ListCategoriesResponse": ((2, "categories", f"{CHECK}.Category*"),),
        "Category": ((1, "id", "string"), (2, "purpose", "string")),
    },
}


def _pool() -> DescriptorPool:
    pool = DescriptorPool()
    pool.AddSerializedFile(ANY_FILE.serialized_pb)
    before = [ANY_FILE.name]
    for package, messages in _FILES.items():
        file = FileDescriptorProto(
            name=f"{package}.proto", package=package, syntax="proto3", dependency=before
        )
        for name, fields in messages.items():
            message = file.message_type.add(name=name)
            for number, field, type_ in fields:
                described = message.field.add(name=field, number=number)
                repeated = type_.endswith("*")
                described.label = described.LABEL_REPEATED if repeated else described.LABEL_OPTIONAL
                scalar = _SCALARS.get(type_.rstrip("*"))
                if scalar is None:
                    described.type = described.TYPE_MESSAGE
                    described.type_name = f".{type_.rstrip('*')}"
                else:
                    described.type = scalar
        pool.AddSerializedFile(file.SerializeToString())
        before = [*before, file.name]
    return pool


_POOL = _pool()


def message_class(package: str, name: str) -> Any:
    """Return the class of a message.

    Args:
        package: `PLUGIN_RPC` or `CHECK`.
        name: the name of the message.
    """
    return GetMessageClass(_POOL.FindMessageTypeByName(f"{package}.{name}"))
