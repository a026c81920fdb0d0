"""The codec of other libraries' message classes, which goes through google.protobuf.

To encode a message, its fields are copied to its twin, a google.protobuf message of the same type,
and the twin is encoded. To decode one, a twin is decoded and copied back. So all libraries write
the same bytes and the same canonical ProtoJSON, and read exactly what google.protobuf reads.
"""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, TypeVar

from google.protobuf import message_factory

from restate_proto.codec.google import GoogleCodec
from restate_proto.model.codec import CodecError

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

    from restate_proto.model.codec import JsonSchema

__all__ = ["Copier", "Library", "TwinCodec", "require"]

M = TypeVar("M")


def require(library: str, wanted: str) -> None:
    """Check the version of a library whose internals a codec uses.

    Args:
        library: its name, which is also the name of the extra.
        wanted: the version, or the beginning of it.

    Raises:
        ImportError: another version is installed.
    """
    installed = metadata.version(library)
    if installed != wanted and not installed.startswith(f"{wanted}."):
        raise ImportError(
            f"{library} {installed} is installed, but restate-proto works with {wanted}; "
            f"run `pip install 'restate-proto[{library}]'`"
        )


class Copier(Protocol):
    """Copies messages of one class; a value that does not fit may raise any exception."""

    def write(self, message: Any, twin: Any) -> None:
        """Copy the set fields of a message to an empty twin."""
        ...

    def read(self, twin: Any) -> Any:
        """Make a message with the set fields of a twin."""
        ...


class Library(Protocol):
    """What a codec needs of a message library."""

    def descriptor(self, class_: type) -> Descriptor | None:
        """Return the descriptor of a message class; None if it is not known (yet)."""
        ...

    def copier(self, class_: type, descriptor: Descriptor) -> Copier:
        """Return the copier of a class."""
        ...

    def serialize(self, message: Any) -> bytes:
        """Serialize a message without its descriptor; may raise any exception."""
        ...

    def parse(self, class_: type, data: bytes) -> Any:
        """Parse a message without its descriptor; may raise any exception."""
        ...


class _Twin:
    """The parts of a codec that need the descriptor."""

    def __init__(self, library: Library, class_: type, descriptor: Descriptor) -> None:
        self.new: type[Message] = message_factory.GetMessageClass(descriptor)
        self.google = GoogleCodec(self.new)
        self.copier = library.copier(class_, descriptor)


