"""Read which requests and responses are raw bytes, and with which content type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from google.protobuf.descriptor import MethodDescriptor

    from restate_proto.contract.option_reader import HandlerOption
    from restate_proto.contract.parse.scope import ServiceScope

__all__ = ["RawTypes", "parse_raw"]

_BYTES_VALUE = "google.protobuf.BytesValue"

# Restate compares content types case by case, without their parameters.
_NAME = r"[a-z0-9!#$&^_.+-]+"
_INPUT = re.compile(rf"\*/\*|{_NAME}/(\*|{_NAME})")
_OUTPUT = re.compile(rf"{_NAME}/{_NAME}( *; *[\x20-\x7e]*[\x21-\x7e])?")


class RawTypes(NamedTuple):
    """The content types of a handler's raw request and raw response; None for a message."""

    request: str | None = None
    response: str | None = None


def parse_raw(
    scope: ServiceScope, method: MethodDescriptor, option: HandlerOption | None
) -> RawTypes:
    """Read the raw option of a handler.

    Args:
        scope: the service.
        method: the handler's method.
        option: the option of the method that describes its handler.
    """
    if option is None or not option.message.HasField("raw"):
        return RawTypes()
    raw = option.message.raw
    title = f"{method.name} of {scope.title}"
    location = scope.method_location(method, option.number, option.message.RAW_FIELD_NUMBER)
    found: dict[str, str] = {}
    for part, what, type_, form, instead in (
        ("input", "takes", method.input_type, _INPUT, '"application/pdf", "image/*" or "*/*"'),
        ("output", "returns", method.output_type, _OUTPUT, '"application/pdf"'),
    ):
        if not raw.HasField(part):
            continue
        found[part] = getattr(raw, part)
        if not form.fullmatch(found[part]):
            scope.report(
                location,
                f'{title}: raw.{part} is "{found[part]}", which is not a content type; write one in '
                f"lower case, such as {instead}",
            )
        if type_.full_name != _BYTES_VALUE:
            scope.report(
                location,
                f"{title} has a raw {part} and {what} {type_.full_name}; write {_BYTES_VALUE}, "
                f"which stands for bytes, or remove raw.{part}",
            )
    if not found:
        scope.report(
            location,
            f"{title}: raw says neither input nor output; write raw: "
            '{ input: "application/pdf" } for a request of bytes, or remove it',
        )
    go = scope.option.go
    if go is not None:
        scope.report(
            location,
            f"{title} is raw, but the code that Go generates for the service's option {go.label} "
            f"sends and takes an encoded {_BYTES_VALUE}; remove raw, or Go's option",
        )
    return RawTypes(found.get("input"), found.get("output"))
