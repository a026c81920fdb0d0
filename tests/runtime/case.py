"""Drive an attempt with bytes, as an HTTP/2 stream would, and read what it writes."""

from __future__ import annotations

import asyncio
import functools
import math
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import pytest
from google.protobuf.message import Message

from conformance.v1.conformance_pb2 import Parcel
from restate_proto.codec.google import google_codec
from restate_proto.model.hooks import Hooks
from restate_proto.model.key_format import FixedKey
from restate_proto.model.kinds import Encoding, HandlerKind, ServiceKind
from restate_proto.model.retry import OnJournalMismatch
from restate_proto.model.service import HandlerDescriptor
from restate_proto.protocol import DEFAULT_MAX_OUTBOUND
from restate_proto.protocol.frames import FrameDecoder, pack_header
from restate_proto.protocol.wire import LARGE
from restate_proto.runtime import (
    DEFAULT_RUN_THREADS,
    Attempt,
    BoundHandler,
    Runtime,
    Scheduling,
)
from restate_proto.runtime.intercepted_attempt import InterceptedAttempt
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from restate_proto.model.interceptors import Interceptor
    from restate_proto.runtime import LastFailure
    from restate_proto.runtime.debug import Debugger

__all__ = [
    "AWAKEABLE",
    "CANCEL",
    "INVOCATION",
    "VERSIONS",
    "Case",
    "Stream",
    "each_version",
    "frame",
    "id_of",
    "in_loop",
    "named",
    "result",
    "signal",
    "value",
]

M = TypeVar("M", bound=Message)
P = ParamSpec("P")

VERSIONS = (5, 6, 7)

each_version = pytest.mark.parametrize("version", VERSIONS)
"""Run a test once with each version of the service protocol."""

INVOCATION = "inv_1" + "0" * 33
"""The id of another invocation."""

AWAKEABLE = "sign_1" + "A" * 38
"""The id of an awakeable of another invocation."""

_TYPES: dict[type[Message], int] = TYPES | {
    pb.NotificationTemplate: 0x8011  # all notifications have one shape
}
_CLASSES = {type_: class_ for class_, type_ in _TYPES.items()}


def in_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an asynchronous test in an event loop of its own."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        problems: list[dict[str, Any]] = []

        async def watched() -> None:
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda _, context: problems.append(context))
            await test(*args, **kwargs)

        asyncio.run(watched())
        assert not problems

    return run


def frame(message: Message | bytes, flags: int = 0) -> bytes:
    """Return a message as it is on the wire; bytes are taken as they are."""
    if isinstance(message, bytes):
        return message
    data = message.SerializeToString()
    return pack_header(_TYPES[type(message)], flags, len(data)) + data


def value(id_: int, content: bytes | Parcel = b"") -> pb.NotificationTemplate:
    """Return a notification with a value."""
    data = content if isinstance(content, bytes) else content.SerializeToString()
    return pb.NotificationTemplate(completion_id=id_, value=pb.Value(content=data))


def result(id_: int, **fields: Any) -> pb.NotificationTemplate:
    """Return a notification with another result, by default void."""
    return pb.NotificationTemplate(completion_id=id_, **(fields or {"void": pb.Void()}))


def id_of(id_: int, invocation_id: str) -> pb.NotificationTemplate:
    """Return the notification of an invocation id."""
    return result(id_, invocation_id=invocation_id)


def signal(index: int, content: bytes = b"") -> pb.NotificationTemplate:
    """Return a signal with an index, such as an awakeable's."""
    return pb.NotificationTemplate(signal_id=index, value=pb.Value(content=content))


def named(name: str, content: bytes) -> pb.NotificationTemplate:
    """Return a named signal."""
    return pb.NotificationTemplate(signal_name=name, value=pb.Value(content=content))


CANCEL = pb.NotificationTemplate(signal_id=1, void=pb.Void())


class Stream:
    """The stream that an attempt writes to.

    Attributes:
        above_high_water: what the attempt is told about its output.
        headers: those of the request.
        acknowledged: how many bytes of input it has acknowledged.
        ended: whether it has ended the stream.
        writes: how often it wrote.
        written: set when it writes.
    """

    def __init__(self) -> None:
        self.above_high_water = False
        self.headers: list[tuple[bytes, bytes]] = []
        self.acknowledged = 0
        self.ended = False
        self.writes = 0
        self.written = asyncio.Event()
        self._decoder = FrameDecoder()
        self._messages: list[Message] = []

    def write(self, data: bytes, *, end: bool = False) -> None:
        assert not self.ended, "written after the end"
        self.writes += 1
        self.written.set()
        self.ended = end
        for type_, payload in self._decoder.feed(data):
            self._messages.append(_CLASSES[type_].FromString(payload))
        missing = self._decoder.missing
        if missing and len(data) < LARGE:  # large payloads are pieces of their own
            assert missing >= LARGE, "written in pieces of messages"

    def acknowledge(self, amount: int) -> None:
        assert amount > 0
        self.acknowledged += amount

    def sent(self) -> list[Message]:
        """The messages since the last look."""
        messages, self._messages = self._messages, []
        return messages


