"""h2's connection, changed so that a stream error (RFC 9113, section 5.4.2) ends only that stream.

h2 closes the connection for nearly every violation. A violation concerns one stream only if two
things hold: the frame's header block was decoded, so that HPACK's tables are right, and h2 knows
the stream.
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

# h2 leaves these checks to the layers above it: which characters RFC 9110 and RFC 3986 allow in
# :method, :scheme, :authority and :path. None of them may contain a space.
_METHOD: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_SCHEME: Final = rb"[A-Za-z][A-Za-z0-9+.-]*"
_REQUEST: Final = re.compile(
    rb"%s %s [!-~]* /[!-~\x80-\xff]*|OPTIONS %s [!-~]* \*|CONNECT  [!-~]+ "
    % (_METHOD, _SCHEME, _SCHEME)
)
_COLON: Final = ord(":")
_KEPT: Final = 32  # closed streams that h2 may keep if none is open
_REFUSED_SHARE: Final = (
    16  # the part of the limit that is refused before the streams are counted again
)
# h2 raises exactly these for a malformed message, and subclasses for other faults of a peer.
_MALFORMED: Final = (ProtocolError, InvalidBodyLengthError)


class _StateMachine(H2ConnectionStateMachine):
    """Lets running streams go on after the peer's GOAWAY, where h2 would refuse their frames."""

    def process_input(self, input_: ConnectionInputs) -> list[Event]:
        if input_ is ConnectionInputs.RECV_GOAWAY:
            return []
        return super().process_input(input_)


class StreamwiseConnection(H2Connection):
    """An `H2Connection` whose `receive_data` raises for connection errors only.

    A stream that ends with an error is reported as `StreamReset`. A stream that exceeds
    MAX_CONCURRENT_STREAMS is refused and not reported.
    """

    def __init__(self, config: H2Configuration) -> None:
        super().__init__(config)
        self.state_machine = _StateMachine()
        self._count_above = 0  # above so many streams, the open ones are counted
        self._refused_uncounted = 0  # so many are refused before they are counted
        self.refused = 0  # refused requests since the engine last looked

    def clear_outbound_data_buffer(self) -> None:
        """Keep the output when the peer's GOAWAY arrives: it contains what the peer asked for."""

    @property
    def unsent(self) -> int:
        """The number of bytes that `data_to_send` would return."""
        return len(self._data_to_send)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - h2 does not annotate it

    @property
    def unparsed(self) -> bytearray:
        """The bytes received of an incomplete frame."""
        return self.incoming_buffer._data  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

    @property
    def header_block(self) -> list[Any]:
        """The frames received of an incomplete header block."""
        return self.incoming_buffer._headers_buffer  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

    @property
    def is_greeted(self) -> bool:
        """Whether the client's preface is complete."""
        return not self.incoming_buffer._preamble_len  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

    def send_raw(self, frame: bytes) -> None:
        """Send a frame of our own, which h2 would take as the end of the connection."""
        self._data_to_send += frame

    @property
    def open_inbound_streams(self) -> int:
        """Report 0 to h2, which would not even decode the header block of a stream too many."""
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
            # Other errors with a cause concern the state of the connection or the stream; one,
            # about a number that is too long, concerns a field's value.
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
                self.refused += 1
                return [], []
        return frames, events

    def _has_too_many_streams(self) -> bool:
        """Count the open streams, which makes h2 drop the closed ones.

        Counting looks at every stream. So it is done only when the number may have doubled, and not
        for each request, nor for each excess stream of a peer that ignores the limit.
        """
        if self._refused_uncounted:
            self._refused_uncounted -= 1
            return True
        limit = self.local_settings.max_concurrent_streams
        number = super().open_inbound_streams
        self._count_above = min(limit, 2 * len(self.streams) + _KEPT)
        if number <= limit:
            return False
        self._refused_uncounted = limit // _REFUSED_SHARE
        return True

    def _local_settings_acked(self) -> dict[SettingCodes | int, ChangedSetting]:
        self._count_above = 0  # from now on the limit is in force
        return super()._local_settings_acked()

    def _receive_later_headers(
        self, stream: H2Stream, frame: HeadersFrame
    ) -> tuple[list[Frame], list[Event]]:
        """Check at the trailers that the body was complete; h2 forgets its length then."""
        expected = stream._expected_content_length  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        result = super()._receive_headers_frame(frame)
        if isinstance(result[1][0], TrailersReceived):
            stream._expected_content_length = expected  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            stream._track_content_length(0, end_stream=True)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return result

    def _reset_malformed(self, stream: H2Stream, frame: Frame) -> list[Event]:
        """End the stream of a malformed message."""
        # If frames came in a wrong order, h2 has closed the stream without telling the peer.
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
    """Raise for what h2 lets pass: wrong characters, extended CONNECT, and a missing body."""
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
