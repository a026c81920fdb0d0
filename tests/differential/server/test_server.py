"""A few of the programs that `python -m tests.differential.server` plays by the thousand."""

from __future__ import annotations

import asyncio

import pytest

from restate_proto.protocol.messages import MessageType
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.differential.server.play import Servers
from tests.differential.server.record import difference, records_of


@pytest.mark.server
@pytest.mark.parametrize(
    ("version", "options"),
    [
        (5, {}),
        (6, {"suspends": True}),
        (7, {}),
        (7, {"suspends": True}),
        (7, {"encodes": True}),
        (7, {"scopes": True}),
    ],
)
def test_both_servers_do_the_same(version: int, options: dict[str, bool]) -> None:
    async def play() -> None:
        async with Servers(version, **options) as servers:
            await servers.play(range(40))
            assert servers.counts["programs"] == 40

    asyncio.run(play())


ID = "inv_1" + "0" * 33
OTHER = "inv_1" + "1" * 33


def journal(key: str, result: str, *, with_result: bool = True) -> list[tuple[int, bytes]]:
    command = pb.PeekPromiseCommandMessage(key=key, result_completion_id=1)
    done = pb.PeekPromiseCompletionNotificationMessage(completion_id=1)
    done.value.content = result.encode()
    entries = [(MessageType.PEEK_PROMISE, command.SerializeToString())]
    return [*entries, (0x800A, done.SerializeToString())] if with_result else entries


def test_ids_and_what_nobody_waited_for_are_no_difference() -> None:
    one = records_of([ID], lambda id_: ("completed", journal("k", f"for {id_}")))
    other = records_of([OTHER], lambda id_: ("completed", journal("k", f"for {id_}")))
    assert difference(one, other) is None
    without = records_of([OTHER], lambda _: ("completed", journal("k", "", with_result=False)))
    assert difference(one, without) is None


@pytest.mark.parametrize(
    ("status", "entries", "text"),
    [
        ("suspended", journal("k", "r"), "completed, and on the virtual one suspended"),
        ("completed", journal("other", "r"), "command 0:"),
        ("completed", journal("k", "other"), "notification 1:"),
    ],
)
def test_what_is_a_difference(status: str, entries: list[tuple[int, bytes]], text: str) -> None:
    one = records_of([ID], lambda _: ("completed", journal("k", "r")))
    found = difference(one, records_of([ID], lambda _: (status, entries)))
    assert found is not None
    assert text in found