class Case:
    """An attempt of a handler, created inside a running event loop.

    Args:
        body: the handler; with a context of its kind and a `Parcel`.
        version: the service protocol version.
        kind: what the handler is of.
        handler_kind: what it is there.
        encoding: the contract's.
        run_threads: how many threads execute ordinary functions, in the runtime that is made.
        runtime: what the attempt shares with others; None makes one.
        request: the handler's request type.
        response: its response type.
        max_outbound: the server's `message-size-limit`.
        explicit_cancellation: whether the handler asks if it is cancelled.
        key: what the contract says of keys.
        debugger: what makes the attempt, in development mode.
        interceptors: the interceptors of its endpoint.
    """

    def __init__(
        self,
        body: Callable[[Any, Any], Coroutine[Any, Any, Any]],
        *,
        version: int = 6,
        kind: ServiceKind = ServiceKind.SERVICE,
        handler_kind: HandlerKind | None = None,
        encoding: Encoding = Encoding.PROTOBUF,
        run_threads: int = DEFAULT_RUN_THREADS,
        runtime: Runtime | None = None,
        request: type[Message] = Parcel,
        response: type[Message] = Parcel,
        max_outbound: int = DEFAULT_MAX_OUTBOUND,
        on_journal_mismatch: OnJournalMismatch = OnJournalMismatch.RETRY,
        explicit_cancellation: bool = False,
        key: FixedKey | None = None,
        debugger: Debugger | None = None,
        interceptors: Sequence[Interceptor] = (),
    ) -> None:
        descriptor = HandlerDescriptor(
            service="runtime.v1.Service",
            name="Handle",
            method="handle",
            service_kind=kind,
            kind=handler_kind,
            request=google_codec(request),
            response=google_codec(response),
            encoding=encoding,
            explicit_cancellation=explicit_cancellation,
        )
        self.stream = Stream()
        self.fed = 0
        handler = BoundHandler(
            descriptor,
            body,
            max_outbound=max_outbound,
            on_journal_mismatch=on_journal_mismatch,
            key=key,
        )
        if runtime is None:
            # Handlers run when they are ready, however long that takes on a busy machine.
            loop = asyncio.get_running_loop()
            runtime = Runtime(loop, Scheduling(threads=run_threads, turn_seconds=math.inf))
        self.runtime = runtime
        self.handler = handler
        self._version = version
        new_attempt: Any = Attempt if debugger is None else debugger.attempt
        if interceptors:
            self.handler = handler = handler.intercepted(Hooks("Case", interceptors))
            new_attempt = InterceptedAttempt if debugger is None else debugger.attempt
        self.attempt = new_attempt(handler, version, self.stream, self.runtime)

    def report_failures(self, report: Callable[[LastFailure], None]) -> None:
        """Report failures instead of retrying, as tests of users do."""
        handler = self.handler.without_retries(report)
        self.attempt = Attempt(handler, self._version, self.stream, self.runtime)

    def start(
        self,
        *entries: Message | bytes,
        payload: bytes | Parcel = b"",
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> Case:
        """Send the start message, the input, and the entries to replay."""
        known: dict[str, Any] = {"id": b"0" * 24, "debug_id": "inv_1", "random_seed": 7}
        opening = pb.StartMessage(known_entries=1 + len(entries), **(known | fields))
        data = payload if isinstance(payload, bytes) else payload.SerializeToString()
        input_ = pb.InputCommandMessage(value=pb.Value(content=data))
        for key, text in (headers or {}).items():
            input_.headers.add(key=key, value=text)
        return self.feed(b"".join(map(frame, (opening, input_, *entries))))

    def feed(self, *messages: Message | bytes) -> Case:
        """Send messages, each by itself."""
        for message in messages:
            data = frame(message)
            self.fed += len(data)
            self.attempt.data_received(data)
        return self

    def close_input(self) -> Case:
        """End the input: Restate sends nothing more."""
        self.attempt.eof_received()
        return self

    def sent(self) -> list[Message]:
        """The messages since the last look."""
        return self.stream.sent()

    def sent_one(self, class_: type[M]) -> M:
        """Return the only message since the last call."""
        (message,) = self.sent()
        assert isinstance(message, class_), message
        return message

    def answer(self) -> Parcel:
        """Return the handler's return value in binary, with what it wrote since the last call."""
        *_, output, end = self.sent()
        assert isinstance(end, pb.EndMessage), end
        assert isinstance(output, pb.OutputCommandMessage), output
        assert output.WhichOneof("result") == "value", output
        assert self.stream.ended
        return Parcel.FromString(output.value.content)

    def failure(self) -> pb.Failure:
        """Return the terminal failure that the handler ended with."""
        *_, output, end = self.sent()
        assert isinstance(end, pb.EndMessage), end
        assert isinstance(output, pb.OutputCommandMessage), output
        assert output.WhichOneof("result") == "failure", output
        assert self.stream.ended
        return output.failure

    def error(self) -> pb.ErrorMessage:
        """Return the error that the attempt ended with."""
        *_, error = self.sent()
        assert isinstance(error, pb.ErrorMessage), error
        assert self.stream.ended
        return error

    def suspension(self) -> pb.SuspensionMessage:
        """Return the suspension that the attempt ended with."""
        *_, suspension = self.sent()
        assert isinstance(suspension, pb.SuspensionMessage), suspension
        assert self.stream.ended
        return suspension

    async def until_written(self) -> None:
        """Let the event loop run until the attempt has written something more."""
        self.stream.written.clear()
        await self.stream.written.wait()
