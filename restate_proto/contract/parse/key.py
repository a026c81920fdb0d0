"""Read the type of an object's key or a workflow's id: fields of a message, or a fixed text."""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING

from google.protobuf.descriptor import FieldDescriptor

from restate_proto.contract.parse.named_types import named_message
from restate_proto.contract.schema import FixedKey, MessageType, TypedKey
from restate_proto.model.key_format import KeyField, KeyText, KeyType
from restate_proto.protobuf import is_repeated, is_required
from restatepb.v1 import options_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from google.protobuf.descriptor import Descriptor

    from restate_proto.contract.parse.scope import ServiceScope
    from restate_proto.contract.schema import HandlerModel

__all__ = ["parse_key"]

_F = FieldDescriptor
_TYPES = {
    _F.TYPE_STRING: KeyType.STRING,
    _F.TYPE_BOOL: KeyType.BOOL,
    _F.TYPE_ENUM: KeyType.ENUM,
    **dict.fromkeys((_F.TYPE_INT32, _F.TYPE_SINT32, _F.TYPE_SFIXED32), KeyType.INT32),
    **dict.fromkeys((_F.TYPE_INT64, _F.TYPE_SINT64, _F.TYPE_SFIXED64), KeyType.INT64),
    **dict.fromkeys((_F.TYPE_UINT32, _F.TYPE_FIXED32), KeyType.UINT32),
    **dict.fromkeys((_F.TYPE_UINT64, _F.TYPE_FIXED64), KeyType.UINT64),
}
_EXAMPLE = 'key: { type: "package.Message" format: "{field}:{other}" } or key: { fixed: "main" }'

_Part = tuple[str, str]
"""The name of a field and the text after it."""


def parse_key(scope: ServiceScope, handlers: Sequence[HandlerModel]) -> FixedKey | TypedKey | None:
    """Read the key option of an object or a workflow.

    Args:
        scope: the service.
        handlers: its handlers, whose requests may not contain a typed key.

    Returns:
        The key; None if any string is a key, or if the option is wrong.
    """
    message = scope.option.message
    if isinstance(message, options_pb2.ServiceOptions) or not message.HasField("key"):
        return None
    key, location = message.key, scope.option_location(message.KEY_FIELD_NUMBER)

    def report(text: str) -> None:
        scope.report(location, f"{scope.title}: {text}")

    for handler in handlers:
        if handler.key_field is not None:
            scope.report(
                handler.location,
                f'{handler.rpc} of {scope.title} takes the key from "{handler.key_field}" of '
                f"{handler.request.full_name}, but the key is not a plain string; remove the mark "
                "(restatepb.v1.key), or give the handler a request of its own",
            )
    if key.fixed and not (key.type or key.format):
        return FixedKey(key.fixed, location)
    if key.fixed or not (key.type or key.format):
        reason = "says both fixed and type or format" if key.fixed else "says nothing"
        report(f"key {reason}; write {_EXAMPLE}")
        return None
    found = named_message(scope.file, f"{scope.title}: key", key.type, location)
    if found is None:
        return None
    split = _split(key.format, report)
    if split is None:
        return None
    prefix, parts = split
    fields = _fields(found, parts, report)
    if fields is None:
        return None
    numbers = tuple(found.fields_by_name[field.name].number for field in fields)
    return TypedKey(MessageType.of(found), KeyText(prefix, fields), numbers, location)


def _split(written: str, report: Callable[[str], None]) -> tuple[str, tuple[_Part, ...]] | None:
    """Return the text before the first field of a format, and the fields."""
    try:
        parts = list(Formatter().parse(written))
    except ValueError as error:
        report(f'key has the format "{written}": {error}; write {{{{ and }}}} for braces')
        return None
    texts, names = [""], list[str]()
    for text, name, spec, conversion in parts:
        texts[-1] += text  # an escaped brace also ends a part
        if spec or conversion:
            report(f'key has the format "{written}"; write a field as its name in braces alone')
            return None
        if name is not None:
            names.append(name)
            texts.append("")
    if not names:
        report(f'key has the format "{written}", which has no field; write {_EXAMPLE}')
        return None
    return texts[0], tuple(zip(names, texts[1:], strict=True))


def _fields(
    message: Descriptor, parts: Sequence[_Part], report: Callable[[str], None]
) -> tuple[KeyField, ...] | None:
    """Return the fields of a key; None if one cannot be part of a key."""
    problems: list[str] = []
    names = [name for name, _ in parts]
    fields: list[KeyField] = []
    for number, (name, after) in enumerate(parts):
        field = message.fields_by_name.get(name)
        if field is None:
            known = ", ".join(each.name for each in message.fields) or "none"
            problems.append(
                f'"{name}", which is not a field of {message.full_name}; it has {known}'
            )
            continue
        if name in names[:number]:
            problems.append(f'"{name}" twice; keep one')
            continue
        problem = _field_problem(field)
        if problem is not None:
            problems.append(f'"{name}", which {problem}')
            continue
        type_ = _TYPES[field.type]
        if number < len(parts) - 1:
            problem = _text_problem(type_, after)
            if problem is not None:
                problems.append(f'"{name}" {problem}')
        fields.append(KeyField(name, type_, after))
    missing = [field.name for field in message.fields if field.name not in names]
    problems += (
        f"no {{{name}}}, but without it two different {message.full_name} would have the same key; "
        f"add {{{name}}}, or write a message without that field"
        for name in missing
    )
    for problem in problems:
        report(f"the format of its key has {problem}")
    return None if problems else tuple(fields)


def _field_problem(field: FieldDescriptor) -> str | None:
    """Return why a field cannot be part of a key, and what to write instead."""
    if is_repeated(field) or field.type not in _TYPES:
        return "cannot be part of a key, unlike singular strings, integers, bools and enums"
    if field.has_presence and not is_required(field):
        return (
            "may be missing, but a key has all of its parts; write it without `optional` and outside "
            "of a oneof (in an edition with features.field_presence = IMPLICIT)"
        )
    if field.enum_type is not None and field.enum_type.is_closed:
        return (
            f"is the closed enum {field.enum_type.full_name}, which rejects numbers that are added to "
            "it later; write an int32"
        )
    return None


def _text_problem(type_: KeyType, after: str) -> str | None:
    """Return why a text cannot follow a field of this type, and what to write instead."""
    if not after:
        return (
            "and the next field without text between them, so that keys could be read in two ways; "
            'write one, such as ":"'
        )
    if type_.bounds is not None and after[0] in "0123456789":
        return f'and a digit right after it ("{after}"), so that its end is unclear; write another text'
    return None
