"""Framing: headers, chunks, and bytes that are not a message."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restate_proto.protocol import Phase, StateMachine
from restate_proto.protocol.frames import MAX_LENGTH, FrameDecoder, pack_header
from restate_proto.protocol.wire import LARGE
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import Case, chunks_of, error_of, frame, raw, stream, value


def test_a_header_is_type_flags_and_length_in_network_order() -> None:
    assert pack_header(0x0411, 0x8000, 0x01020304).hex() == "0411800001020304"
    assert FrameDecoder().feed(bytes.fromhex("fbff000000000003616263")) == [(0xFBFF, b"abc")]


def test_flags_of_the_peer_are_ignored() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(raw(0x0400, b"a", flags=0x8000) + raw(0x0400, b"b", flags=0x7FFF)) == [
        (0x0400, b"a"),
        (0x0400, b"b"),
    ]


def test_an_empty_message_is_complete_with_its_header() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(raw(0x0405)) == [(0x0405, b"")]
    assert not decoder.is_inside_message


def test_a_message_is_given_when_its_last_byte_is_there() -> None:
    decoder = FrameDecoder()
    data = raw(0x0400, b"payload")
    for position in range(len(data) - 1):
        assert decoder.feed(data[position : position + 1]) == []
        assert decoder.feed(b"") == []
        assert decoder.is_inside_message
    assert decoder.feed(data[-1:]) == [(0x0400, b"payload")]
    assert not decoder.is_inside_message


@given(
    st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.binary(max_size=40))),
    st.lists(st.integers(min_value=0), max_size=12),
)
def test_any_chunking_gives_the_same_messages(
    messages: list[tuple[int, int, bytes]], cuts: list[int]
) -> None:
    data = b"".join(raw(type_, payload, flags) for type_, flags, payload in messages)
    decoder = FrameDecoder()
    frames = [one for chunk in chunks_of(data, cuts) for one in decoder.feed(chunk)]
    assert frames == [(type_, payload) for type_, _, payload in messages]
    assert not decoder.is_inside_message
    assert decoder.error is None


@given(
    st.lists(st.sampled_from([0, 9, LARGE - 1, LARGE, 3 * LARGE]), max_size=4),
    st.lists(st.integers(min_value=0), max_size=12),
)
def test_large_messages_among_small_ones(sizes: list[int], cuts: list[int]) -> None:
    payloads = [bytes([number]) * size for number, size in enumerate(sizes)]
    data = b"".join(raw(0x0400, payload) for payload in payloads)
    decoder = FrameDecoder()
    frames = [one for chunk in chunks_of(data, cuts) for one in decoder.feed(chunk)]
    assert frames == [(0x0400, payload) for payload in payloads]
    assert not decoder.is_inside_message


@given(
    st.lists(st.binary(max_size=20), max_size=3),
    st.integers(MAX_LENGTH + 1, 2**32 - 1),
    st.binary(max_size=20),
    st.lists(st.integers(min_value=0), max_size=8),
)
def test_any_chunking_gives_the_messages_before_a_broken_header(
    before: list[bytes], length: int, after: bytes, cuts: list[int]
) -> None:
    data = b"".join(raw(0x0400, payload) for payload in before)
    data += pack_header(0x8005, 0, length) + after
    decoder = FrameDecoder()
    frames = [one for chunk in chunks_of(data, cuts) for one in decoder.feed(chunk)]
    assert frames == [(0x0400, payload) for payload in before]
    assert decoder.error == (
        f"a message of type 0x8005 announces {length} bytes, but at most {MAX_LENGTH} are accepted"
    )
    assert decoder.feed(raw(0x0400, b"more")) == []


def test_the_longest_length_that_protobuf_allows_is_waited_for() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(pack_header(0x0400, 0, MAX_LENGTH) + b"begin") == []
    assert decoder.error is None
    assert decoder.is_inside_message


def test_a_longer_length_breaks_the_stream_at_once() -> None:
    machine = StateMachine(6)
    machine.feed(pack_header(0x0000, 0, MAX_LENGTH + 1))
    error = error_of(machine)
    assert error.code == 571
    assert error.message == (
        "Broken stream: a message of type 0x0000 announces 2147483648 bytes, but at most "
        "2147483647 are accepted"
    )


def test_the_longest_message_can_be_set() -> None:
    decoder = FrameDecoder(10)
    assert decoder.feed(raw(0x0400, bytes(10))) == [(0x0400, bytes(10))]
    assert decoder.feed(pack_header(0x0400, 0, 11)) == []
    assert decoder.error is not None
    # In one piece, too.
    decoder = FrameDecoder(10)
    assert decoder.feed(raw(0x0400, bytes(11))) == []
    assert decoder.error is not None


def test_what_is_missing_of_the_journal_is_awaited() -> None:
    machine = StateMachine(6)
    assert machine.awaited_input is not None
    last = machine.awaited_input
    data = stream(
        pb.InputCommandMessage(value=value(b"x")), pb.SleepCommandMessage(result_completion_id=1)
    )
    for position in range(len(data) - 1):
        machine.feed(data[position : position + 1])
        assert machine.awaited_input not in {None, last}
        last = machine.awaited_input
    machine.feed(data[-1:])
    assert machine.awaited_input is None
    # Of what nobody knows whether it comes, nothing is awaited until it begins.
    machine.feed(b"\x80")
    assert machine.awaited_input is not None


def test_messages_before_a_broken_header_count() -> None:
    machine = StateMachine(6)
    machine.feed(stream(pb.InputCommandMessage()) + pack_header(0x8005, 0, 2**32 - 1))
    assert machine.journal.start.debug_id == "inv_123"
    assert error_of(machine).code == 571


@given(st.lists(st.integers(min_value=0), max_size=30))
def test_any_chunking_of_an_attempt_s_input_gives_the_same_attempt(cuts: list[int]) -> None:
    data = stream(
        pb.InputCommandMessage(value=value(b"my-data" * 10)),
        pb.SleepCommandMessage(result_completion_id=1),
        pb.SleepCompletionNotificationMessage(completion_id=1, void=pb.Void()),
        pb.RunCommandMessage(result_completion_id=2, name="quote"),
        pb.RunCompletionNotificationMessage(completion_id=2, value=value(b"12")),
    )
    whole, chunked = StateMachine(6), StateMachine(6)
    whole.feed(data)
    for chunk in chunks_of(data, cuts):
        chunked.feed(chunk)
    for machine in (whole, chunked):
        assert machine.is_ready
        assert machine.read_input().payload == b"my-data" * 10
        assert machine.commands.sleep(5) == 1
        assert machine.commands.run("quote") == (2, False)
    assert [whole.waiting.poll(), whole.waiting.poll()] == [
        chunked.waiting.poll(),
        chunked.waiting.poll(),
    ]
    for machine in (whole, chunked):
        machine.commands.write_output(b"")
        machine.journal.end()
    assert whole.journal.take_output() == chunked.journal.take_output()


def test_input_in_the_middle_of_the_handler_may_come_in_any_chunks() -> None:
    case = Case()
    id_ = case.machine.commands.sleep(1)
    completion = frame(pb.SleepCompletionNotificationMessage(completion_id=1, void=pb.Void()))
    for byte in completion:
        assert case.wait(id_) is None
        case.machine.feed(bytes([byte]))
    assert case.wait(id_) is not None


class CountedBytes(bytes):
    """Counts what is copied out of it."""

    copied = 0

    def __getitem__(self, key: slice) -> bytes:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        part = super().__getitem__(key)
        CountedBytes.copied += len(part)
        return part


@pytest.mark.parametrize("count", [10, 1_000])
def test_each_byte_is_copied_once_however_many_messages_come_at_once(count: int) -> None:
    data = CountedBytes(raw(0x0400, b"x" * 92) * count + raw(0x0400, b"x" * 92)[:50])
    CountedBytes.copied = 0
    assert len(FrameDecoder().feed(data)) == count
    assert CountedBytes.copied == 92 * count + 42


def test_a_long_message_in_small_chunks_is_joined_once() -> None:
    data = raw(0x0400, b"x" * 100_000)
    calls = 0

    def count(_frame: object, event: str, argument: object) -> None:
        nonlocal calls
        if event == "c_call" and getattr(argument, "__name__", "") == "join":
            calls += 1

    decoder = FrameDecoder()
    frames: list[tuple[int, bytes]] = []
    sys.setprofile(count)
    try:
        for begin in range(0, len(data), 100):
            frames += decoder.feed(data[begin : begin + 100])
    finally:
        sys.setprofile(None)
    assert frames == [(0x0400, b"x" * 100_000)]
    assert calls <= 2  # the header may have to be completed first


def test_nothing_is_read_or_kept_once_the_attempt_is_over() -> None:
    case = Case()
    case.returns()
    assert case.machine.journal.take_output() != b""
    case.machine.feed(b"\xff" * 100)
    case.machine.close_input()
    assert case.machine.journal.phase is Phase.CLOSED
    assert case.machine.journal.error is None
    assert case.machine.journal.take_output() == b""
