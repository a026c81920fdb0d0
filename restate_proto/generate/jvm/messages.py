"""Where protobuf-java puts the classes of a .proto file, by the rules of protoc's own generator."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf import empty_pb2
from google.protobuf.unknown_fields import UnknownFieldSet

from restate_proto.contract.problems import PluginError
from restate_proto.protobuf import is_repeated, types_in_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf import descriptor_pb2

    from restate_proto.contract.descriptors import Descriptors
    from restate_proto.contract.schema import MessageType

__all__ = ["JavaMessages", "JvmClass", "file_stem"]

# As numbers: old protobuf releases have no name for them, and none has Java's features.
_EDITION_2024 = 1001
_FEATURES_JAVA = 1001
_NEST_IN_FILE_CLASS = 5
_NEST_NO, _NEST_YES = 1, 2

_NAME = re.compile(r"[\w$]+(\.[\w$]+)*")

# Fields whose getters would be methods that every message has; theirs get a trailing `_`.
_FORBIDDEN_FIELDS = frozenset(
    """
    AllFields CachedSize Class DefaultInstanceForType DescriptorForType InitializationErrorString
    ParserForType SerializedSize UnknownFields
    """.split()  # noqa: SIM905 - a table of words reads better
)


@dataclass(frozen=True, order=True, slots=True)
class JvmClass:
    """A class by its name.

    Args:
        package: such as `shop.v1`; empty for the default package.
        names: the class with those around it: `("CartProto", "AddTicketRequest")`.
    """

    package: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, name: str) -> JvmClass:
        """Returns the class of a full name such as `java.util.Map.Entry`, packages in lower case."""
        parts = name.split(".")
        first = next(number for number, part in enumerate(parts) if part[:1].isupper())
        return cls(".".join(parts[:first]), tuple(parts[first:]))

    @property
    def full_name(self) -> str:
        """The name with the package: `shop.v1.CartProto.AddTicketRequest`."""
        return ".".join((self.package, *self.names)) if self.package else ".".join(self.names)


class JavaMessages:
    """Knows the protobuf-java classes of the files of one request.

    Raises:
        PluginError: an option says a package or a class that Java cannot have.
    """

    def __init__(self, descriptors: Descriptors) -> None:
        self._descriptors = descriptors
        self._files = descriptors.protos
        _check_names(self._files.values())

    def package(self, file: str) -> str:
        """Returns the Java package of the file of that path; it may be empty."""
        proto = self._files[file]
        return proto.options.java_package if _says_package(proto) else proto.package

    def file_class(self, file: str) -> JvmClass:
        """Returns the class that stands for the file itself: `CartProto` or `CartOuterClass`."""
        return JvmClass(self.package(file), (self._file_class(file),))

    def message(self, message: MessageType) -> JvmClass:
        """Returns the class of a message."""
        top = self._descriptors.message(message.full_name)
        while top.containing_type is not None:
            top = top.containing_type
        is_nested = _is_nested(self._files[message.file], self._descriptors.proto(top).options)
        outer = self.file_class(message.file).names if is_nested else ()
        return JvmClass(self.package(message.file), (*outer, *message.names))

    def getter(self, message: MessageType, field: str) -> str:
        """Returns the name of the method that reads a singular field: `getUserId`."""
        fields = self._descriptors.message(message.full_name).fields
        name = _camel_case(field)
        for other in fields:
            names = [_camel_case(other.name)]
            if is_repeated(other):
                names += [f"{names[0]}Count", f"{names[0]}List"]
            if other.name != field and name in names:
                number = next(found.number for found in fields if found.name == field)
                return f"get{name}{number}"
        return f"get{name}_" if name in _FORBIDDEN_FIELDS else f"get{name}"

    def top_level(self, package: str) -> dict[str, str]:
        """Returns what protobuf-java puts into a Java package.

        Returns:
            For the name of each class that no other is around, what it is made of:
            `message shop.v1.Ticket`.
        """
        found: dict[str, str] = {}
        for name, file in self._files.items():
            if self.package(name) == package:
                found.setdefault(self._file_class(name), f"file {name}")
                for what, proto in _top_level(file):
                    full_name = f"{file.package}.{proto.name}" if file.package else proto.name
                    found.setdefault(proto.name, f"{what} {full_name}")
        return found

    def _file_class(self, path: str) -> str:
        file = self._files[path]
        if file.options.HasField("java_outer_classname"):
            return file.options.java_outer_classname
        name = file_stem(path)
        if file.edition >= _EDITION_2024:
            return f"{name}Proto"
        descriptor = self._descriptors.file(path)
        types = {type_.name for type_ in types_in_file(descriptor)}
        return f"{name}OuterClass" if name in types | {*descriptor.services_by_name} else name


def _check_names(files: Iterable[descriptor_pb2.FileDescriptorProto]) -> None:
    """Both options are any text, and go into code and into paths as they are."""
    wrong = [
        f"{file.name}: option {option} is {text!r}, which is no name in Java; write one such as "
        f'"{example}"'
        for file in files
        for option, text, example in (
            ("java_package", file.options.java_package, "com.acme.shop.v1"),
            ("java_outer_classname", file.options.java_outer_classname, "CartProto"),
        )
        if text and not _NAME.fullmatch(text)
    ]
    if wrong:
        raise PluginError("\n".join(wrong))


def file_stem(path: str) -> str:
    """Returns what protoc makes of a file's name for Java: `FooBar2Nd` of `a/foo_bar-2nd.proto`."""
    name = path.rpartition("/")[2].removesuffix(".proto").removesuffix(".protodevel")
    return _camel_case(name)


def _camel_case(name: str) -> str:
    """Turns `foo_bar-2nd` into `FooBar2Nd`: only ASCII letters and digits remain."""
    words = re.findall(r"[A-Za-z]+|[0-9]+", name)
    return "".join(word[:1].upper() + word[1:] for word in words)


def _says_package(file: descriptor_pb2.FileDescriptorProto) -> bool:
    return file.options.HasField("java_package")


def _top_level(
    file: descriptor_pb2.FileDescriptorProto,
) -> Iterator[
    tuple[
        str,
        descriptor_pb2.DescriptorProto | descriptor_pb2.EnumDescriptorProto,
    ]
]:
    """Yields what of a file becomes a class beside the file's own, with a word for what it is."""
    yield from (("message", m) for m in file.message_type if not _is_nested(file, m.options))
    yield from (("enum", e) for e in file.enum_type if not _is_nested(file, e.options))


def _is_nested(
    file: descriptor_pb2.FileDescriptorProto,
    options: descriptor_pb2.MessageOptions | descriptor_pb2.EnumOptions,
) -> bool:
    """Whether the class of a top-level type is inside that of its file."""
    if file.edition < _EDITION_2024:
        return not file.options.java_multiple_files
    java = _last(options.features.SerializeToString(), _FEATURES_JAVA)
    nest = _last(java, _NEST_IN_FILE_CLASS) if isinstance(java, bytes) else _NEST_NO
    return nest == _NEST_YES


def _last(message: bytes, field_number: int) -> int | bytes | None:
    """Returns the value of a field of a serialized message, whose type is not known here."""
    # To Empty every field is unknown.
    value = None
    for field in UnknownFieldSet(empty_pb2.Empty.FromString(message)):
        if field.field_number == field_number:
            value = field.data
    return value
