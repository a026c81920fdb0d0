"""h2's connection, changed so that a stream error (RFC 9113, section 5.4.2) ends that stream alone.

h2 closes the connection for nearly every violation. Two things tell which of them are about one
stream: the frame's header block is decoded by then, so that HPACK's tables are right, and the
stream is one of those that h2 knows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from h2.connection import ConnectionInputs, H2Connection, H2ConnectionStateMachine
from h2.events import RequestReceived, StreamReset, TrailersReceived
from h2.exceptions import InvalidBodyLengthError, ProtocolError
from h2.stream import StreamState
from hpack.exceptions import HPACKError
from hyperframe.frame import DataFrame, HeadersFrame

from restate_proto.http2.errors import ErrorCode

if TYPE_CHECKING:
    from h2.config import H2Configuration
    from h2.events import Event
    from h2.settings import ChangedSetting, SettingCodes
    from h2.stream import H2Stream
    from hyperframe.frame import Frame

    from restate_proto.http2.engines.base import Headers

__all__ = ["StreamwiseConnection"]

# What h2 leaves to the layers above it: the characters of RFC 9110 and RFC 3986 in the values of
# :method, :scheme, :authority and :path. None of them may have a space.
_METHOD: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_SCHEME: Final = rb"[A-Za-z][A-Za-z0-9+.-]*"
_REQUEST: Final = re.compile(
    rb"%s %s [!-~]* /[!-~\x80-\xff]*|OPTIONS %s [!-~]* \*|CONNECT  [!-~]+ "
    % (_METHOD, _SCHEME, _SCHEME)
)
_COLON: Final = ord(":")
_KEPT: Final = 32  # closed streams that h2 may keep when no other is open
# h2 gives these classes to what a message has wrong, and subclasses to what a peer has.
_MALFORMED: Final = (ProtocolError, InvalidBodyLengthError)


class _StateMachine(H2ConnectionStateMachine):
    """Lets running streams go on after the peer's GOAWAY, where h2 would refuse their frames."""

    def process_input(self, input_: ConnectionInputs) -> list[Event]:
        if input_ is ConnectionInputs.RECV_GOAWAY:
            return []
        return super().process_input(input_)


class StreamwiseConnection(H2Connection):
    """An `H2Connection` whose `receive_data` raises for connection errors alone.

    A stream that is ended for an error is reported as `StreamReset`; one that is beyond
    MAX_CONCURRENT_STREAMS is refused and not reported.
    """

    def __init__(self, config: H2Configuration) -> None:
        super().__init__(config)
        self.state_machine = _StateMachine()
        self._count_above = 0  # how many streams h2 may keep before the open ones are counted

    def clear_outbound_data_buffer(self) -> None:
        """Keeps the output when the peer's GOAWAY arrives: what it asks for is part of it."""

    @property
    def unsent(self) -> int:
        """The bytes that `data_to_send` would give."""
        return len(self._data_to_send)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - h2 does not annotate it

    @property
    def unparsed(self) -> bytearray:
        """What was received of a frame that is not complete."""
        return self.incoming_buffer._data  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

    @property
    def header_block(self) -> list[Any]:
        """The frames of a header block that is not complete."""
        return self.incoming_buffer._headers_buffer  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

    @property
    def is_greeted(self) -> bool:
        """Whether the client's preface is complete."""
        return not self.incoming_buffer._preamble_len  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

    def send_raw(self, frame: bytes) -> None:
        """Sends a frame of ours, which h2 would take as the end of the connection."""
        self._data_to_send += frame

    @property
    def open_inbound_streams(self) -> int:
        """None, to h2, which would not even decode the header block of a stream too many."""
        return 0

    def _receive_frame(self, frame: Frame) -> list[Event]:
        try:
            return super()._receive_frame(frame)
        except ProtocolError as error:
            cause = error.__cause__
            if error.__class__ not in _MALFORMED:
                raise
            if isinstance(cause, (HPACKError, IndexError)):
                error.error_code = ErrorCode.COMPRESSION_ERROR  # pyright: ignore[reportAttributeAccessIssue]
                raise
            # The other errors with a cause are about the state of the connection or the stream,
            # but for one about a field's value: too long a number.
            stream = self.streams.get(frame.stream_id)
            if stream is None or not (cause is None or cause.__class__ is ValueError):
                raise
            return self._reset_malformed(stream, frame)

    def _receive_headers_frame(self, frame: HeadersFrame) -> tuple[list[Frame], list[Event]]:
        stream = self.streams.get(frame.stream_id)
        if stream is not None:
            return self._receive_later_headers(stream, frame)
        frames, events = super()._receive_headers_frame(frame)
        event = events[0]
        if isinstance(event, RequestReceived):
            _check_request(event.headers, ended=event.stream_ended is not None)
            if len(self.streams) > self._count_above and self._has_too_many_streams():
                self.reset_stream(frame.stream_id, ErrorCode.REFUSED_STREAM)
                return [], []
        return frames, events

    def _has_too_many_streams(self) -> bool:
        """Counts the open streams, at which h2 drops the closed ones.

        It looks at every stream, so it is done when their number may have doubled, and not for
        each request.
        """
        limit = self.local_settings.max_concurrent_streams
        number = super().open_inbound_streams
        self._count_above = min(limit, 2 * len(self.streams) + _KEPT)
        return number > limit

    def _local_settings_acked(self) -> dict[SettingCodes | int, ChangedSetting]:
        self._count_above = 0  # the limit is in force from now on
        return super()._local_settings_acked()

    def _receive_later_headers(
        self, stream: H2Stream, frame: HeadersFrame
    ) -> tuple[list[Frame], list[Event]]:
        """Checks at trailers that the body was whole, where h2 forgets how long it was to be."""
        expected = stream._expected_content_length  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        result = super()._receive_headers_frame(frame)
        if isinstance(result[1][0], TrailersReceived):
            stream._expected_content_length = expected  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            stream._track_content_length(0, end_stream=True)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return result

    def _reset_malformed(self, stream: H2Stream, frame: Frame) -> list[Event]:
        """Ends the stream of a malformed message."""
        # Where the order of frames was wrong, h2 has closed it already, without telling the peer.
        stream.state_machine.state = StreamState.OPEN
        self.reset_stream(stream.stream_id, ErrorCode.PROTOCOL_ERROR)
        if isinstance(frame, DataFrame) and frame.flow_controlled_length:
            self.increment_flow_control_window(frame.flow_controlled_length)
        return [
            StreamReset(
                stream_id=stream.stream_id,
                error_code=ErrorCode.PROTOCOL_ERROR,  # pyright: ignore[reportArgumentType]
                remote_reset=False,
            )
        ]


def _check_request(headers: Headers, *, ended: bool) -> None:
    """Raises for what h2 lets pass: characters, extended CONNECT, and a body that is missing."""
    values: dict[bytes, bytes] = {}
    for name, value in headers:
        if name[0] != _COLON:
            break
        values[name] = value
    get = values.get
    line = b" ".join(
        (get(b":method", b""), get(b":scheme", b""), get(b":authority", b""), get(b":path", b""))
    )
    if _REQUEST.fullmatch(line) is None or b":protocol" in values:
        raise ProtocolError(f"malformed pseudo-fields: {values}")
    if ended:
        for name, value in headers:
            if name == b"content-length" and int(value):
                raise InvalidBodyLengthError(int(value), 0)
