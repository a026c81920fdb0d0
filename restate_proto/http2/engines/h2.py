"""The engine on h2, which is pure Python and runs everywhere."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

from h2.config import H2Configuration
from h2.connection import ConnectionState
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    PingAckReceived,
    RemoteSettingsChanged,
    RequestReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
    WindowUpdated,
)
from h2.exceptions import FlowControlError, FrameTooLargeError, H2Error
from h2.settings import SettingCodes, Settings
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
from restate_proto.http2.engines.h2_connection import StreamwiseConnection
from restate_proto.http2.engines.h2_outbox import GONE, Outboxes
from restate_proto.http2.errors import ErrorCode

if TYPE_CHECKING:
    from h2.events import Event

    from restate_proto.http2.engines.base import Headers, Sink
    from restate_proto.http2.limits import Http2Settings

__all__ = ["H2Engine"]

CONNECTION_WINDOW: Final = 16_777_216
_DEFAULT_WINDOW: Final = 65_535
# How many bytes of answers (to PING and such) a peer may leave unread before it counts as hostile.
MAX_UNSENT: Final = 1_048_576 + OUTPUT_CHUNK


class H2Engine(Engine):
    """The engine on h2."""

    __slots__ = (
        "_broken",
        "_client",
        "_connection",
        "_ended",
        "_max_frame",
        "_max_header_block",
        "_sink",
        "_unreturned",
        "_unsent",
        "more",
        "work",
    )

    portion_size = 256  # smaller than ngh2's, because h2 is slower

    def __init__(self, sink: Sink, settings: Http2Settings, *, client: bool) -> None:
        config = H2Configuration(
            client_side=client,
            header_encoding=None,
            # The layers above use lower-case names, and values without line breaks.
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        self._connection = connection = StreamwiseConnection(config)
        values = {
            SettingCodes.INITIAL_WINDOW_SIZE: settings.stream_window,
            SettingCodes.MAX_FRAME_SIZE: settings.max_frame_size,
            SettingCodes.MAX_HEADER_LIST_SIZE: settings.max_header_list_size,
        }
        if client:
            values[SettingCodes.ENABLE_PUSH] = 0
        else:
            values[SettingCodes.MAX_CONCURRENT_STREAMS] = settings.max_concurrent_streams
        connection.local_settings = Settings(client=client, initial_values=values)
        connection.max_inbound_frame_size = settings.max_frame_size
        connection.decoder.max_header_list_size = settings.max_header_list_size
        connection.initiate_connection()
        connection.increment_flow_control_window(CONNECTION_WINDOW - _DEFAULT_WINDOW)
        self._client = client
        self._sink = sink
        self._unsent = Outboxes(connection)
        self._ended: list[int] = []  # streams that we ended since the last output
        self._unreturned = 0
        self._broken = False
        self._max_frame = settings.max_frame_size
        # No encoder makes a header block larger than the header list that it encodes.
        self._max_header_block = settings.max_header_list_size
        self.work = 0
        self.more = True

    @property
    @override
    def gone(self) -> tuple[type[Exception], ...]:
        return GONE

    @property
    @override
    def newest(self) -> int:
        return self._connection.highest_inbound_stream_id

    @property
    @override
    def is_unfinished(self) -> bool:
        return bool(self._connection.unparsed or self._connection.header_block)

    @property
    @override
    def has_unsent(self) -> bool:
        return bool(self._unsent.of_streams)

    @override
    def portion(self, data: memoryview, start: int) -> int:
        """Count frames, not bytes: a single large frame is little work."""
        connection = self._connection
        size = self.portion_size
        if connection.is_greeted:
            unparsed = connection.unparsed
            head = unparsed[:3] if len(unparsed) > 2 else unparsed + data[start : start + 3]
            length = int.from_bytes(head[:3], "big")
            if length <= self._max_frame:
                size = max(size, 9 + length - len(unparsed))
        return min(len(data), start + size)

    @override
    def receive(self, data: bytes | memoryview) -> int:
        connection = self._connection
        sink = self._sink
        if self._broken:
            return 0
        try:
            # Any, because type checkers do not narrow events by `kind`, which is read once.
            events: list[Any] = connection.receive_data(data)  # pyright: ignore[reportAssignmentType]
        except H2Error as error:
            code = getattr(error, "error_code", ErrorCode.PROTOCOL_ERROR)
            if connection.state_machine.state is not ConnectionState.CLOSED:
                self._goaway(code)  # h2 sends no GOAWAY for a wrong preface
            self._terminate(code, str(error))
            return 0
        except Exception as error:  # noqa: BLE001 - whatever a peer sends must not end the loop
            self._goaway(ErrorCode.INTERNAL_ERROR)
            self._terminate(ErrorCode.INTERNAL_ERROR, repr(error))
            return 0
        body = earned = 0
        for event in events:
            kind = event.__class__
            if kind is DataReceived:
                body += len(event.data)
                self._data_received(event)
            elif kind is RequestReceived or kind is ResponseReceived:
                headers = event.headers
                earned += HEADERS_CREDIT
                if len(headers) > MANY_FIELDS:
                    earned -= FIELD_COST * len(headers)
                sink.on_headers(event.stream_id, headers, event.stream_ended is not None)
            elif kind is StreamEnded:
                if event.stream_id not in self._ended:  # else `output` reports it
                    self._report_if_closed(event.stream_id)
            elif kind is WindowUpdated:
                self._unsent.unblock(event.stream_id)
            else:
                if kind is StreamReset:
                    earned -= RESET_COST
                self._receive_rare(event)
        if connection.refused:
            earned -= RESET_COST * connection.refused
            connection.refused = 0
        unparsed = connection.unparsed
        block = connection.header_block
        # Frames may be complete that h2 does not report, such as requests that are refused.
        if events or (len(unparsed) < len(data) and not block):
            self.work += max(len(events), len(data) - body)
        if unparsed or block:
            self._check_size_of_unfinished()
        if connection.unsent > MAX_UNSENT:
            self._goaway(ErrorCode.ENHANCE_YOUR_CALM)
            self._terminate(ErrorCode.ENHANCE_YOUR_CALM, "the peer does not read the answers")
        return earned + BODY_CREDIT * body

    def _check_size_of_unfinished(self) -> None:
        """End a connection that begins something too large, before h2 has received all of it."""
        unparsed = self._connection.unparsed
        if len(unparsed) > 2 and self._connection.is_greeted:
            length = int.from_bytes(unparsed[:3], "big")
            if length > self._max_frame:
                self._goaway(ErrorCode.FRAME_SIZE_ERROR)
                self._terminate(ErrorCode.FRAME_SIZE_ERROR, f"a frame announces {length} bytes")
                return
        size = sum(len(frame.data) for frame in self._connection.header_block)
        if size > self._max_header_block:
            self._goaway(ErrorCode.ENHANCE_YOUR_CALM)
            self._terminate(
                ErrorCode.ENHANCE_YOUR_CALM, f"a header block of more than {size} bytes"
            )

    def _data_received(self, event: DataReceived) -> None:
        stream_id = event.stream_id
        data = event.data
        length = event.flow_controlled_length
        # Given back after a quarter, because h2 itself holds back up to half, for closed streams.
        self._unreturned += length
        if self._unreturned >= CONNECTION_WINDOW // 4:
            self._connection.increment_flow_control_window(self._unreturned)
            self._unreturned = 0
        padding = length - len(data)
        if padding:
            self.acknowledge(stream_id, padding)
        end = event.stream_ended is not None
        if data or end:
            self._sink.on_data(stream_id, data, end)

    def _receive_rare(self, event: Event) -> None:
        sink = self._sink
        match event:
            case StreamReset():
                stream_id = event.stream_id
                self._unsent.forget(stream_id)
                if event.remote_reset:
                    sink.on_reset(stream_id, event.error_code)
                else:
                    sink.on_malformed(stream_id)
            case TrailersReceived():
                sink.on_end(event.stream_id)
            case RemoteSettingsChanged():
                self._unsent.unblock(0)
                limit = self._connection.remote_settings.max_concurrent_streams
                sink.on_peer_settings(min(limit, MAX_STREAM_ID))
            case ConnectionTerminated():
                last, code = event.last_stream_id or 0, event.error_code or 0
                sink.on_goaway(last, code, event.additional_data or b"")
            case PingAckReceived():
                sink.on_pong()
            case _:
                pass

    def _terminate(self, code: int, reason: str) -> None:
        if not self._broken:
            self._broken = True
            self._unsent.clear()
            self._sink.on_terminated(code, reason)

    @override
    def output(self) -> bytes:
        unsent = self._unsent
        if unsent.ready:
            self._ended += unsent.frame()
        self.more = bool(unsent.ready)
        data = self._connection.data_to_send()
        if self._ended:
            ended, self._ended = self._ended, []
            for stream_id in ended:
                self._report_if_closed(stream_id)
        return data

    def _report_if_closed(self, stream_id: int) -> None:
        """Report a stream whose two sides have ended, for which h2 has no event."""
        stream = self._connection.streams.get(stream_id)
        if stream is None or stream.closed:
            self._sink.on_closed(stream_id)

    @override
    def request(self, headers: Headers, *, end_stream: bool) -> int:
        try:
            stream_id = self._connection.get_next_available_stream_id()
            self._connection.send_headers(stream_id, headers, end_stream=end_stream)
        except H2Error:
            return 0
        return stream_id

    @override
    def respond(self, stream_id: int, headers: Headers, *, end_stream: bool) -> None:
        self._connection.send_headers(stream_id, headers, end_stream=end_stream)
        if end_stream:
            self._ended.append(stream_id)

    @override
    def inform(self, stream_id: int, headers: Headers) -> None:
        with contextlib.suppress(*GONE):
            self.respond(stream_id, headers, end_stream=False)

    @override
    def send(self, stream_id: int, data: bytes, *, end_stream: bool) -> None:
        if stream_id not in self._unsent.of_streams:
            connection = self._connection
            if connection.unsent < OUTPUT_CHUNK:
                try:
                    connection.send_data(stream_id, data, end_stream=end_stream)
                except (FlowControlError, FrameTooLargeError):
                    pass
                else:
                    if end_stream:
                        self._ended.append(stream_id)
                    return
        self._unsent.add(stream_id, data, end=end_stream)

    @override
    def interleave(self, stream_id: int) -> None:
        """Do nothing: all streams take turns here anyway."""

    @override
    def buffered(self, stream_id: int) -> int:
        outbox = self._unsent.of_streams.get(stream_id)
        return 0 if outbox is None else outbox.size

    @override
    def acknowledge(self, stream_id: int, amount: int) -> None:
        with contextlib.suppress(*GONE, ValueError):
            self._connection.increment_flow_control_window(amount, stream_id)

    @override
    def reset(self, stream_id: int, code: int) -> None:
        self._unsent.forget(stream_id)
        with contextlib.suppress(*GONE):
            self._connection.reset_stream(stream_id, code)

    @override
    def ping(self) -> None:
        with contextlib.suppress(*GONE):
            self._connection.ping(bytes(8))

    @override
    def shutdown_notice(self) -> None:
        if not self._broken:
            self._connection.send_raw(goaway_frame(MAX_STREAM_ID, ErrorCode.NO_ERROR))

    @override
    def forbid_streams(self) -> None:
        if not self._broken:
            # h2 is not told, because it would end the connection at the next stream.
            self._connection.send_raw(b"\x00\x00\x06\x04\x00" + bytes(4) + NO_STREAMS)

    @override
    def goaway(self, code: int) -> None:
        if not self._broken:
            self._goaway(code)

    def _goaway(self, code: int) -> None:
        last_stream_id = 0 if self._client else self._connection.highest_inbound_stream_id
        self._connection.send_raw(goaway_frame(last_stream_id, code))
