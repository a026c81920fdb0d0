"""The errors that users raise and catch."""

from __future__ import annotations

import base64
import binascii
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = [
    "PauseError",
    "RestateError",
    "RetryableError",
    "TerminalError",
    "checked_code",
    "convert_details",
    "read_details",
    "write_detail",
]

_DETAIL = "restatepb.detail/"
_RETRY_INFO = "google.rpc.RetryInfo"


class RestateError(Exception):
    """Base of every error that this library raises on purpose."""


class TerminalError(RestateError):
    """Ends the invocation: Restate records it as the result and does not retry.

    Raise it in a handler or in a `ctx.run` function. A caller, in any language, receives it as
    the failure of its call; there it is raised again as a `TerminalError`.

    Args:
        message: what went wrong, for the caller to read.
        code: an HTTP status code, 400 to 599; it is the response's status for an outside caller.
        metadata: more about the error as strings; it travels with service protocol v6 and newer.
        retry_after: after which time the caller may try again; nobody does so by itself. It travels
            in the metadata, as the detail `google.rpc.RetryInfo`.

    Attributes:
        message: as given.
        code: as given. Of an error that a call, the journal or the ingress gave, it is what the
            other party wrote, whatever number that is; passed on, a number that is none of 400 to
            599 becomes 500.
        metadata: as given, with the details of the error.
        retry_after: as given, or what the metadata says of it; None where that is nothing.
        selected: where a `select` raised the error, the name that it gives to what failed.

    Raises:
        TypeError: the code is no integer, or `retry_after` no timedelta.
        ValueError: the code is not 400 to 599.
    """

    retry_after: timedelta | None = None
    selected: str | None = None

    def __init__(
        self,
        message: str,
        *,
        code: int = 500,
        metadata: Mapping[str, str] | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        if metadata is not None and not hasattr(metadata, "items"):
            raise TypeError(
                f"TerminalError(metadata={metadata!r}): must be a mapping of str to str"
            )
        # People write TerminalError(exception), and numbers into metadata. A failure that could not
        # be recorded would be retried for ever.
        self.message = str(message)
        self.code = checked_code("TerminalError", code)
        self.metadata = {str(key): str(value) for key, value in (metadata or {}).items()}
        if retry_after is not None:
            _check_retry_after("TerminalError", retry_after)
            write_detail(self.metadata, _RETRY_INFO, _retry_info(retry_after))
        if self.metadata:
            retry_info = dict(read_details(self.metadata)).get(_RETRY_INFO)
            self.retry_after = _retry_delay(retry_info)

    def __str__(self) -> str:
        return f"[{self.code}] {self.message}"


class RetryableError(RestateError):
    """Fails this attempt; Restate retries the invocation (or the `ctx.run` function).

    Every exception that is not a `TerminalError` does the same; this one says when.

    Args:
        message: what went wrong; shown by the Restate UI and CLI.
        retry_after: the delay before the next attempt, instead of the retry policy's.
        code: an HTTP status code, 400 to 599, that describes the failure.

    Raises:
        TypeError: the code is no integer, or `retry_after` no timedelta.
        ValueError: the code is not 400 to 599.
    """

    def __init__(
        self, message: str, *, retry_after: timedelta | None = None, code: int = 500
    ) -> None:
        super().__init__(message)
        if retry_after is not None:
            _check_retry_after("RetryableError", retry_after)
        self.message = str(message)
        self.retry_after = retry_after
        self.code = checked_code("RetryableError", code)


class PauseError(RestateError):
    """Pauses the invocation: no attempt follows until a person resumes it.

    For the functions of `ctx.run`, where another attempt can do no better and the invocation must
    not end either. Resuming calls the function again. It needs service protocol v7; on an older one,
    and raised by a handler itself, whose code would come to it again at once, it is retried as
    every other exception.

    Args:
        message: what a person has to do; shown by the Restate UI and CLI.
        code: an HTTP status code, 400 to 599, that describes the failure.

    Raises:
        TypeError: the code is no integer.
        ValueError: the code is not 400 to 599.
    """

    def __init__(self, message: str, *, code: int = 500) -> None:
        super().__init__(message)
        self.message = str(message)
        self.code = checked_code("PauseError", code)


def checked_code(where: str, code: int) -> int:
    """The code of an error that is about to be made.

    It becomes the status of an HTTP response. One below 400 is no error there: 101 would switch
    protocols, and 204 has no body.

    Args:
        where: what takes the code, for the message.
        code: an HTTP status code.

    Raises:
        TypeError: it is no integer.
        ValueError: it is not 400 to 599.
    """
    if not isinstance(code, int) or isinstance(code, bool):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        raise TypeError(f"{where}(code={code!r}): must be an HTTP status code, such as 409")
    if not 400 <= code <= 599:
        raise ValueError(
            f"{where}(code={code}): must be the HTTP status code of an error, 400 to 599"
        )
    return int(code)  # of an http.HTTPStatus, too


def write_detail(metadata: dict[str, str], full_name: str, data: bytes) -> None:
    """Puts a message into the metadata of an error.

    Args:
        metadata: takes it, as `restatepb.detail/` and the name, in base64.
        full_name: the full name of its type.
        data: its binary form.
    """
    metadata[f"{_DETAIL}{full_name}"] = base64.b64encode(data).decode("ascii")


def read_details(metadata: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yields the messages in the metadata of an error, but for those that are no base64.

    Args:
        metadata: the metadata, which another party may have written.

    Yields:
        The full name of a type, and the binary form of a message, in the order of the names.
    """
    for key in sorted(metadata):
        if key.startswith(_DETAIL):
            try:
                yield key.removeprefix(_DETAIL), base64.b64decode(metadata[key], validate=True)
            except ValueError:
                continue


def convert_details(
    metadata: Iterable[tuple[str, str]], convert: Callable[[bytes], bytes]
) -> tuple[tuple[str, str], ...]:
    """The metadata of an error with other bytes for its messages; what is no base64 stays.

    Args:
        metadata: the metadata.
        convert: makes the other bytes.
    """
    converted: list[tuple[str, str]] = []
    for key, value in metadata:
        text = value
        if key.startswith(_DETAIL):
            with suppress(binascii.Error):
                data = base64.b64decode(value, validate=True)
                text = base64.b64encode(convert(data)).decode("ascii")
        converted.append((key, text))
    return tuple(converted)


# The file of google.rpc.RetryInfo does not come with protobuf. The message has one field: number 1,
# a Duration. protobuf is imported where a delay is written or read, for not every program has one.


def _retry_info(delay: timedelta) -> bytes:
    from google.protobuf.duration_pb2 import Duration  # noqa: PLC0415

    duration = Duration()
    duration.FromTimedelta(delay)
    data = duration.SerializeToString()  # shorter than 128 bytes
    return bytes((1 << 3 | 2, len(data))) + data


def _retry_delay(retry_info: bytes | None) -> timedelta | None:
    if retry_info is None:
        return None
    from google.protobuf.duration_pb2 import Duration  # noqa: PLC0415
    from google.protobuf.empty_pb2 import Empty  # noqa: PLC0415
    from google.protobuf.message import DecodeError  # noqa: PLC0415
    from google.protobuf.unknown_fields import UnknownFieldSet  # noqa: PLC0415

    try:
        for field in UnknownFieldSet(Empty.FromString(retry_info)):
            known: Any = field
            if (known.field_number, known.wire_type) == (1, 2):
                return Duration.FromString(known.data).ToTimedelta()
    except (DecodeError, ValueError, OverflowError):  # of another party
        pass
    return None


def _check_retry_after(where: str, retry_after: object) -> None:
    if not isinstance(retry_after, timedelta):
        raise TypeError(f"{where}(retry_after={retry_after!r}): must be a timedelta")
