"""JSON Schemas and examples of scalars and well-known types in ProtoJSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from google.protobuf.descriptor import FieldDescriptor

if TYPE_CHECKING:
    from restate_proto.model.codec import JsonSchema

__all__ = ["KEYS", "SCALARS", "WELL_KNOWN", "WRAPPERS", "Form"]


class Form(NamedTuple):
    """How a type looks in JSON.

    Args:
        schema: its JSON Schema.
        example: a value in canonical form, other than the type's default if possible.
        name: the schema's name among the definitions of a schema that uses it; empty if it is short
            enough to be repeated.
    """

    schema: JsonSchema
    example: Any
    name: str = ""


def _decimal_strings(lowest: int, highest: int, after: str = "") -> JsonSchema:
    """Make the schema of strings with an integer of a range, whose ends have as many digits.

    The pattern is written for people to read. The one in `not`, which makes the schema exact, is
    not shown to them.
    """
    sign, beyond = "", _numerals_above(str(highest))
    if lowest < 0:
        sign, beyond = "-?", f"(?:{beyond}|-{_numerals_above(str(-lowest))})"
    return {
        "pattern": f"^{sign}[0-9]{{1,{len(str(highest))}}}{after}$",
        "not": {"type": "string", "pattern": f"^{beyond}{after}$"},
    }


def _numerals_above(digits: str) -> str:
    """Make a regular expression for numerals of the same length that are larger than one."""
    first, rest = int(digits[0]), digits[1:]
    higher = f"[{first + 1}-9]{f'[0-9]{{{len(rest)}}}' if rest else ''}" if first < 9 else ""
    same = f"{first}{_numerals_above(rest)}" if rest.strip("9") else ""
    return f"(?:{higher}|{same})" if higher and same else higher or same


def _with_example(schema: JsonSchema, example: Any, name: str = "") -> Form:
    """Put the example into a form's schema, because tools would invent a wrong one from it."""
    return Form({**schema, "examples": [example]}, example, name)


