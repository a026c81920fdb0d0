"""Typed errors: terminal errors that carry a message of the contract.

The message travels in the failure's metadata, in base64, under `restatepb.detail/shop.v1.SoldOut`.
A program that has imported the class generated for `shop.v1.SoldOut` gets the failure as that
class, wherever it comes from: a call, a run or the ingress.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

from restate_proto.errors import TerminalError, read_details, write_detail
from restate_proto.model.codec import Codec, CodecError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

__all__ = ["DetailedError", "ErrorDescriptor", "error_type", "has_error_type", "received_error"]

M = TypeVar("M")
E = TypeVar("E", bound="DetailedError[Any]")


class ErrorDescriptor(NamedTuple):
    """An error type as the contract declares it.

    Args:
        full_name: the full name of the type of its detail, such as `shop.v1.SoldOut`.
        code: its HTTP status code.
        codec: the codec of its detail.
    """

    full_name: str
    code: int
    codec: Codec[Any]


class DetailedError(TerminalError, Generic[M]):
    """A `TerminalError` with a message of the contract; base of the generated error classes.

    ```python
    raise SoldOutError(SoldOut(left=0), "sold out")
    ```

    A caller gets the same class, if its program has imported it and the detail can be read, and
    otherwise a plain `TerminalError`. With service protocol v5, which has no metadata, all callers
    get a plain one.

    Args:
        detail: the message.
        message: what went wrong, for people.
        code: an HTTP status code, 400 to 599; by default the contract's.
        metadata: as for a `TerminalError`.
        retry_after: as for a `TerminalError`.

    Attributes:
        detail: as given.

    Raises:
        TypeError: the detail is not of the contract's type; also as for `TerminalError`.
        ValueError: the code is not 400 to 599.
        CodecError: the detail cannot be written.
    """

    __restate_error__: ClassVar[ErrorDescriptor]

    def __init__(
        self,
        detail: M,
        message: str,
        *,
        code: int | None = None,
        metadata: Mapping[str, str] | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        described = self.__restate_error__
        data = described.codec.to_binary(detail)
        super().__init__(
            message,
            code=described.code if code is None else code,
            metadata=metadata,
            retry_after=retry_after,
        )
        write_detail(self.metadata, described.full_name, data)
        self.detail = detail
        self.args = (detail, self.message)  # copies and pickles are made from these


_classes: dict[str, type[DetailedError[Any]]] = {}  # by the full names of their details


def error_type(full_name: str, code: int, codec: Codec[Any]) -> Callable[[type[E]], type[E]]:
    """Register a generated class for an error type.

    Every generated module has a class of its own for an error that its contract declares. A program
    may catch any of them, so classes with the same code and message class become one class. A class
    that differs, such as that of another version of the contract or of a module that is loaded
    again, derives from the class before it, and received errors are of the last class.

    Args:
        full_name: the full name of the type of the detail.
        code: the error's code in the contract.
        codec: the codec of the detail.
    """

    def declare(class_: type[E]) -> type[E]:
        class_.__restate_error__ = ErrorDescriptor(full_name, code, codec)
        last: type[Any] | None = _classes.get(full_name)
        if last is not None:
            described: ErrorDescriptor = last.__restate_error__
            if described.code == code and described.codec.type is codec.type:
                return last
            class_.__bases__ = (last,)
        _classes[full_name] = class_
        return class_

    return declare


def has_error_type(full_name: str) -> bool:
    """Return whether a class is registered for errors whose detail has a type.

    Args:
        full_name: the full name of the type of the detail.
    """
    return full_name in _classes


def received_error(message: str, code: int, metadata: Mapping[str, str]) -> TerminalError:
    """Make the error for a failure that another party wrote, in the class of its detail.

    Args:
        message: the failure's message.
        code: its code, which is kept even if it is out of range.
        metadata: its metadata, which is kept.
    """
    error = _detailed_error(message, metadata) or TerminalError(message, metadata=metadata)
    error.code = code
    return error


def _detailed_error(message: str, metadata: Mapping[str, str]) -> DetailedError[Any] | None:
    for full_name, data in read_details(metadata):
        class_ = _classes.get(full_name)
        if class_ is None:
            continue
        try:
            detail = class_.__restate_error__.codec.from_binary(data)
        except CodecError:
            continue
        # `__init__` is bypassed: it would serialize the detail once more.
        error = class_.__new__(class_)
        TerminalError.__init__(error, message, metadata=metadata)
        error.detail = detail
        error.args = (detail, message)
        return error
    return None
