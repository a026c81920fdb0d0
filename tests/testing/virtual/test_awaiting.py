"""When a suspended invocation goes on: flat lists of v5 and v6, await trees of v7."""

from __future__ import annotations

import pytest

from restate_proto.testing.virtual.awaiting import can_go_on
from restatepb.protocol.v1 import protocol_pb2 as pb


def future(kind: int, *ids: int, nested: tuple[pb.Future, ...] = ()) -> pb.Future:
    message = pb.Future(waiting_completions=ids, nested_futures=nested)
    message.combinator_type = kind  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    return message


OK, FAILED = True, False


@pytest.mark.parametrize(
    ("tree", "arrived", "goes_on"),
    [
        (future(pb.FIRST_COMPLETED, 1, 2), {}, False),
        (future(pb.FIRST_COMPLETED, 1, 2), {2: FAILED}, True),
        (future(pb.ALL_COMPLETED, 1, 2), {1: OK}, False),
        (future(pb.ALL_COMPLETED, 1, 2), {1: OK, 2: FAILED}, True),
        (future(pb.FIRST_SUCCEEDED_OR_ALL_FAILED, 1, 2), {1: FAILED}, False),
        (future(pb.FIRST_SUCCEEDED_OR_ALL_FAILED, 1, 2), {1: FAILED, 2: FAILED}, True),
        (future(pb.FIRST_SUCCEEDED_OR_ALL_FAILED, 1, 2), {2: OK}, True),
        (future(pb.ALL_SUCCEEDED_OR_FIRST_FAILED, 1, 2), {1: OK}, False),
        (future(pb.ALL_SUCCEEDED_OR_FIRST_FAILED, 1, 2), {2: FAILED}, True),
        (future(pb.ALL_SUCCEEDED_OR_FIRST_FAILED, 1, 2), {1: OK, 2: OK}, True),
        (
            future(pb.ALL_COMPLETED, 1, nested=(future(pb.FIRST_COMPLETED, 2, 3),)),
            {1: OK, 3: FAILED},
            True,
        ),
        # Only the handler knows whether what has come is a success.
        (
            future(
                pb.ALL_SUCCEEDED_OR_FIRST_FAILED,
                1,
                nested=(future(pb.COMBINATOR_TYPE_UNKNOWN, 2),),
            ),
            {2: OK},
            True,
        ),
    ],
)
def test_a_tree(tree: pb.Future, arrived: dict[int | str, bool], goes_on: bool) -> None:
    assert can_go_on(pb.SuspensionMessage(awaiting_on=tree), arrived) is goes_on


@pytest.mark.parametrize(
    ("arrived", "goes_on"),
    [({}, False), ({1: True}, True), ({-17: False}, True), ({"go": True}, True)],
)
def test_a_list(arrived: dict[int | str, bool], goes_on: bool) -> None:
    message = pb.SuspensionMessage(
        waiting_completions=[1], waiting_signals=[17], waiting_named_signals=["go"]
    )
    assert can_go_on(message, arrived) is goes_on
