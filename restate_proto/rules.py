"""The rules of protovalidate (`buf.validate`) in a contract, as its descriptors carry them.

They are options with the extension number 1159, on fields, messages and oneofs. Here they are read
from the options' bytes, so that neither protovalidate nor the module of its options has to be
there: the types that say what the bytes mean come with the contract, which imports them.
"""

from __future__ import annotations

import importlib
import json
from importlib import util
from typing import TYPE_CHECKING, Any, TypeAlias

from google.protobuf import empty_pb2, json_format, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.unknown_fields import UnknownFieldSet

from restate_proto.protobuf import is_repeated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import FieldDescriptor, OneofDescriptor
    from google.protobuf.message import Message

__all__ = [
    "RULES_FILE",
    "RuleValue",
    "Rules",
    "field_rules",
    "has_protovalidate",
    "has_rules",
    "message_rules",
    "oneof_is_required",
    "rule_options",
    "rule_words",
    "rules_file",
    "rules_message",
    "rules_set",
]

RULES_FILE = "buf/validate/validate.proto"

_RULES, _PREDEFINED = 1159, 1160
_LENGTH_DELIMITED = 2
_WELL_KNOWN = "google.protobuf."

RuleValue: TypeAlias = "bool | int | float | str | bytes | tuple[Any, ...]"
Rules: TypeAlias = "dict[str, RuleValue]"
"""Rules by what a contract writes for them: `required`, `string.min_len`,
`repeated.items.string.email`, `cel[the id]`."""

_installed: list[DescriptorPool] = []


def has_protovalidate() -> bool:
    """Whether protovalidate is there, which `pip install 'restate-proto[validate]'` brings."""
    return util.find_spec("protovalidate") is not None


def rules_file() -> FileDescriptorProto:
    """The buf/validate/validate.proto of the protovalidate that is installed.

    Raises:
        ImportError: it is not installed.
    """
    protovalidate: Any = importlib.import_module("protovalidate")
    data: bytes = protovalidate.ViolationsPb.desc().file.proto.to_binary()
    return FileDescriptorProto.FromString(data)


def rules_set() -> bytes:
    """The serialized `FileDescriptorSet` of that file, without the well-known types."""
    return FileDescriptorSet(file=[rules_file()]).SerializeToString(deterministic=True)


def rules_message(name: str, pool: DescriptorPool | None = None) -> type[Message] | None:
    """The class of a message of buf/validate/validate.proto.

    Args:
        name: such as `FieldRules`.
        pool: where to look first; then it is taken from the protovalidate that is installed.

    Returns:
        The class; None where the file is neither in the pool nor installed.
    """
    for each in (pool, None):
        if each is None and not _installed:
            if not has_protovalidate():
                return None
            _installed.append(_pool_of_installed())
        try:
            found = (each or _installed[0]).FindMessageTypeByName(f"buf.validate.{name}")
        except KeyError:
            continue
        return message_factory.GetMessageClass(found)
    return None


def _pool_of_installed() -> DescriptorPool:
    pool = DescriptorPool()
    file = rules_file()
    for path in file.dependency:  # well-known types
        module: Any = importlib.import_module(
            path.removesuffix(".proto").replace("/", ".") + "_pb2"
        )
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return pool


def has_rules(descriptor: Descriptor) -> bool:
    """Whether there is a rule for a message, or for anything that can be in it."""
    waiting, seen = [descriptor], {descriptor.full_name}
    while waiting:
        message = waiting.pop()
        for each in (message, *message.fields, *message.oneofs):
            if each.has_options and rule_options(each.GetOptions()):
                return True
        for field in message.fields:
            inner = field.message_type
            if inner is not None and inner.full_name not in seen:
                seen.add(inner.full_name)
                waiting.append(inner)
    return False


def field_rules(field: FieldDescriptor) -> Rules:
    """The rules of a field; none where they are to be ignored always."""
    rules = dict(_rules(field, "FieldRules"))
    return {} if rules.get("ignore") == "IGNORE_ALWAYS" else rules


def message_rules(descriptor: Descriptor) -> Rules:
    """The rules of a message as a whole."""
    return dict(_rules(descriptor, "MessageRules"))


def oneof_is_required(oneof: OneofDescriptor) -> bool:
    """Whether one field of a oneof has to be set."""
    return dict(_rules(oneof, "OneofRules")).get("required") is True


def rule_options(options: Message) -> bytes:
    """The options of buf.validate among the options of something, serialized."""
    return b"".join(
        _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(data)) + data
        for number, data in _extensions(options)
    )


def rule_words(rules: Rules) -> list[str]:
    """Rules as people read them: `string.min_len = 2`, `string.email`, what a CEL rule says."""
    return [_words(key, value) for key, value in rules.items() if not key.endswith(".example")]


def _words(key: str, value: RuleValue) -> str:
    if key.partition("[")[0].rpartition(".")[2] in {"cel", "oneof"}:
        return str(value)
    if value is True and not key.endswith(".const"):
        return key
    if isinstance(value, tuple):
        return f"{key} = [{', '.join(map(_written, value))}]"
    return f"{key} = {_written(value)}"


def _written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else str(value)


def _extensions(options: Message) -> Iterator[tuple[int, bytes]]:
    # To Empty every field is unknown; in `options` itself the extension is a known one where a
    # program has loaded the module of buf/validate/validate.proto.
    for field in UnknownFieldSet(empty_pb2.Empty.FromString(options.SerializeToString())):
        if field.field_number in {_RULES, _PREDEFINED} and field.wire_type == _LENGTH_DELIMITED:
            yield field.field_number, bytes(field.data)


def _rules(
    owner: Descriptor | FieldDescriptor | OneofDescriptor, name: str
) -> Iterator[tuple[str, RuleValue]]:
    if not owner.has_options:
        return
    data = b"".join(data for number, data in _extensions(owner.GetOptions()) if number == _RULES)
    if data:
        message: Any = owner if isinstance(owner, Descriptor) else owner.containing_type
        class_ = rules_message(name, message.file.pool)
        if class_ is not None:
            yield from _flat(class_.FromString(data), "")


def _flat(message: Any, prefix: str) -> Iterator[tuple[str, RuleValue]]:
    for field, value in message.ListFields():
        name = f"({field.full_name})" if field.is_extension else field.name
        key = f"{prefix}{name}"
        if field.type == field.TYPE_BOOL and not value and name != "const":
            continue  # as if it was not there
        if name == "cel":
            for rule in value:
                text = f"{rule.message}: {rule.expression}" if rule.message else rule.expression
                yield f"{key}[{rule.id}]", text
        elif name == "oneof":
            for one in value:
                number = "exactly one" if one.required else "at most one"
                yield f"{key}[{', '.join(one.fields)}]", f"{number} of {', '.join(one.fields)}"
        elif field.enum_type is not None and not is_repeated(field):
            yield key, field.enum_type.values_by_number[value].name
        elif field.message_type is None:
            yield key, tuple(value) if is_repeated(field) else value
        elif field.message_type.full_name.startswith(_WELL_KNOWN):
            each = [
                json_format.MessageToDict(one) for one in (value if is_repeated(field) else [value])
            ]
            yield key, tuple(each) if is_repeated(field) else str(each[0])
        else:
            yield from _flat(value, f"{key}.")


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
