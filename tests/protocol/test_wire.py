"""What is written and read without protobuf, compared with protobuf."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restate_proto.protocol import AttemptEnded, Failure, Phase, StateMachine
from restate_proto.protocol.messages import UNDECODABLE
from restate_proto.protocol.notifications import VALUE_TAG, read_notification
from restate_proto.protocol.wire import LARGE, LargeMessage, length_delimited, varint
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import (
    ALL_VERSIONS,
    Case,
    chunks_of,
    frame,
    read_messages,
    start,
    stream,
    value,
)

SIZES = (0, 1, 0x7D, 0x7E, 0x7F, 0x80, 0x3FFF, 0x4000, LARGE - 1, LARGE, 70_000)
PAYLOADS = st.binary(max_size=300) | st.sampled_from(SIZES).map(lambda size: b"p" * size)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)

each_version = pytest.mark.parametrize("version", ALL_VERSIONS)


@given(st.integers(1, 2**63 - 1))
def test_numbers(number: int) -> None:
    message = pb.SleepCommandMessage(wake_up_time=number)
    assert b"\x08" + varint(number) == message.SerializeToString()


@given(st.binary(max_size=300))
def test_fields(data: bytes) -> None:
    message = pb.GetLazyStateCommandMessage(key=data)
    assert length_delimited(0x0A, data) == message.SerializeToString()


@given(NAMES, PAYLOADS, NAMES, PAYLOADS, st.none() | PAYLOADS)
def test_commands_are_what_protobuf_writes(
    key: str, payload: bytes, name: str, output: bytes, stored: bytes | None
) -> None:
    machine = StateMachine(6)
    begin = start(1)
    begin.partial_state = False
    if stored is not None:
        begin.state_map.add(key=key.encode(), value=stored)
    machine.feed(frame(begin) + frame(pb.InputCommandMessage()))
    machine.read_input()
    state = machine.commands.state
    state.get(key, name)
    state.set(key, payload, name)
    assert machine.commands.run(name) == (1, True)
    machine.commands.propose_run(1, output)
    machine.commands.write_output(output)
    found = pb.GetEagerStateCommandMessage(key=key.encode(), name=name, void=pb.Void())
    if stored is not None:
        found.value.content = stored
    assert machine.journal.take_output() == b"".join(
        map(
            frame,
            (
                found,
                pb.SetStateCommandMessage(key=key.encode(), value=value(payload), name=name),
                pb.RunCommandMessage(result_completion_id=1, name=name),
                pb.ProposeRunCompletionMessage(result_completion_id=1, value=output),
                pb.OutputCommandMessage(value=value(output)),
            ),
        )
    )


@given(NAMES, PAYLOADS)
def test_what_was_written_is_replayed(key: str, payload: bytes) -> None:
    entries = (
        pb.InputCommandMessage(),
        pb.SetStateCommandMessage(key=key.encode(), value=value(payload)),
        pb.OutputCommandMessage(value=value(payload)),
    )
    machine = StateMachine(6)
    machine.feed(frame(start(3)) + b"".join(map(frame, entries)))
    machine.read_input()
    machine.commands.state.set(key, payload)
    machine.commands.write_output(payload)
    machine.journal.end()
    assert machine.journal.take_output() == bytes.fromhex("0003000000000000")


@pytest.mark.parametrize("size", [10, LARGE])
@pytest.mark.parametrize("other", [b"", b"q", b"p" * 9, b"p" * LARGE + b"q", b"q" + b"p" * 9])
def test_another_payload_is_a_mismatch(size: int, other: bytes) -> None:
    recorded = pb.OutputCommandMessage(value=value(b"p" * size))
    machine = StateMachine(6)
    machine.feed(stream(pb.InputCommandMessage(), recorded))
    machine.read_input()
    with pytest.raises(AttemptEnded, match="mismatch"):
        machine.commands.write_output(other)
    assert machine.journal.phase is Phase.CLOSED


@each_version
def test_large_payloads_are_pieces_of_their_own(version: int) -> None:
    case = Case(version=version)
    payload = bytes(LARGE)
    case.machine.commands.state.set("key", payload, "name")
    case.machine.commands.state.set("key", b"small")
    case.machine.commands.write_output(payload)
    case.machine.journal.end()
    pieces = case.machine.journal.take_pieces()
    assert [piece is payload for piece in pieces] == [False, True, False, True, False]
    assert len(read_messages(b"".join(pieces))) == 4


@given(st.lists(st.tuples(NAMES, NAMES), max_size=3), NAMES, PAYLOADS)
def test_payloads_are_cut_off_inputs(
    headers: list[tuple[str, str]], name: str, payload: bytes
) -> None:
    rest = pb.InputCommandMessage(
        headers=[pb.Header(key=key, value=text) for key, text in headers], name=name
    )
    whole = pb.InputCommandMessage(headers=rest.headers, name=name, value=value(payload))
    cut = LargeMessage([whole.SerializeToString()]).cut_value(0x72)
    if payload:
        assert cut == (rest.SerializeToString(), payload)
    else:
        assert cut == (whole.SerializeToString(), None)


@given(
    st.lists(st.binary(max_size=LARGE), max_size=3),
    PAYLOADS.filter(bool),
    st.lists(st.integers(min_value=0), max_size=5),
)
def test_payloads_are_cut_off_whatever_the_chunks(
    texts: list[bytes], payload: bytes, cuts: list[int]
) -> None:
    rest = pb.InputCommandMessage(
        headers=[pb.Header(key="key", value=text.hex()) for text in texts]
    )
    whole = pb.InputCommandMessage(headers=rest.headers, value=value(payload)).SerializeToString()
    message = LargeMessage([*chunks_of(whole, cuts)])
    assert message.joined() == whole
    before, cut = message.cut_value(0x72)
    if cut is None:
        assert before == whole
        assert len(rest.SerializeToString()) > 4_000, "it would have been found"
    else:
        assert (before, cut) == (rest.SerializeToString(), payload)


@given(st.binary(max_size=60), st.binary(max_size=300))
def test_nothing_is_cut_off_what_protobuf_reads_otherwise(start_: bytes, end: bytes) -> None:
    data = start_ + b"\x72" + end
    rest, payload = LargeMessage([data]).cut_value(0x72)
    if payload is None:
        assert rest == data
        return
    try:
        message = pb.InputCommandMessage.FromString(rest)
    except UNDECODABLE:  # then neither is the whole one
        with pytest.raises(UNDECODABLE):
            pb.InputCommandMessage.FromString(data)
        return
    if not message.HasField("value"):
        message.value.content = payload
        assert message == pb.InputCommandMessage.FromString(data)


@pytest.mark.parametrize("size", [LARGE - 20, LARGE, 1 << 20])
def test_large_inputs_and_results(size: int) -> None:
    payload = bytes(range(256)) * (size // 256)
    machine = StateMachine(6)
    headers = [pb.Header(key="Content-Type", value="a/b"), pb.Header(key="x", value="y")]
    machine.feed(stream(pb.InputCommandMessage(headers=headers, value=value(payload))))
    given_ = machine.read_input()
    assert given_.payload == payload
    assert given_.headers == (("Content-Type", "a/b"), ("x", "y"))
    assert given_.header("content-type") == "a/b"
    notification = pb.NotificationTemplate(completion_id=7, value=value(payload))
    id_, result = read_notification(notification.SerializeToString())
    assert (id_, result.value) == (7, payload)
    machine = StateMachine(6)
    machine.feed(stream(pb.InputCommandMessage(), pb.InputCommandMessage(value=value(payload))))
    assert machine.read_input().payload == b"", "the second is no input"
    large = LargeMessage([notification.SerializeToString()])
    assert read_notification(*large.cut_value(VALUE_TAG)) == (id_, result)
    named = pb.NotificationTemplate(signal_name="s" * size, failure=pb.Failure(message="no"))
    id_, result = read_notification(named.SerializeToString())
    assert (id_, result.value) == ("s" * size, Failure(0, "no"))
