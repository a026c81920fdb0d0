"""Read the rules of protovalidate (`buf.validate`) from the descriptors of a contract.

The rules are options with the extension number 1159, on fields, messages and oneofs. This module
reads them from the bytes of the options, so neither protovalidate nor the Python module of its
options has to be installed: a contract with rules imports the types that describe the bytes.
"""

from __future__ import annotations

import importlib
import json
from importlib import util
from typing import TYPE_CHECKING, Any, TypeAlias

from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from restate_proto.protobuf import is_repeated, unknown_fields

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
"""Rules by the text that a contract writes for them: `required`, `string.min_len`,
`repeated.items.string.email`, `cel[the id]`.
"""

_installed: list[DescriptorPool] = []


def has_protovalidate() -> bool:
    """Tell whether protovalidate is installed (`pip install 'restate-proto[validate]'`)."""
    return util.find_spec("protovalidate") is not None


def rules_file() -> FileDescriptorProto:
    """Return the descriptor of buf/validate/validate.proto from the installed protovalidate.

    Raises:
        ImportError: protovalidate is not installed.
    """
    protovalidate: Any = importlib.import_module("protovalidate")
    data: bytes = protovalidate.ViolationsPb.desc().file.proto.to_binary()
    file = FileDescriptorProto.FromString(data)
    # The package as the file itself declares it. The wheel has the one that buf's managed mode makes
    # of it, for which protovalidate-java has no classes.
    file.options.java_package = "build.buf.validate"
    return file


def rules_set() -> bytes:
    """Return the serialized `FileDescriptorSet` of `rules_file`, without the well-known types."""
    return FileDescriptorSet(file=[rules_file()]).SerializeToString(deterministic=True)


def rules_message(name: str, pool: DescriptorPool | None = None) -> type[Message] | None:
    """Return the class of a message of buf/validate/validate.proto.

    Args:
        name: the name of the message, such as `FieldRules`.
        pool: the pool to look in first; the installed protovalidate is second.

    Returns:
        The class; None if the file is neither in the pool nor installed.
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
    """Tell whether there is a rule for a message or for anything that it can contain."""
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
    """Return the rules of a field; empty if the field says that they are always ignored."""
    rules = dict(_rules_of(field, "FieldRules"))
    return {} if rules.get("ignore") == "IGNORE_ALWAYS" else rules


def message_rules(descriptor: Descriptor) -> Rules:
    """Return the rules of a message as a whole."""
    return dict(_rules_of(descriptor, "MessageRules"))


def oneof_is_required(oneof: OneofDescriptor) -> bool:
    """Tell whether one field of a oneof has to be set."""
    return dict(_rules_of(oneof, "OneofRules")).get("required") is True


def rule_options(options: Message) -> bytes:
    """Return the options of `buf.validate` among a descriptor's options, serialized."""
    return b"".join(
        _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(data)) + data
        for number, data in _extensions(options)
    )


def rule_words(rules: Rules) -> list[str]:
    """Write rules for people: `string.min_len = 2`, `string.email`, the text of a CEL rule."""
    return [_rule_text(key, value) for key, value in rules.items() if not key.endswith(".example")]


def _rule_text(key: str, value: RuleValue) -> str:
    if key.partition("[")[0].rpartition(".")[2] in {"cel", "oneof"}:
        return str(value)
    if value is True and not key.endswith(".const"):
        return key
    if isinstance(value, tuple):
        return f"{key} = [{', '.join(map(_value_text, value))}]"
    return f"{key} = {_value_text(value)}"


def _value_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else str(value)


def _extensions(options: Message) -> Iterator[tuple[int, bytes]]:
    for field in unknown_fields(options.SerializeToString()):
        if field.field_number in {_RULES, _PREDEFINED} and field.wire_type == _LENGTH_DELIMITED:
            yield field.field_number, bytes(field.data)


def _rules_of(
    owner: Descriptor | FieldDescriptor | OneofDescriptor, name: str
) -> Iterator[tuple[str, RuleValue]]:
    if not owner.has_options:
        return
    data = b"".join(data for number, data in _extensions(owner.GetOptions()) if number == _RULES)
    if data:
        message: Any = owner if isinstance(owner, Descriptor) else owner.containing_type
        class_ = rules_message(name, message.file.pool)
        if class_ is not None:
            yield from _rule_values(class_.FromString(data), "")


def _rule_values(message: Any, prefix: str) -> Iterator[tuple[str, RuleValue]]:
    for field, value in message.ListFields():
        name = f"({field.full_name})" if field.is_extension else field.name
        key = f"{prefix}{name}"
        if field.type == field.TYPE_BOOL and not value and name != "const":
            continue  # the same as no rule
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
            yield from _rule_values(value, f"{key}.")


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
