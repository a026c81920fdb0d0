"""Read two options of Google's APIs in contracts: `google.api.http`, `google.api.field_behavior`.

Restate and the generators ignore them, but gateways and people do not. They are read from the bytes
of the options, so that the modules of these options need not be installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.protobuf import unknown_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
    from google.protobuf.message import Message

__all__ = ["field_behaviors", "http_rules", "is_output_only"]

# The numbers of google/api/annotations.proto, http.proto and field_behavior.proto.
_HTTP, _FIELD_BEHAVIOR = 72295728, 1052
_VERBS = {2: "GET", 3: "PUT", 4: "POST", 5: "DELETE", 6: "PATCH"}
_CUSTOM, _ADDITIONAL = 8, 11
_BEHAVIORS = {
    1: "OPTIONAL",
    2: "REQUIRED",
    3: "OUTPUT_ONLY",
    4: "INPUT_ONLY",
    5: "IMMUTABLE",
    6: "UNORDERED_LIST",
    7: "NON_EMPTY_DEFAULT",
    8: "IDENTIFIER",
}


def http_rules(method: MethodDescriptor) -> tuple[str, ...]:
    """Return the requests that `google.api.http` maps to a method: `GET /v1/{name=books/*}`."""
    rules = _values(method.GetOptions(), _HTTP)  # protobuf 5 has no `has_options` for methods
    return tuple(text for rule in rules if isinstance(rule, bytes) for text in _bindings(rule))


def field_behaviors(field: FieldDescriptor) -> tuple[str, ...]:
    """Return the values of a field's `google.api.field_behavior`: `REQUIRED`, `OUTPUT_ONLY`..."""
    found = _values(field.GetOptions(), _FIELD_BEHAVIOR) if field.has_options else ()
    return tuple(
        _BEHAVIORS[value] for value in found if isinstance(value, int) and value in _BEHAVIORS
    )


def is_output_only(field: FieldDescriptor) -> bool:
    """Tell whether callers leave a field out."""
    return "OUTPUT_ONLY" in field_behaviors(field)


def _bindings(rule: bytes) -> Iterator[str]:
    """Yield the requests of a serialized `google.api.HttpRule` and its additional bindings."""
    for field in unknown_fields(rule):
        match field.data:
            case bytes() as data if field.field_number in _VERBS:
                yield f"{_VERBS[field.field_number]} {data.decode()}"
            case bytes() as data if field.field_number == _CUSTOM:
                yield " ".join(bytes(part.data).decode() for part in unknown_fields(data))
            case bytes() as data if field.field_number == _ADDITIONAL:
                yield from _bindings(data)
            case _:
                pass


def _values(options: Message, number: int) -> list[int | bytes]:
    """Return the values of a field of options, given by its number."""
    fields = unknown_fields(options.SerializeToString())
    return [field.data for field in fields if field.field_number == number]
