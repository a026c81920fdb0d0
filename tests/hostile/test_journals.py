"""A broken service protocol: messages that Restate never sends, and the answers.

A failing attempt writes an ErrorMessage: 571 if the stream breaks the protocol, 570 if the journal
does not fit the code, 500 for failures of the handler. The connection goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmark.v1.benchmark_pb2 import Count, GreetRequest
from restate_proto.codec.zstd import zstd_module
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.hostile.siege import LARGE_STALL, MIB, Peers, greeting, withstand
from tests.protocol.case import frame, raw, start, stream, value, void

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from tests.hostile.process import EndpointProcess

BROKEN, MISMATCH = 571, 570

_, INPUT = greeting("sleep")
SLEEP = pb.SleepCommandMessage(wake_up_time=1, result_completion_id=1)
CALL = pb.CallCommandMessage(
    service_name="x", handler_name="y", invocation_id_notification_idx=1, result_completion_id=2
)
DEEP = b"\x0b" * 10_000  # groups in groups


# What is sent of one request, which then ends; and the code of the error.
CASES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", BROKEN),
    "half a header": (b"\x00\x00\x00", BROKEN),
    "half a message": (frame(start(1)) + frame(INPUT)[:-1], BROKEN),
    "a message of 4 GiB": (raw(0, b"")[:4] + b"\xff\xff\xff\xff", BROKEN),
    "a message above the limit": (raw(0, b"")[:4] + (4 * MIB + 1).to_bytes(4, "big"), BROKEN),
    "an unknown control message": (raw(0x0042, b"x"), BROKEN),
    "an unknown control message later": (stream(INPUT) + raw(0x03FF), BROKEN),
    "what an endpoint sends": (frame(pb.EndMessage()), BROKEN),
    "a suspension": (stream(INPUT) + frame(pb.SuspensionMessage()), BROKEN),
    "an entry before the start": (frame(INPUT), BROKEN),
    "a notification before the start": (frame(void(1)), BROKEN),
    "an ack before the start": (frame(pb.ProposeRunCompletionAckMessage(completion_id=1)), BROKEN),
    "two starts": (frame(start(1)) * 2, BROKEN),
    "a start in the journal": (frame(start(3)) + frame(INPUT) + frame(start(1)), BROKEN),
    "no known entries": (frame(start(0)) + frame(INPUT), BROKEN),
    "fewer entries than are known": (frame(start(5)) + frame(INPUT), BROKEN),
    "4 billion known entries": (frame(start(2**32 - 1)) + frame(INPUT), BROKEN),
    "more entries than are known": (stream(INPUT) + frame(SLEEP), BROKEN),
    "a journal without input": (stream(SLEEP), BROKEN),
    "a journal of notifications": (stream(void(1), void(2)), BROKEN),
    "an undecodable start": (raw(0, b"\xff" * 100), BROKEN),
    "an undecodable input": (frame(start(1)) + raw(0x0400, b"\xff" * 100), BROKEN),
    "an undecodable notification": (stream(INPUT) + raw(0x800C, b"\x08"), BROKEN),
    "a notification of nothing": (stream(INPUT) + raw(0x800C, b""), BROKEN),
    "a notification without result": (stream(INPUT) + raw(0x800C, b"\x08\x01"), BROKEN),
    "text that is no UTF-8": (frame(start(1)).replace(b"inv_123", b"inv_\xff\xfe\xfd"), BROKEN),
    "groups in groups": (raw(0, DEEP), BROKEN),
    "a result of the wrong kind": (
        stream(INPUT, SLEEP)
        + frame(
            pb.CallInvocationIdCompletionNotificationMessage(completion_id=1, invocation_id="inv_1")
        ),
        BROKEN,
    ),
    "the journal of other code": (stream(INPUT, CALL), MISMATCH),
    "a command that nobody knows": (stream(INPUT, raw(0x07FF, b"x")), MISMATCH),
    "a custom entry": (stream(INPUT, raw(0xFC01, b"x")), MISMATCH),
    "two inputs": (stream(INPUT, INPUT), MISMATCH),
    "an output before its time": (
        stream(INPUT, pb.OutputCommandMessage(value=value(b""))),
        MISMATCH,
    ),
    "an undecodable command": (stream(INPUT, raw(0x040C, b"\xff" * 9)), BROKEN),
    "an ack of no run": (
        stream(INPUT) + frame(pb.ProposeRunCompletionAckMessage(completion_id=9)),
        BROKEN,
    ),
}


@pytest.mark.parametrize("version", [5, 6, 7])
@pytest.mark.parametrize("what", CASES)
def test_a_broken_stream(endpoint: EndpointProcess, what: str, version: int) -> None:
    data, code = CASES[what]

    async def attack(peers: Peers) -> None:
        peer = await peers.greeted()
        peer.invoke(1, data, end=True, version=version)
        assert await peer.error(1) == code
        peer.invoke(3, *greeting(), end=True, version=version)
        assert isinstance((await peer.answer(3))[-1], pb.EndMessage)

    withstand(endpoint, attack)


def failing(messages: list[Message]) -> pb.Failure:
    """Return the terminal failure that an invocation ended with."""
    output, end = messages[-2:]
    assert isinstance(output, pb.OutputCommandMessage)
    assert isinstance(end, pb.EndMessage)
    return output.failure


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        pytest.param(b"\xff" * 1_000, 400, id="no message"),
        pytest.param(b"\x0b" * 10_000, 400, id="groups in groups"),
        pytest.param(b"{" * 1_000_000, 400, id="JSON in JSON"),
        pytest.param(b'{"name": ' + b"[" * 100_000, 400, id="lists in lists"),
        pytest.param(b'{"name": "' + b"\\ud800" + b'"}', 400, id="half a surrogate"),
        pytest.param(b"\x0a\x02\xff\xfe", 400, id="a name that is no UTF-8"),
        pytest.param(b"\x07pc1", 400, id="encoded nothing"),
        pytest.param(b"\x07pc1\x02x", 400, id="encoded by nobody"),
        pytest.param(b"\x07pc1\x01" + bytes(100), 400, id="compressed garbage"),
        pytest.param(
            b"\x07pc1\x01" + zstd_module().compress(bytes(2**20 + 1)), 413, id="a compressed bomb"
        ),
        pytest.param(
            b"\x07pc1\x01" + zstd_module().compress(bytes(2**30)),
            413,
            id="a compressed bomb of 1 GiB",
        ),
    ],
)
def test_a_request_that_cannot_be_read(
    endpoint: EndpointProcess, payload: bytes, code: int
) -> None:
    """No retry could read it, so the invocation ends."""

    async def attack(peers: Peers) -> None:
        peer = await peers.greeted()
        for stream_id in range(1, 11, 2):
            data = stream(pb.InputCommandMessage(value=value(payload)))
            peer.invoke(stream_id)
            await peer.pour(stream_id, data, end=True)
            assert failing(await peer.answer(stream_id)).code == code

    withstand(endpoint, attack)


def test_state_that_is_a_bomb(endpoint: EndpointProcess) -> None:
    """It is decompressed only when it is read, and no further than the codec allows."""
    bomb = b"\x07pc1\x01" + zstd_module().compress(bytes(2**30))
    entry = pb.StartMessage.StateEntry(key=b"count", value=bomb)
    amount = pb.InputCommandMessage(value=value(b""))

    async def attack(peers: Peers) -> None:
        peer = await peers.greeted()
        data = stream(amount, state_map=[entry], key="k")
        peer.invoke(1, data, end=True, path="BenchmarkCounter/add")
        assert failing(await peer.answer(1)).code == 413

    withstand(endpoint, attack)


def test_much_state(endpoint: EndpointProcess) -> None:
    """The start message is at the limit: 20,000 values, one of them twice."""
    entries = [
        pb.StartMessage.StateEntry(key=str(number).encode(), value=bytes(150))
        for number in range(20_000)
    ]
    last = pb.StartMessage.StateEntry(key=b"count", value=Count(value=1).SerializeToString())
    amount = pb.InputCommandMessage(value=value(b""))

    async def attack(peers: Peers) -> None:
        peer = await peers.greeted()
        peer.invoke(1, path="BenchmarkCounter/add")
        await peer.pour(1, stream(amount, state_map=[*entries, last, last], key="k"), end=True)
        assert isinstance((await peer.answer(1))[-1], pb.EndMessage)

    withstand(endpoint, attack, memory=48 * MIB, stall=LARGE_STALL)


BOMBS = {
    # What comes how often, and the code that the invocation fails with; 0 where it does not.
    "results that nobody waits for": (frame(void(77)), 50_000, 0),
    "a result again and again": (frame(void(2)), 50_000, 0),
    "signals that nobody waits for": (
        frame(pb.SignalNotificationMessage(name="x", value=value(bytes(50)))),
        20_000,
        0,
    ),
    "cancellations": (frame(pb.SignalNotificationMessage(idx=1, void=pb.Void())), 20_000, 409),
}


@pytest.mark.parametrize("what", BOMBS)
def test_notifications_that_no_restate_sends(endpoint: EndpointProcess, what: str) -> None:
    """They are kept, since their commands may still follow; the invocation goes on."""
    piece, times, code = BOMBS[what]

    async def attack(peers: Peers) -> None:
        peer = await peers.greeted()
        peer.invoke(1)
        await peer.pour(1, stream(INPUT), piece * times)
        peer.tell(1, void(1), end=True)
        answer = await peer.answer(1)
        if code:
            assert isinstance(answer[-2], pb.OutputCommandMessage)
            assert answer[-2].failure.code == code
        else:
            assert isinstance(answer[-1], pb.EndMessage)

    # What one read of a body has is taken in one turn: 256 KiB of notifications are 20,000 of them.
    withstand(endpoint, attack, memory=64 * MIB, stall=2_000)


def test_a_journal_of_50_000_entries(endpoint: EndpointProcess) -> None:
    """While the entries are those of other code, no work is done for them."""

    async def attack(peers: Peers) -> None:
        peer = await peers.greeted()
        peer.invoke(1)
        await peer.pour(1, stream(INPUT, *[frame(CALL)] * 50_000), end=True)
        assert await peer.error(1) == MISMATCH

    withstand(endpoint, attack, memory=48 * MIB)


def test_long_messages_that_do_not_end(endpoint: EndpointProcess) -> None:
    """The streams bound what is kept of incomplete requests; they are reset."""

    async def attack(peers: Peers) -> None:
        peer = await peers.greeted()
        head = frame(start(1)) + raw(0x0400, b"")[:4] + (4 * MIB).to_bytes(4, "big")
        for stream_id in range(1, 21, 2):
            peer.invoke(stream_id)
            await peer.pour(stream_id, head, bytes(2_000_000))
        for stream_id in range(1, 21, 2):
            await peer.sees_reset(stream_id)

    withstand(endpoint, attack, memory=32 * MIB, stall=LARGE_STALL)


def test_a_name_that_is_long(endpoint: EndpointProcess) -> None:
    """The request, the key and the id have a megabyte of text each; the log has some of it."""
    text = "x" * 1_000_000

    async def attack(peers: Peers) -> None:
        peer = await peers.greeted()
        payload = GreetRequest(name=text).SerializeToString()
        message = pb.InputCommandMessage(value=value(payload))
        peer.invoke(1)
        await peer.pour(1, stream(message, debug_id=text, key=text), end=True)
        assert isinstance((await peer.answer(1))[-1], pb.EndMessage)

    withstand(endpoint, attack, memory=32 * MIB)
