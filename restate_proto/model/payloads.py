"""What tells the encoding of a payload: content types, and which ProtoJSON is no object."""

from __future__ import annotations

__all__ = ["BINARY_TYPES", "JSON_TYPES", "NO_OBJECTS"]

BINARY_TYPES = (
    "application/protobuf",
    "application/x-protobuf",
    "application/proto",
    "application/vnd.google.protobuf",
)
"""The content types of protobuf binary; the first is what is written."""

JSON_TYPES = ("application/json", "text/json", "*/*")
"""The content types of ProtoJSON; the first is what is written.

The last is what tools send that go by OpenAPI, such as the playground of the Restate UI: a handler's
input is declared as this, with the schema of its JSON.
"""

NO_OBJECTS = tuple(
    f"google.protobuf.{name}"
    for name in (
        *("BoolValue", "BytesValue", "DoubleValue", "Duration", "FieldMask", "FloatValue"),
        *("Int32Value", "Int64Value", "ListValue", "StringValue", "Timestamp", "UInt32Value"),
        *("UInt64Value", "Value"),
    )
)
"""The messages whose ProtoJSON is no object, so that no opening brace tells it from binary."""