# Names that no message can have: a proto name has no `-`.
_INT64 = _with_example(
    {
        "title": "int64",
        "type": ["string", "integer"],
        **_decimal_strings(-(2**63), 2**63 - 1),
        "minimum": -(2**63),
        "maximum": 2**63 - 1,
    },
    "1",
    "proto-int64",
)
_UINT64 = _with_example(
    {
        "title": "uint64",
        "type": ["string", "integer"],
        **_decimal_strings(0, 2**64 - 1),
        "minimum": 0,
        "maximum": 2**64 - 1,
    },
    "1",
    "proto-uint64",
)
_INT32 = Form({"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}, 1)
_UINT32 = Form({"type": "integer", "minimum": 0, "maximum": 2**32 - 1}, 1)
_NOT_FINITE = {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]}
_LARGEST_FLOAT = 3.4028235e38  # the largest float, in as few digits as possible
_FLOAT = Form(
    {
        "anyOf": [
            {"type": "number", "minimum": -_LARGEST_FLOAT, "maximum": _LARGEST_FLOAT},
            _NOT_FINITE,
        ]
    },
    1.5,
)
_DOUBLE = Form({"anyOf": [{"type": "number"}, _NOT_FINITE]}, 1.5)
_BOOL = Form({"type": "boolean"}, example=True)
_STRING = Form({"type": "string"}, "string")
_BASE64 = "[A-Za-z0-9+/_-]"  # the URL-safe alphabet and no padding are read too
_BYTES = _with_example(
    {
        "type": "string",
        "contentEncoding": "base64",
        "pattern": f"^(?:{_BASE64}{{4}})*(?:{_BASE64}{{2}}(?:==)?|{_BASE64}{{3}}=?)?$",
    },
    "aGVsbG8=",
)

_YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_DATE = f"{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_MINUTE = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_FRACTION = r"(?:\.[0-9]{1,9})?"

_F = FieldDescriptor

SCALARS: dict[int, Form] = {
    _F.TYPE_BOOL: _BOOL,
    _F.TYPE_INT32: _INT32,
    _F.TYPE_SINT32: _INT32,
    _F.TYPE_SFIXED32: _INT32,
    _F.TYPE_UINT32: _UINT32,
    _F.TYPE_FIXED32: _UINT32,
    _F.TYPE_INT64: _INT64,
    _F.TYPE_SINT64: _INT64,
    _F.TYPE_SFIXED64: _INT64,
    _F.TYPE_UINT64: _UINT64,
    _F.TYPE_FIXED64: _UINT64,
    _F.TYPE_FLOAT: _FLOAT,
    _F.TYPE_DOUBLE: _DOUBLE,
    _F.TYPE_STRING: _STRING,
    _F.TYPE_BYTES: _BYTES,
}
"""The scalar types, by the numbers that descriptors have for them."""

_BOOL_KEY = Form({"enum": ["true", "false"]}, "true")
_INT32_KEY = Form(_decimal_strings(-(2**31), 2**31 - 1), "1")
_UINT32_KEY = Form(_decimal_strings(0, 2**32 - 1), "1")

KEYS: dict[int, Form] = {
    **SCALARS,  # strings, and 64-bit integers
    _F.TYPE_BOOL: _BOOL_KEY,
    _F.TYPE_INT32: _INT32_KEY,
    _F.TYPE_SINT32: _INT32_KEY,
    _F.TYPE_SFIXED32: _INT32_KEY,
    _F.TYPE_UINT32: _UINT32_KEY,
    _F.TYPE_FIXED32: _UINT32_KEY,
}
"""The types of map keys, which are strings in JSON."""

WRAPPERS: dict[str, Form] = {
    "google.protobuf.BoolValue": _BOOL,
    "google.protobuf.BytesValue": _BYTES,
    "google.protobuf.DoubleValue": _DOUBLE,
    "google.protobuf.FloatValue": _FLOAT,
    "google.protobuf.Int32Value": _INT32,
    "google.protobuf.Int64Value": _INT64,
    "google.protobuf.StringValue": _STRING,
    "google.protobuf.UInt32Value": _UINT32,
    "google.protobuf.UInt64Value": _UINT64,
}
"""The messages that stand for a scalar; as a field they may be `null`."""

WELL_KNOWN: dict[str, Form] = {
    **WRAPPERS,
    "google.protobuf.Any": Form(
        {
            "type": "object",
            "description": "A message of any type: its fields, and the type's name in `@type`.",
            "properties": {"@type": {"type": "string"}},
            "if": {"minProperties": 1},
            "then": {"required": ["@type"]},
        },
        {},
    ),
    "google.protobuf.Duration": _with_example(
        {
            "title": "Duration",
            "type": "string",
            **_decimal_strings(-315_576_000_000, 315_576_000_000, f"{_FRACTION}s"),
        },
        "60s",
        "google.protobuf.Duration",
    ),
    "google.protobuf.Empty": Form({"type": "object"}, {}),
    "google.protobuf.FieldMask": _with_example({"type": "string", "pattern": "^[^_]*$"}, "name"),
    "google.protobuf.ListValue": Form({"type": "array"}, ["value"]),
    "google.protobuf.NullValue": Form({"type": "null"}, None),
    "google.protobuf.Struct": Form({"type": "object"}, {"key": "value"}),
    "google.protobuf.Timestamp": _with_example(
        {
            "title": "Timestamp",
            "type": "string",
            "format": "date-time",
            "pattern": f"^{_DATE}T{_MINUTE}:[0-5][0-9]{_FRACTION}(?:Z|[+-]{_MINUTE})$",
        },
        "2025-01-31T12:00:00Z",
        "google.protobuf.Timestamp",
    ),
    "google.protobuf.Value": Form({}, {"key": "value"}),
}
"""The well-known types that have a JSON form of their own, by their full names."""
