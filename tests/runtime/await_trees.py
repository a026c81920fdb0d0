"""Trees of futures: what a handler awaits, and what Restate is told of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import (
    Context,
    DurableFuture,
    TerminalError,
    any_of,
    gather,
    race,
    wait,
)
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import CANCEL, Case, frame, result, signal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from google.protobuf.message import Message

__all__ = [
    "AWAKEABLES",
    "COMBINE",
    "WAYS",
    "Awaiting",
    "Tree",
    "all_",
    "any_",
    "every",
    "fails",
    "first",
    "succeeds",
    "unknown",
]

AWAKEABLES = 5
FIRST_AWAKEABLE = 17
AN_HOUR = timedelta(hours=1)
NO = pb.Failure(code=444, message="no")


@dataclass(frozen=True)
class Tree:
    """Futures under one combinator.

    Args:
        combinator: its name in the protocol, or that of one of our own.
        children: trees, and by number the awakeables, from 1 to 5; then come the timers, in the order
            that they are set in.
    """

    combinator: str
    children: tuple[Tree | int, ...]

    def __str__(self) -> str:
        return f"{self.combinator}({', '.join(map(str, self.children))})"


def first(*children: Tree | int) -> Tree:
    return Tree("FIRST_COMPLETED", children)


def all_(*children: Tree | int) -> Tree:
    return Tree("ALL_COMPLETED", children)


def any_(*children: Tree | int) -> Tree:
    return Tree("FIRST_SUCCEEDED_OR_ALL_FAILED", children)


def every(*children: Tree | int) -> Tree:
    return Tree("ALL_SUCCEEDED_OR_FIRST_FAILED", children)


def unknown(*children: Tree | int) -> Tree:
    return Tree("COMBINATOR_TYPE_UNKNOWN", children)


def _fails(_: object) -> object:
    raise TerminalError("mapped")


COMBINE: dict[str, Callable[..., DurableFuture[Any]]] = {
    "FIRST_COMPLETED": race,
    "ALL_COMPLETED": wait,
    "FIRST_SUCCEEDED_OR_ALL_FAILED": any_of,
    "ALL_SUCCEEDED_OR_FIRST_FAILED": gather,
    "COMBINATOR_TYPE_UNKNOWN": lambda *children: race(*children).map(lambda result: result),
    # What Restate could mistake for one of the others.
    "a map that fails": lambda *children: race(*children).map(_fails),
    "wait for the first": lambda *children: wait(*children, return_when="FIRST_COMPLETED"),
    "wait for a failure": lambda *children: wait(*children, return_when="FIRST_EXCEPTION"),
    "timeout": lambda *children: race(*children).or_timeout(AN_HOUR),
}


def combine(tree: Tree | int, awakeables: Sequence[DurableFuture[Any]]) -> DurableFuture[Any]:
    if isinstance(tree, int):
        return awakeables[tree - 1]
    return COMBINE[tree.combinator](*(combine(each, awakeables) for each in tree.children))


def succeeds(number: int) -> Message:
    if number > AWAKEABLES:
        return result(number - AWAKEABLES)
    return signal(FIRST_AWAKEABLE - 1 + number, b'"yes"')


def fails(number: int) -> Message:
    return pb.NotificationTemplate(signal_id=FIRST_AWAKEABLE - 1 + number, failure=NO)


async def _in_a_task(future: DurableFuture[Any]) -> None:
    async def wait_for_it() -> None:
        await future

    async with asyncio.TaskGroup() as group:
        group.create_task(wait_for_it())


async def _in_time(future: DurableFuture[Any]) -> None:
    async with asyncio.timeout(AN_HOUR.total_seconds()):
        await future


async def _alone(future: DurableFuture[Any]) -> None:
    await future


WAYS: dict[str, Callable[[DurableFuture[Any]], Awaitable[Any]]] = {
    "await": _alone,
    "TaskGroup": _in_a_task,
    "timeout": _in_time,
    "wait_for": lambda future: asyncio.wait_for(future, AN_HOUR.total_seconds()),
    "gather": asyncio.gather,
    "shield": asyncio.shield,
    "wait": lambda future: asyncio.wait([future]),
}
"""How a handler may wait for a future."""


class Awaiting:
    """A handler that awaits a tree, in v7; created inside a running event loop.

    Args:
        tree: what it awaits.
        *results: what is there already, in this order.
        way: how it awaits it.
    """

    def __init__(self, tree: Tree | int, *results: Message, way: str = "await") -> None:

        async def body(ctx: Context, parcel: Parcel) -> Parcel:
            awakeables = [ctx.awakeable(str) for _ in range(AWAKEABLES)]
            with suppress(TerminalError, TimeoutError, ExceptionGroup):
                await WAYS[way](combine(tree, awakeables))
            return parcel

        self.case = Case(body, version=7).start()
        if results:
            self.feed(*results)

    def feed(self, *results: Message) -> None:
        """Feed more results, all at once."""
        self.case.feed(b"".join(map(frame, results)))

    @property
    def is_done(self) -> bool:
        return self.case.stream.ended

    def awaiting_on(self) -> Tree | int:
        """Return the tree of the last hint."""
        *_, hint = self.case.sent()
        assert isinstance(hint, pb.AwaitingOnMessage), hint
        return _without_the_rest(read(hint.awaiting_on))

    def suspended_for(self) -> Tree | int:
        """Return the tree of the suspension."""
        return _without_the_rest(read(self.case.close_input().suspension().awaiting_on))


def _without_the_rest(tree: Tree) -> Tree | int:
    """Return the tree without what ends every wait: the cancellation, and asyncio's timers."""
    assert tree.combinator == "FIRST_COMPLETED"
    rest = {_number(CANCEL.signal_id), *range(AWAKEABLES + 1, 100)}
    (child,) = (each for each in tree.children if each not in rest)
    return child


def _number(signal_index: int) -> int:
    return signal_index - (FIRST_AWAKEABLE - 1)


def read(message: pb.Future) -> Tree:
    """Return the tree of a message."""
    timers = [AWAKEABLES + id_ for id_ in message.waiting_completions]
    name = pb.CombinatorType.Name(message.combinator_type)
    children = (*map(_number, message.waiting_signals), *timers)
    return Tree(name, (*children, *map(read, message.nested_futures)))