class TwinCodec(Generic[M]):
    """The codec of one message class of a library.

    Without its descriptor, a class only has the binary form, as its library writes it. The
    generated code with the descriptor may be imported later, so the codec looks for it at each use.

    Args:
        library: knows the class.
        class_: the class.
    """

    __slots__ = ("_found", "_library", "type")

    def __init__(self, library: Library, class_: type[M]) -> None:
        self.type = class_
        self._library = library
        self._found: _Twin | None = None

    def __repr__(self) -> str:
        return f"TwinCodec({self.full_name})"

    @property
    def full_name(self) -> str:
        """The full proto name, or the Python name as long as that is not known."""
        twin = self._twin()
        return twin.google.full_name if twin else f"{self.type.__module__}.{self.type.__name__}"

    @property
    def is_empty(self) -> bool:
        """Whether the type is `google.protobuf.Empty`."""
        twin = self._twin()
        return twin is not None and twin.google.is_empty

    @property
    def json_is_object(self) -> bool:
        """Whether the ProtoJSON is always an object."""
        twin = self._twin()
        return twin is None or twin.google.json_is_object

    @property
    def brace_begins_binary(self) -> bool:
        """Whether the binary form can begin with `{` too."""
        twin = self._twin()
        return twin is not None and twin.google.brace_begins_binary

    def to_binary(self, message: M, /) -> bytes:
        """Serialize to protobuf binary.

        Raises:
            TypeError: the object is not a message of this type.
            CodecError: a field holds what the contract does not allow.
        """
        twin = self._twin()
        if twin is not None:
            return twin.google.to_binary(self._to_twin(twin, message, "protobuf binary"))
        self._check(message)
        try:
            return self._library.serialize(message)
        except Exception as error:
            raise self._error("cannot be written as protobuf binary", error) from error

    def from_binary(self, data: bytes, /) -> M:
        """Parse protobuf binary; unknown fields are kept.

        Raises:
            CodecError: the bytes are not a message of this type, or the library cannot hold it.
        """
        twin = self._twin()
        if twin is not None:
            return self._from_twin(twin, twin.google.from_binary(data))
        try:
            return self._library.parse(self.type, data)
        except Exception as error:
            raise self._error("not valid protobuf binary", error) from error

    def to_json(self, message: M, /) -> bytes:
        """Serialize to canonical ProtoJSON, compact and with sorted keys.

        Raises:
            TypeError: the object is not a message of this type.
            CodecError: a field holds what the contract does not allow, or the message has no
                ProtoJSON form.
        """
        twin = self._twin()
        if twin is None:
            self._check(message)
            self._refuse_json()
        return twin.google.to_json(self._to_twin(twin, message, "ProtoJSON"))

    def from_json(self, data: bytes, /) -> M:
        """Parse ProtoJSON; unknown fields and names of unknown enum values are ignored.

        Raises:
            CodecError: the bytes are not ProtoJSON of this type, or the library cannot hold it.
        """
        twin = self._twin()
        if twin is None:
            self._refuse_json()
        return self._from_twin(twin, twin.google.from_json(data))

    @property
    def descriptor(self) -> Descriptor | None:
        """The type's descriptor; None if it is not known (yet)."""
        twin = self._twin()
        return None if twin is None else twin.google.descriptor

    def new_google_message(self) -> Message:
        """Make an empty twin. The descriptor has to be known."""
        return self._known_twin().new()

    def google_message(self, message: M, /) -> Message:
        """Copy a message to its twin. The descriptor has to be known.

        Raises:
            TypeError: the object is not a message of this type.
            CodecError: a field holds what the contract does not allow.
        """
        return self._to_twin(self._known_twin(), message, self.full_name)

    def json_schema(self) -> JsonSchema | None:
        """Return the JSON Schema (draft 2020-12) of the ProtoJSON form, or None without a descriptor."""
        twin = self._twin()
        return None if twin is None else twin.google.json_schema()

    def _twin(self) -> _Twin | None:
        if self._found is None:
            self._found = self._find()
        return self._found

    def _known_twin(self) -> _Twin:
        twin = self._twin()
        assert twin is not None, "its descriptor is known"
        return twin

    def _find(self) -> _Twin | None:
        try:
            descriptor = self._library.descriptor(self.type)
            return None if descriptor is None else _Twin(self._library, self.type, descriptor)
        except Exception as error:
            raise CodecError(
                f"{self.type.__module__}.{self.type.__name__} does not fit its descriptor; "
                f"generate messages and Restate code together: {error}"
            ) from error

    def _to_twin(self, twin: _Twin, message: M, form: str) -> Any:
        self._check(message)
        copy = twin.new()
        try:
            twin.copier.write(message, copy)
        except Exception as error:
            raise self._error(f"cannot be written as {form}", error) from error
        return copy

    def _from_twin(self, twin: _Twin, copy: Message) -> M:
        try:
            return twin.copier.read(copy)
        except Exception as error:
            raise self._error(f"{self.type.__name__} cannot hold it", error) from error

    def _check(self, message: object) -> None:
        if type(message) is not self.type:
            got = type(message).__qualname__
            hint = " (another class of that name)" if got == self.type.__qualname__ else ""
            raise TypeError(
                f"expected a {self.full_name} message, got {got}{hint}: {message!r:.200}"
            )

    def _refuse_json(self) -> NoReturn:
        raise CodecError(
            f"{self.full_name}: ProtoJSON needs its descriptor; import the generated _restate "
            "module of a contract that has this message first"
        )

    def _error(self, what: str, error: Exception) -> CodecError:
        return CodecError(f"{self.full_name}: {what}: {str(error) or type(error).__name__:.500}")
