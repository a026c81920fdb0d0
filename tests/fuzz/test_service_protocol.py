"""Streams of the service protocol: whatever arrives, an attempt ends in a way the protocol knows."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from restate_proto.protocol import Phase, StateMachine
from restate_proto.protocol.frames import FrameDecoder
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.codec.messages import messages
from tests.fuzz.examples import fuzz
from tests.fuzz.mutations import cut, cuts, mutated
from tests.protocol.case import NOTIFICATION_TYPES, TYPES, raw
from tests.runtime.case import Case, Parcel

if TYPE_CHECKING:
    from restate_proto import Context

_LAST = (pb.SuspensionMessage, pb.ErrorMessage, pb.EndMessage)
_CODES = {500, 570, 571}


framed = st.one_of(
    st.sampled_from(sorted(TYPES.values())).flatmap(
        lambda type_: st.builds(
            raw,
            st.just(type_),
            st.one_of(
                st.binary(max_size=40),
                *(
                    messages(each).map(lambda m: m.SerializeToString())
                    for each, number in TYPES.items()
                    if number == type_
                ),
            ),
        )
    ),
    st.builds(raw, st.integers(0, 0xFFFF), st.binary(max_size=20), st.integers(0, 0xFFFF)),
)
streams = st.lists(framed, max_size=12).map(b"".join)


@fuzz()
@given(streams.flatmap(mutated), cuts)
def test_frames_are_the_same_however_they_come(data: bytes, cuts: list[int]) -> None:
    whole, pieces = FrameDecoder(1_000), FrameDecoder(1_000)
    frames = whole.feed(data)
    assert [each for piece in cut(data, cuts) for each in pieces.feed(piece)] == frames
    assert (pieces.error, pieces.missing) == (whole.error, whole.missing)


def journal(entries: list[bytes]) -> bytes:
    """Return a stream that is right up to its entries."""
    return raw(0, pb.StartMessage(id=b"i", known_entries=1 + len(entries)).SerializeToString()) + (
        raw(0x0400, b"") + b"".join(entries)
    )


notifications = st.sampled_from(sorted(NOTIFICATION_TYPES, key=lambda each: each.__name__)).flatmap(
    lambda class_: messages(class_).map(
        lambda message: raw(TYPES[class_], message.SerializeToString())
    )
)
journals = st.one_of(
    streams,
    st.builds(journal, st.lists(framed, max_size=4)),
    st.tuples(st.builds(journal, st.lists(notifications, max_size=6)), streams).map(b"".join),
)


@fuzz()
@given(journals.flatmap(mutated), cuts, st.sampled_from([5, 6, 7]))
def test_a_state_machine_takes_anything(data: bytes, cuts: list[int], version: int) -> None:
    whole, pieces = StateMachine(version), StateMachine(version)
    whole.feed(data)
    for piece in cut(data, cuts):
        pieces.feed(piece)
    assert pieces.journal.phase is whole.journal.phase
    assert list(pieces.waiting.queue or ()) == list(whole.waiting.queue or ())
    for machine in (whole, pieces):
        machine.close_input()
    assert pieces.journal.take_output() == whole.journal.take_output()
    if whole.journal.phase is Phase.CLOSED:
        assert whole.journal.error is not None
        assert whole.journal.error.code in _CODES


async def handler(ctx: Context, parcel: Parcel) -> Parcel:
    """Use a bit of everything that waits."""
    await ctx.sleep(timedelta(0))
    signal = ctx.awakeable(Parcel)
    value = await ctx.run("run", lambda: 7)
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(1))
    await signal
    return Parcel(text=str(value))


@fuzz(cost=2)
@given(journals.flatmap(mutated), cuts, st.sampled_from([5, 6, 7]), st.booleans())
def test_an_attempt_ends_as_the_protocol_knows_it(
    data: bytes, cuts: list[int], version: int, ends: bool
) -> None:
    async def test() -> None:
        case = Case(handler, version=version)
        for piece in cut(data, cuts):
            case.attempt.data_received(piece)
        if ends:
            case.attempt.eof_received()
        await asyncio.sleep(0)
        sent = case.stream.sent()
        assert not any(isinstance(each, _LAST) for each in sent[:-1])
        assert case.stream.ended == bool(sent and isinstance(sent[-1], _LAST))
        if sent and isinstance(sent[-1], pb.ErrorMessage):
            assert sent[-1].code in _CODES
        if not case.stream.ended:
            case.attempt.aborted("the test is over")

    asyncio.run(test())
