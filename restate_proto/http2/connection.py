"""The base of both sides of a connection: an asyncio protocol around an engine.

Output is batched: all that one `data_received`, or one loop turn, produces leaves in one
`transport.write`. Inside `data_received` the flush comes at its end; elsewhere a flush is scheduled
for the end of the turn.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from typing_extensions import override

from restate_proto.http2.engines.base import Sink
from restate_proto.http2.errors import ErrorCode, code_name
from restate_proto.http2.intake import Intake, Turns
from restate_proto.http2.linger import Linger
from restate_proto.http2.states import ConnectionState, StreamState
from restate_proto.http2.stream import Stream
from restate_proto.logs import get_logger

if TYPE_CHECKING:
    from restate_proto.http2.engines.base import Engine, EngineFactory
    from restate_proto.http2.limits import Http2Settings

__all__ = ["Connection"]

log = get_logger("restate_proto.http2")

WRITE_BUFFER: Final = 262_144
_CLOSING: Final = ConnectionState.CLOSING
_GONE: Final = StreamState.GONE

S = TypeVar("S", bound=Stream[Any])


class Connection(asyncio.BufferedProtocol, Sink, Generic[S]):
    """One connection: its streams, output and backpressure. Subclasses add the role.

    The socket is read into a buffer that connections share, so that nothing is copied before the
    engine copies the bodies out of it.

    Attributes:
        state: the phase of its life; see `restate_proto.http2.states`.
        engine: the HTTP/2 library's side of the connection.
        intake: passes what is read to the engine, no faster than is fair to other connections.
        streams: the open streams by their id.
        flush_pending: whether a flush is certain to come: inside `data_received`, or because one is
            scheduled. Once the connection closes it stays True, because no flush is needed any
            more.
        socket_is_full: whether the socket takes no more, so that output stays in the engine.
        times_full: how often the socket was full.
        lingers: whether the peer gets time to read the last frames when the connection closes.
        lost_reason: why the connection ended, once it has.
    """

    def __init__(
        self, factory: EngineFactory, settings: Http2Settings, turns: Turns, *, client: bool
    ) -> None:
        self.state = ConnectionState.OPENING
        self.engine: Engine = factory(self, settings, client=client)
        self.streams: dict[int, S] = {}
        self.window_step = max(1, settings.stream_window // 2)
        self.high_water = settings.high_water
        self.low_water = settings.low_water
        self.flush_pending = False
        self.transport: asyncio.Transport | None = None
        self.loop = asyncio.get_running_loop()
        self.lost_reason = ""
        self.socket_is_full = False
        self.times_full = 0
        self.lingers = not client
        self._broke_the_rules = False
        self._linger: Linger | None = None
        self._above_high_water: list[Stream[Any]] = []
        self._buffer = turns.buffer
        self.intake = Intake(self, turns, self.loop)

    def enter(self, state: ConnectionState) -> None:
        """Move on to a later state."""
        assert state > self.state, f"{state!r} after {self.state!r}"
        self.state = state

    # The transport's side.

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not checked by isinstance: uvloop's transports do not derive from asyncio.Transport.
        self.transport = transport = cast("asyncio.Transport", transport)
        transport.set_write_buffer_limits(high=WRITE_BUFFER)
        self.flush()

    @override
    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    @override
    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(self._buffer[:nbytes])

    def data_received(self, data: bytes | memoryview) -> None:
        """Take bytes of the socket, which may change once this method returns."""
        if self.state < _CLOSING:
            self.intake.take(data)
        elif self._linger is not None:
            self._linger.drop(len(data))

    @override
    def pause_writing(self) -> None:
        self.socket_is_full = True
        self.times_full += 1

    @override
    def resume_writing(self) -> None:
        self.socket_is_full = False
        self.flush()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Abort every stream that is left, because the socket is closed."""
        if exc is not None:
            self.lost_reason = self.lost_reason or f"the connection broke: {exc}"
        self.enter(ConnectionState.CLOSED)
        self.flush_pending = True
        self.transport = None
        self.intake.stop()
        if self._linger is not None:
            self._linger.stop()
        self._above_high_water.clear()
        self.abort_all()

    # The output.

    def schedule_flush(self) -> None:
        """Schedule a flush for the end of this loop turn, unless one is pending."""
        self.flush_pending = True
        self.loop.call_soon(self.flush)

    def touch(self) -> None:
        """Schedule a flush, because there may be output."""
        if not self.flush_pending:
            self.schedule_flush()

    def flush(self) -> None:
        """Write the engine's output, as far as the socket takes it."""
        transport = self.transport
        if transport is None:
            return
        engine = self.engine
        # Whatever callbacks of `output` or `drained` write gets another flush.
        self.flush_pending = False
        try:
            while not self.socket_is_full:
                data = engine.output()
                if data:
                    transport.write(data)
                if not engine.more:
                    break
        except Exception as error:  # noqa: BLE001 - must not reach the event loop
            self.give_up(error)
        if self._above_high_water:
            self._report_drained()
        if self.state >= _CLOSING:
            self.flush_pending = True
            self.abort_all()
            self._hang_up(transport)

    def _hang_up(self, transport: asyncio.Transport) -> None:
        """Close the socket once it has taken all output."""
        if not self.lingers:
            transport.close()
            return
        if self._linger is None:
            self._linger = Linger(transport, patient=not self._broke_the_rules)
        if self.state is _CLOSING and not self.socket_is_full:
            self.enter(ConnectionState.LINGERING)
            self._linger.half_close()

    def watch(self, stream: Stream[Any]) -> None:
        """Call `drained` on a stream once few of its bytes are unsent."""
        self._above_high_water.append(stream)

    def _report_drained(self) -> None:
        watched, self._above_high_water = self._above_high_water, []
        for stream in watched:
            if stream.state is _GONE:
                continue
            if stream.settle():
                try:
                    stream.receiver.drained()
                except Exception as error:  # noqa: BLE001 - user code must not hurt the connection
                    self.fail(stream, "drained", error)
            else:
                self._above_high_water.append(stream)

    # The end.

    def end(self, code: int, reason: str) -> None:
        """End the connection, because the peer violates the rules."""
        if self.state < _CLOSING:
            self.engine.goaway(code)
            self.on_terminated(code, reason)
            self.flush()

    def give_up(self, error: Exception) -> None:
        """End the connection, because the library failed unexpectedly: its state is not safe."""
        log.error("closing a connection: a bug in its HTTP/2 layer", exc_info=error)
        self.lost_reason = repr(error)
        if self.state < _CLOSING:
            self.enter(_CLOSING)

    def close(self) -> None:
        """Write what is left and close the socket."""
        if self.state < _CLOSING:
            self.enter(_CLOSING)
        self.touch()

    def stop(self, reason: str) -> None:
        """End now: abort all streams and close the socket."""
        for stream_id in self.streams:
            self.engine.reset(stream_id, ErrorCode.CANCEL)
        if self.state < _CLOSING:
            self.lost_reason = reason
            self.engine.goaway(ErrorCode.NO_ERROR)
        self.close()
        self.abort_all()

    def abort_all(self) -> None:
        """Tell every open stream that it is over, with `lost_reason`."""
        self.lost_reason = self.lost_reason or "the connection was closed"
        streams = list(self.streams.values())
        self.streams.clear()
        for stream in streams:
            self._abort(stream, self.lost_reason, None)
        if streams:
            self.stream_gone()

    def abort_stream(
        self, stream_id: int, reason: str, code: int | None, *, unprocessed: bool = False
    ) -> None:
        """Tell one stream that it is over, with the peer's error code if it gave one."""
        stream = self.streams.pop(stream_id, None)
        if stream is not None:
            self._abort(stream, reason, code, unprocessed=unprocessed)
            self.stream_gone()

    def _abort(
        self, stream: S, reason: str, code: int | None, *, unprocessed: bool = False
    ) -> None:
        stream.state = _GONE
        try:
            self.tell_aborted(stream, reason, code, unprocessed)
        except Exception:
            log.exception("aborted() of a stream's receiver failed")
        del stream.receiver

    def tell_aborted(self, stream: S, reason: str, code: int | None, unprocessed: bool) -> None:
        """Call the receiver's `aborted`."""
        raise NotImplementedError

    def reset_stream(self, stream_id: int, code: int) -> None:
        """Reset a stream; its receiver is not called again."""
        self.engine.reset(stream_id, code)
        self.touch()
        stream = self.streams.pop(stream_id, None)
        if stream is not None:
            del stream.receiver
            self.stream_gone()

    def fail(self, stream: Stream[Any], where: str, error: Exception) -> None:
        """Reset the stream of a receiver that raised an error; the connection goes on."""
        log.error("%s() of a stream's receiver failed: it is reset", where, exc_info=error)
        stream.reset(ErrorCode.INTERNAL_ERROR)

    def stream_gone(self) -> None:
        """React to the removal of a stream from `streams`."""

    # The engine's side.

    @override
    def on_data(self, stream_id: int, data: bytes, end: bool) -> None:
        stream = self.streams.get(stream_id)
        if stream is not None:
            receiver = stream.receiver
            try:
                if data:
                    receiver.data_received(data)
                if end and stream.state is not _GONE:
                    receiver.eof_received()
            except Exception as error:  # noqa: BLE001 - user code must not hurt the connection
                self.fail(stream, "data_received", error)

    @override
    def on_end(self, stream_id: int) -> None:
        stream = self.streams.get(stream_id)
        if stream is not None:
            try:
                stream.receiver.eof_received()
            except Exception as error:  # noqa: BLE001 - user code must not hurt the connection
                self.fail(stream, "eof_received", error)

    @override
    def on_closed(self, stream_id: int) -> None:
        stream = self.streams.pop(stream_id, None)
        if stream is not None:
            stream.state = _GONE
            # Stream and receiver refer to each other; separated, they are freed at once.
            del stream.receiver
            self.stream_gone()

    @override
    def on_reset(self, stream_id: int, code: int) -> None:
        self.abort_stream(stream_id, f"the peer reset the stream: {code_name(code)}", code)

    @override
    def on_malformed(self, stream_id: int) -> None:
        reason = "the peer's message breaks HTTP (PROTOCOL_ERROR)"
        self.abort_stream(stream_id, reason, ErrorCode.PROTOCOL_ERROR)

    @override
    def on_peer_settings(self, max_concurrent_streams: int) -> None:
        if self.state is ConnectionState.OPENING:
            self.enter(ConnectionState.OPEN)

    @override
    def on_pong(self) -> None:
        """Take the answer to a PING; a client only needs to know that something arrived."""

    @override
    def on_terminated(self, code: int, reason: str) -> None:
        if self.state < _CLOSING:
            if code:
                self.lost_reason = f"{reason or 'the connection failed'} ({code_name(code)})"
                log.warning("closing a connection: %s", self.lost_reason)
                self.lingers = self._broke_the_rules = True
            self.enter(_CLOSING)
