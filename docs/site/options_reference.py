"""The reference of restatepb/v1/options.proto, generated from its comments."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from restate_proto.cli.protoc import ProtoFolder
from restate_proto.contract.descriptors import Descriptors, SourceFile
from restate_proto.protobuf import is_repeated, map_entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

_ROOT = Path(__file__).parents[2]
_FILE = "restatepb/v1/options.proto"
_PLACES = {
    "google.protobuf.ServiceOptions": "service",
    "google.protobuf.MethodOptions": "rpc",
    "google.protobuf.FieldOptions": "field",
}


def options_reference() -> str:
    """Return the reference as Markdown: the options, then their messages and enums."""
    with tempfile.TemporaryDirectory() as folder:
        found, _ = ProtoFolder(_ROOT / "proto").compile(Path(folder))
    descriptors = Descriptors(found.file)
    (proto,) = (file for file in found.file if file.name == _FILE)
    return "\n".join([*_extensions(descriptors, proto), *_types(descriptors)])


def _extensions(descriptors: Descriptors, proto: FileDescriptorProto) -> Iterator[str]:
    source = SourceFile(proto)
    declared = descriptors.file(_FILE).extensions_by_name
    yield "## The options\n\n| option | of a | value | what |\n| --- | --- | --- | --- |"
    for number, extension in enumerate(proto.extension):
        of = _PLACES[extension.extendee.removeprefix(".")]
        name = f"`(restatepb.v1.{extension.name})`"
        # FileDescriptorProto.extension = 7
        comment = source.comment((7, number))
        yield _row(name, of, _type(declared[extension.name]), _words(comment))


def _types(descriptors: Descriptors) -> Iterator[str]:
    file = descriptors.file(_FILE)
    for message in file.message_types_by_name.values():
        yield f"\n## {message.name}\n\n{_paragraphs(descriptors.comment(message))}\n"
        yield "| field | type | what |\n| --- | --- | --- |"
        for field in message.fields:
            yield _row(f"`{field.name}`", _type(field), _words(descriptors.comment(field)))
    for enum in file.enum_types_by_name.values():
        yield f"\n## {enum.name}\n\n{_paragraphs(descriptors.comment(enum))}\n"
        yield "| value | what |\n| --- | --- |"
        for number, value in enumerate(enum.values):
            # EnumDescriptorProto.value = 2
            comment = descriptors.comment(enum, 2, number)
            yield _row(f"`{value.name}`", _words(comment))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _type(field: FieldDescriptor) -> str:
    """Return the type of a field, linked where it is on the page."""
    if entry := map_entry(field):
        key, value = entry.fields
        return f"map of {_type(key)} to {_type(value)}"
    named: Descriptor | EnumDescriptor | None = field.message_type or field.enum_type
    text = _SCALARS.get(field.type, "")
    if named is not None:
        is_here = named.file.name == _FILE
        text = f"[{named.name}](#{named.name.lower()})" if is_here else f"`{named.full_name}`"
    return f"repeated {text}" if is_repeated(field) else text


_SCALARS = {1: "`double`", 8: "`bool`", 9: "`string`", 13: "`uint32`"}


def _words(comment: str | None) -> str:
    return " ".join((comment or "").split())


def _paragraphs(comment: str | None) -> str:
    """Return a comment as Markdown; what is indented in it is a contract."""
    text = comment or ""
    return re.sub(
        r"(?m)(?:^ {4}.*\n?)+",
        lambda found: f"```proto\n{re.sub(r'(?m)^ {4}', '', found[0]).rstrip()}\n```\n",
        text,
    )
