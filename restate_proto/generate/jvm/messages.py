"""Find the protobuf-java classes of .proto files, by the rules of protoc's own generator."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.contract.problems import PluginError
from restate_proto.protobuf import is_repeated, types_in_file, unknown_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf import descriptor_pb2

    from restate_proto.contract.descriptors import Descriptors
    from restate_proto.contract.schema import MessageType

__all__ = ["JavaMessages", "JvmClass", "file_stem"]

# Written as numbers, because old protobuf releases lack the names, and no release has Java's features.
_EDITION_2024 = 1001
_FEATURES_JAVA = 1001
_NEST_IN_FILE_CLASS = 5
_NEST_NO, _NEST_YES = 1, 2

_NAME = re.compile(r"[\w$]+(\.[\w$]+)*")

# Every message already has the methods that these fields' getters would be; the getters get a `_`.
_FORBIDDEN_FIELDS = frozenset(
    """
    AllFields CachedSize Class DefaultInstanceForType DescriptorForType InitializationErrorString
    ParserForType SerializedSize UnknownFields
    """.split()  # noqa: SIM905 - a table of words reads better
)


@dataclass(frozen=True, order=True, slots=True)
class JvmClass:
    """The name of a class.

    Args:
        package: the package, such as `shop.v1`; empty for the default package.
        names: the class after those that enclose it: `("CartProto", "AddTicketRequest")`.
    """

    package: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, name: str) -> JvmClass:
        """Return the class of a full name like `java.util.Map.Entry`; packages are lower case."""
        parts = name.split(".")
        first = next(number for number, part in enumerate(parts) if part[:1].isupper())
        return cls(".".join(parts[:first]), tuple(parts[first:]))

    @property
    def full_name(self) -> str:
        """The name with the package: `shop.v1.CartProto.AddTicketRequest`."""
        return ".".join((self.package, *self.names)) if self.package else ".".join(self.names)


class JavaMessages:
    """Finds the protobuf-java classes of the files of one request.

    Raises:
        PluginError: an option names a package or a class that Java cannot have.
    """

    def __init__(self, descriptors: Descriptors) -> None:
        self._descriptors = descriptors
        self._files = descriptors.protos
        # Cached, because each message asks for them.
        self._file_classes: dict[str, str] = {}
        self._top_levels: dict[str, dict[str, str]] | None = None
        _check_names(self._files.values())

    def package(self, file: str) -> str:
        """Return the Java package of the file of that path; it may be empty."""
        proto = self._files[file]
        return proto.options.java_package if _has_java_package(proto) else proto.package

    def file_class(self, file: str) -> JvmClass:
        """Return the class that stands for the file itself: `CartProto` or `CartOuterClass`."""
        return JvmClass(self.package(file), (self._file_class(file),))

    def message(self, message: MessageType) -> JvmClass:
        """Return the class of a message."""
        top = self._descriptors.message(message.full_name)
        while top.containing_type is not None:
            top = top.containing_type
        is_nested = _is_nested(self._files[message.file], self._descriptors.proto(top).options)
        outer = self.file_class(message.file).names if is_nested else ()
        return JvmClass(self.package(message.file), (*outer, *message.names))

    def getter(self, message: MessageType, field: str) -> str:
        """Return the name of the method that reads a singular field: `getUserId`."""
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
        """Return the classes that protobuf-java puts into a Java package.

        Returns:
            By the name of each class that is not nested, what the class is generated for:
            `message shop.v1.Ticket`.
        """
        if self._top_levels is None:
            self._top_levels = self._find_top_levels()
        return self._top_levels.get(package, {})

    def _find_top_levels(self) -> dict[str, dict[str, str]]:
        packages: dict[str, dict[str, str]] = {}
        for name, file in self._files.items():
            found = packages.setdefault(self.package(name), {})
            found.setdefault(self._file_class(name), f"file {name}")
            for what, proto in _top_level(file):
                full_name = f"{file.package}.{proto.name}" if file.package else proto.name
                found.setdefault(proto.name, f"{what} {full_name}")
        return packages

    def _file_class(self, path: str) -> str:
        name = self._file_classes.get(path)
        if name is None:
            name = self._file_classes[path] = self._name_file_class(path)
        return name

    def _name_file_class(self, path: str) -> str:
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
    """Refuse options that are not Java names, because they go into code and paths as they are."""
    wrong = [
        f"{file.name}: option {option} is {text!r}, which is not a Java name; write one such as "
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
    """Return protoc's Java name for a file: `FooBar2Nd` for `a/foo_bar-2nd.proto`."""
    name = path.rpartition("/")[2].removesuffix(".proto").removesuffix(".protodevel")
    return _camel_case(name)


def _camel_case(name: str) -> str:
    """Turn `foo_bar-2nd` into `FooBar2Nd`: only ASCII letters and digits remain."""
    words = re.findall(r"[A-Za-z]+|[0-9]+", name)
    return "".join(word[:1].upper() + word[1:] for word in words)


def _has_java_package(file: descriptor_pb2.FileDescriptorProto) -> bool:
    return file.options.HasField("java_package")


def _top_level(
    file: descriptor_pb2.FileDescriptorProto,
) -> Iterator[
    tuple[
        str,
        descriptor_pb2.DescriptorProto | descriptor_pb2.EnumDescriptorProto,
    ]
]:
    """Yield the types of a file that become classes beside the file's own, each with its kind."""
    yield from (("message", m) for m in file.message_type if not _is_nested(file, m.options))
    yield from (("enum", e) for e in file.enum_type if not _is_nested(file, e.options))


def _is_nested(
    file: descriptor_pb2.FileDescriptorProto,
    options: descriptor_pb2.MessageOptions | descriptor_pb2.EnumOptions,
) -> bool:
    """Tell whether the class of a top-level type is nested in that of its file."""
    if file.edition < _EDITION_2024:
        return not file.options.java_multiple_files
    java = _last_value(options.features.SerializeToString(), _FEATURES_JAVA)
    nest = _last_value(java, _NEST_IN_FILE_CLASS) if isinstance(java, bytes) else _NEST_NO
    return nest == _NEST_YES


def _last_value(message: bytes, field_number: int) -> int | bytes | None:
    """Return the last value of a field of a serialized message whose type is unknown here."""
    value = None
    for field in unknown_fields(message):
        if field.field_number == field_number:
            value = field.data
    return value
