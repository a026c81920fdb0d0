"""The errors that users raise and catch, and the details in the metadata of an error."""

from __future__ import annotations

import base64
import binascii
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = [
    "DETAIL_PREFIX",
    "PauseError",
    "RestateError",
    "RetryableError",
    "TerminalError",
    "checked_code",
    "convert_details",
    "read_details",
    "write_detail",
]

DETAIL_PREFIX = "restatepb.detail/"
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
        metadata: further details as pairs of strings; they travel with service protocol v6 and
            newer.
        retry_after: how long the caller should wait before it tries again. This is a hint: nothing
            retries because of it. It travels in the metadata, as the detail `google.rpc.RetryInfo`.

    Attributes:
        message: as given.
        code: as given. In an error received from a call, the journal or the ingress, it is the
            number that the other party wrote, whatever that is. When such an error is passed on, a
            number outside of 400 to 599 becomes 500.
        metadata: as given, with the details of the error.
        retry_after: as given, or as in the metadata; None if neither has it.
        selected: the name of the future that failed, if it failed in a `select`; else None.

    Raises:
        TypeError: the code is not an integer, or `retry_after` is not a timedelta.
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
        # Users write TerminalError(exception) and put numbers into metadata. Both become strings,
        # because a failure that cannot be recorded would be retried for ever.
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

    Every exception except a `TerminalError` does the same; this one also says when to retry.

    Args:
        message: what went wrong; the Restate UI and CLI show it.
        retry_after: the delay before the next attempt, in place of the retry policy's.
        code: an HTTP status code, 400 to 599, that describes the failure.

    Raises:
        TypeError: the code is not an integer, or `retry_after` is not a timedelta.
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

    Raise it in a function of `ctx.run` when another attempt cannot succeed, but the invocation must
    not end either. Resuming the invocation calls the function again. Pausing needs service protocol
    v7; on older versions, and when a handler raises it outside of `ctx.run`, the invocation is
    retried as after any other exception.

    Args:
        message: what a person has to do; the Restate UI and CLI show it.
        code: an HTTP status code, 400 to 599, that describes the failure.

    Raises:
        TypeError: the code is not an integer.
        ValueError: the code is not 400 to 599.
    """

    def __init__(self, message: str, *, code: int = 500) -> None:
        super().__init__(message)
        self.message = str(message)
        self.code = checked_code("PauseError", code)


def checked_code(where: str, code: int) -> int:
    """Check the code of a new error, and return it as a plain int.

    The code becomes the status of an HTTP response, where a code below 400 does not mean an error:
    101 would switch protocols, and 204 has no body.

    Args:
        where: the class that takes the code, for the error text.
        code: an HTTP status code.

    Raises:
        TypeError: it is not an integer.
        ValueError: it is not 400 to 599.
    """
    if not isinstance(code, int) or isinstance(code, bool):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        raise TypeError(f"{where}(code={code!r}): must be an HTTP status code, such as 409")
    if not 400 <= code <= 599:
        raise ValueError(
            f"{where}(code={code}): must be the HTTP status code of an error, 400 to 599"
        )
    return int(code)  # an http.HTTPStatus becomes an int


def write_detail(metadata: dict[str, str], full_name: str, data: bytes) -> None:
    """Add a detail, which is a protobuf message, to the metadata of an error.

    Args:
        metadata: gets the message in base64, under `restatepb.detail/` and the name of its type.
        full_name: the full name of the message's type.
        data: the binary form of the message.
    """
    metadata[f"{DETAIL_PREFIX}{full_name}"] = base64.b64encode(data).decode("ascii")


def read_details(metadata: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield the details in the metadata of an error; values that are not base64 are left out.

    Args:
        metadata: the metadata, which another party may have written.

    Yields:
        The full name of a type and the binary form of a message, in the order of the names.
    """
    for key in sorted(metadata):
        if key.startswith(DETAIL_PREFIX):
            try:
                yield (
                    key.removeprefix(DETAIL_PREFIX),
                    base64.b64decode(metadata[key], validate=True),
                )
            except ValueError:
                continue


def convert_details(
    metadata: Iterable[tuple[str, str]], convert: Callable[[bytes], bytes]
) -> tuple[tuple[str, str], ...]:
    """Convert the details in the metadata of an error; values that are not base64 are kept.

    Args:
        metadata: the metadata.
        convert: takes the binary form of a message and returns its replacement.
    """
    converted: list[tuple[str, str]] = []
    for key, value in metadata:
        text = value
        if key.startswith(DETAIL_PREFIX):
            with suppress(binascii.Error):
                data = base64.b64decode(value, validate=True)
                text = base64.b64encode(convert(data)).decode("ascii")
        converted.append((key, text))
    return tuple(converted)


# google.rpc.RetryInfo does not come with protobuf, so it is written by hand: its only field, number
# 1, is a Duration. protobuf is imported only when a delay is written or read, which keeps the import
# of this module fast.


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
    from google.protobuf.message import DecodeError  # noqa: PLC0415

    from restate_proto.protobuf import unknown_fields  # noqa: PLC0415

    try:
        for field in unknown_fields(retry_info):
            known: Any = field
            if (known.field_number, known.wire_type) == (1, 2):
                return Duration.FromString(known.data).ToTimedelta()
    except (DecodeError, ValueError, OverflowError):  # another party wrote it
        pass
    return None


def _check_retry_after(where: str, retry_after: object) -> None:
    if not isinstance(retry_after, timedelta):
        raise TypeError(f"{where}(retry_after={retry_after!r}): must be a timedelta")
