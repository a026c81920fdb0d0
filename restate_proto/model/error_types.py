"""The errors of contracts: terminal errors with a message, raised and received as one class.

A failure travels with the metadata `restatepb.detail/shop.v1.SoldOut`, the message in base64. A
program that has imported the generated class of `shop.v1.SoldOut` gets such a failure as that class,
wherever it comes from: a call, a run, the ingress.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

from restate_proto.errors import TerminalError, read_details, write_detail
from restate_proto.model.codec import Codec, CodecError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

__all__ = ["DetailedError", "ErrorDescriptor", "error_type", "received_error"]

M = TypeVar("M")
E = TypeVar("E", bound="DetailedError[Any]")


class ErrorDescriptor(NamedTuple):
    """An error, as the contract has it.

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

    A caller gets it as the same class, if its program has imported that and the detail can be read;
    else as a `TerminalError`. So it is for all callers with service protocol v5, which has no
    metadata.

    Args:
        detail: the message.
        message: what went wrong, for people.
        code: an HTTP status code, 400 to 599; by default the contract's.
        metadata: as of a `TerminalError`.
        retry_after: as of a `TerminalError`.

    Attributes:
        detail: as given.

    Raises:
        TypeError: the detail is not of the contract's type, or as `TerminalError`.
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
        self.args = (detail, self.message)  # what copies and pickles are made of


_classes: dict[str, type[DetailedError[Any]]] = {}  # by the full names of their details


def error_type(full_name: str, code: int, codec: Codec[Any]) -> Callable[[type[E]], type[E]]:
    """Makes a generated class that of an error type.

    Each module whose contract declares an error has a class for it, and whichever of them a program
    catches, it gets what it has received: those of one code and message class are one class. A class
    of others, such as another version of the contract, or one of a module that is loaded once more,
    derives from the one before, and what is received is of the last.

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


def received_error(message: str, code: int, metadata: Mapping[str, str]) -> TerminalError:
    """The failure that another party has written, as the class of its detail where there is one.

    Args:
        message: its message.
        code: its code, which is kept whether it is in range or not.
        metadata: its metadata, which is kept as well.
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
        # Not by `__init__`, which would write the detail anew.
        error = class_.__new__(class_)
        TerminalError.__init__(error, message, metadata=metadata)
        error.detail = detail
        error.args = (detail, message)
        return error
    return None
