"""The engine on ngh2, a binding of libnghttp2, which is preferred where it is installed.

ngh2 keeps body bytes until the peer's windows let them into a frame, so there is no queue here. It
gives back the receive windows of stream and connection only together. Therefore the connection's
window is opened as wide as HTTP/2 allows, which is more than all streams' windows together, and
what a stream has not acknowledged is given back when the stream closes.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, Final

import ngh2
from ngh2.events import (
    ConnectionClosed,
    DataReceived,
    GoAwayReceived,
    PingAcknowledged,
    RequestReceived,
    ResponseReceived,
    SettingsReceived,
    StreamClosed,
    StreamReset,
    TrailersReceived,
)
from ngh2.exceptions import (
    ConnectionStateError,
    DenialOfServiceError,
    InternalError,
    NGH2Error,
    StreamProtocolError,
)
from typing_extensions import override

from restate_proto.http2.engines.base import (
    BODY_CREDIT,
    FIELD_COST,
    HEADERS_CREDIT,
    MANY_FIELDS,
    MAX_STREAM_ID,
    NO_STREAMS,
    OUTPUT_CHUNK,
    RESET_COST,
    Engine,
    goaway_frame,
)
from restate_proto.http2.engines.large_frames import LargeFrames
from restate_proto.http2.errors import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.http2.engines.base import Headers, Sink
    from restate_proto.http2.limits import Http2Settings

__all__ = ["Ngh2Engine"]

# The errors of operations on a stream or connection that is already gone.
_GONE: Final = (StreamProtocolError, ConnectionStateError)
CONNECTION_WINDOW: Final = 2**31 - 1
# The bytes that RFC 9113 adds to each field when it counts a list.
FIELD_OVERHEAD: Final = 32
# The library's own limits end a connection at once. They are set so high that the intake, which
# first reads more slowly, never lets a peer reach them.
_MOST_ACKS: Final = 10_000
_MOST_RESETS: Final = (100_000, 10_000)
_MOST_GLITCHES: Final = (1_000_000, 100_000)
# How much an event counts in `work`: about the bytes of the smallest frames.
_EVENT: Final = 16
# A DATA frame has one event, or two if it ends its stream.
_EVENTS_OF_FRAME: Final = 2
_TAKES_TURNS: Final = ngh2.Priority(incremental=True)
# A number that HTTP/2 defines no setting for.
_UNKNOWN_SETTING: Final = 0xF0E1


class Ngh2Engine(Engine):
    """The engine on ngh2."""

    __slots__ = (
        "_acknowledge",
        "_client",
        "_connection",
        "_data_to_send",
        "_earned_in_output",
        "_events",
        "_is_cut",
        "_is_unfinished",
        "_large_frames",
        "_newest",
        "_on_closed",
        "_on_data",
        "_on_headers",
        "_own_goaway",
        "_peer_streams",
        "_receive_data",
        "_received",
        "_sink",
        "_unacknowledged",
        "more",
        "respond",
        "send",
        "work",
    )

    portion_size = 1_024

    def __init__(self, sink: Sink, settings: Http2Settings, *, client: bool) -> None:
        config = ngh2.Configuration(
            auto_window_update=False,
            max_inbound_header_list_size=settings.max_header_list_size,
            # Only the size of the list is limited: a list of that size cannot have more fields, and
            # needs no more frames unless they are smaller than 1 KiB.
            max_inbound_header_count=settings.max_header_list_size // FIELD_OVERHEAD,
            max_continuations=settings.max_header_list_size // 1_024,
            stream_reset_rate_limit=_MOST_RESETS,
            glitch_rate_limit=_MOST_GLITCHES,
            max_outbound_ack=_MOST_ACKS,
        )
        role = ngh2.Role.CLIENT if client else ngh2.Role.SERVER
        self._connection = connection = ngh2.Connection(role, config)
        values = {
            ngh2.Setting.INITIAL_WINDOW_SIZE: settings.stream_window,
            ngh2.Setting.MAX_FRAME_SIZE: settings.max_frame_size,
            ngh2.Setting.MAX_HEADER_LIST_SIZE: settings.max_header_list_size,
        }
        if client:
            values[ngh2.Setting.ENABLE_PUSH] = 0
        else:
            values[ngh2.Setting.MAX_CONCURRENT_STREAMS] = settings.max_concurrent_streams
            values[ngh2.Setting.NO_RFC7540_PRIORITIES] = 1  # else `interleave` has no effect
        connection.initiate_connection(values)
        connection.set_local_window_size(CONNECTION_WINDOW)
        self._client = client
        self._sink = sink
        self._unacknowledged: dict[int, int] = {}
        self._peer_streams = MAX_STREAM_ID
        self._newest = 0
        self.work = 0
        self._is_unfinished = False
        self._earned_in_output = 0
        self._own_goaway: bytes | None = None
        self._is_cut = False
        self._received = 0
        self._large_frames = LargeFrames(self.portion_size, settings.max_frame_size)
        self.more = True
        # Bound once: these run for every message.
        self._receive_data = connection.receive_data
        self._events = connection.events
        self._data_to_send = connection.data_to_send
        self._acknowledge = connection.acknowledge_received_data
        self.respond = connection.send_response
        self.send = connection.send_data
        self._on_headers = sink.on_headers
        self._on_data = sink.on_data
        self._on_closed = sink.on_closed

    @property
    @override
    def gone(self) -> tuple[type[Exception], ...]:
        return _GONE

    @property
    @override
    def newest(self) -> int:
        return self._newest

    @property
    @override
    def is_unfinished(self) -> bool:
        return self._is_unfinished

    @property
    @override
    def has_unsent(self) -> bool:
        return self._connection.queued_body_size() > 0

    @override
    def receive(self, data: bytes | memoryview) -> int:
        try:
            self._receive_data(data)
        except NGH2Error as error:
            earned = self._dispatch(self._events())
            self._terminate(error)
            return earned
        events = self._events()
        received = self._received + len(data)
        self._received = received
        if received <= self._large_frames.end and len(events) > _EVENTS_OF_FRAME:
            self._large_frames.guessed_wrong = True
        if not events:
            self._is_unfinished = True
            return 0
        self._is_unfinished = False
        self.work += _EVENT * len(events)
        earned = self._dispatch(events) + self._earned_in_output
        self._earned_in_output = 0
        return earned

    @override
    def portion(self, data: memoryview, start: int) -> int:
        return self._large_frames.portion(data, start, self._received)

    def _dispatch(self, events: list[Any]) -> int:  # Any: not narrowed by `kind`, taken once
        earned = 0
        unread = self._unacknowledged
        on_headers, on_data, on_closed = self._on_headers, self._on_data, self._on_closed
        for event in events:
            kind = event.__class__
            if kind is DataReceived:
                stream_id = event.stream_id
                data = event.data
                end = event.end_stream
                if data:
                    size = len(data)
                    earned += BODY_CREDIT * size
                    unread[stream_id] = unread.get(stream_id, 0) + size
                elif not end:
                    continue
                on_data(stream_id, data, end)
            elif kind is RequestReceived:
                stream_id = self._newest = event.stream_id
                headers = event.headers
                earned += HEADERS_CREDIT
                if len(headers) > MANY_FIELDS:
                    earned -= FIELD_COST * len(headers)
                on_headers(stream_id, headers, event.end_stream)
            elif kind is StreamClosed:
                stream_id = event.stream_id
                amount = unread.pop(stream_id, 0)
                if amount:
                    # This opens the connection's window, which is too wide for it to be urgent.
                    try:  # noqa: SIM105 - suppress() costs more than the call
                        self._acknowledge(amount, stream_id)
                    except _GONE:
                        pass
                if event.error_code:
                    earned -= RESET_COST
                    # A reset by the peer was reported already.
                    if event.error_code == ErrorCode.PROTOCOL_ERROR:
                        self._sink.on_malformed(stream_id)
                    else:
                        self._sink.on_reset(stream_id, event.error_code)
                else:
                    on_closed(stream_id)
            elif kind is ResponseReceived:
                earned += HEADERS_CREDIT
                on_headers(event.stream_id, event.headers, event.end_stream)
            else:
                self._dispatch_rare(event)
        return earned

    def _dispatch_rare(self, event: ngh2.Event) -> None:
        sink = self._sink
        match event:
            case TrailersReceived(stream_id):
                sink.on_end(stream_id)
            case StreamReset(stream_id, code):
                sink.on_reset(stream_id, code)
            case GoAwayReceived(last_stream_id, code, debug):
                sink.on_goaway(last_stream_id, code, debug)
            case SettingsReceived(settings):
                # SETTINGS change the values that they name, and no others.
                limit = settings.get(ngh2.Setting.MAX_CONCURRENT_STREAMS, self._peer_streams)
                self._peer_streams = limit
                sink.on_peer_settings(limit)
            case PingAcknowledged():
                sink.on_pong()
            case ConnectionClosed(code, debug):
                self._own_goaway = self._own_goaway or b""
                sink.on_terminated(code, debug.decode("utf-8", "replace"))
            case _:
                pass

    def _terminate(self, error: NGH2Error) -> None:
        """Report the end; ngh2 has dropped the session, so that we write the GOAWAY."""
        if self._own_goaway is not None:
            return
        code = ErrorCode.PROTOCOL_ERROR
        if isinstance(error, DenialOfServiceError):
            code = ErrorCode.ENHANCE_YOUR_CALM
        elif isinstance(error, InternalError):
            code = ErrorCode.INTERNAL_ERROR
        # If the last output ended in the middle of a frame, nothing can be added.
        last_stream_id = 0 if self._client else self._newest
        self._own_goaway = b"" if self._is_cut else goaway_frame(last_stream_id, code)
        self._sink.on_terminated(code, str(error))

    @override
    def output(self) -> bytes:
        try:
            data = self._data_to_send(OUTPUT_CHUNK)
        except NGH2Error as error:
            self._terminate(error)
            data, self._own_goaway = self._own_goaway or b"", b""
            self.more = False
            return data
        events = self._events()
        if events:  # sending the last frame of a stream closes it, and so does a reset, which costs
            self._earned_in_output += self._dispatch(events)
        self._is_cut = len(data) >= OUTPUT_CHUNK
        self.more = self._is_cut
        return data

    @override
    def request(self, headers: Headers, *, end_stream: bool) -> int:
        try:
            return self._connection.send_request(headers, end_stream=end_stream)
        except NGH2Error:
            return 0

    @override
    def inform(self, stream_id: int, headers: Headers) -> None:
        with contextlib.suppress(*_GONE):
            self._connection.send_informational_response(stream_id, headers)

    @override
    def interleave(self, stream_id: int) -> None:
        """Mark the stream as incremental; otherwise libnghttp2 sends one stream after the other."""
        if not self._client:
            with contextlib.suppress(NGH2Error):
                self._connection.set_stream_priority(stream_id, _TAKES_TURNS)

    @override
    def buffered(self, stream_id: int) -> int:
        return self._connection.queued_body_size(stream_id)

    @override
    def acknowledge(self, stream_id: int, amount: int) -> None:
        unread = self._unacknowledged.get(stream_id, 0)
        # The layer above may not acknowledge more than it was given.
        amount = min(amount, unread)
        if amount:
            self._unacknowledged[stream_id] = unread - amount
            with contextlib.suppress(*_GONE):
                self._acknowledge(amount, stream_id)

    @override
    def reset(self, stream_id: int, code: int) -> None:
        with contextlib.suppress(NGH2Error):
            self._connection.reset_stream(stream_id, code)

    @override
    def ping(self) -> None:
        self._submit(self._connection.ping)

    @override
    def shutdown_notice(self) -> None:
        self._submit(self._connection.send_shutdown_notice)

    @override
    def forbid_streams(self) -> None:
        """Announce the limit without telling libnghttp2.

        The library would enforce it at once, and refuse streams that the peer opens before it
        knows. So another SETTINGS frame is submitted, and rewritten when it is sent.
        """
        value = int.from_bytes(os.urandom(4))  # random, to find the frame among the output
        placeholder = _UNKNOWN_SETTING.to_bytes(2, "big") + value.to_bytes(4, "big")

        def rewrite(size: int) -> bytes:
            data = self._connection.data_to_send(size)
            if placeholder in data:
                self._data_to_send = self._connection.data_to_send
                data = data.replace(placeholder, NO_STREAMS)
            return data

        self._submit(lambda: self._connection.update_settings({_UNKNOWN_SETTING: value}))
        self._data_to_send = rewrite

    @override
    def goaway(self, code: int) -> None:
        self._submit(lambda: self._connection.send_goaway(code, last_stream_id=self._newest))

    def _submit(self, submit: Callable[[], None]) -> None:
        with contextlib.suppress(NGH2Error):
            submit()
