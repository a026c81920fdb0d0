"""What a client does for each kind of order, and the effects that must follow."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from restate_proto import (
    IngressClient,
    IngressOverloadedError,
    IngressUnreachableError,
    OutcomeUnknownError,
    TerminalError,
    WaitTimeoutError,
)
from soak.v1.soak_pb2 import Entry, Order, Receipt
from soak.v1.soak_restate import (
    BookClient,
    ClerkClient,
    ClerkIngressClient,
    ErrandClient,
    MailboxClient,
    RefusedError,
)
from tests.soak.services import payload

__all__ = ["OPERATIONS", "Client", "Operation"]

T = TypeVar("T")

_NO_ANSWER = (
    IngressOverloadedError,
    IngressUnreachableError,
    OutcomeUnknownError,
    WaitTimeoutError,
)
_PAUSE_SECONDS = 0.05


@dataclass
class Client:
    """Repeats a request until it is answered.

    Attributes:
        ingress: what it asks.
        repeated: how many requests had no answer and were sent again, by the class of the error.
    """

    ingress: IngressClient
    repeated: Counter[str] = field(default_factory=Counter[str])

    @property
    def clerk(self) -> ClerkIngressClient:
        """The object that carries out most orders."""
        return ClerkClient.from_client(self.ingress)

    async def answered(self, request: Callable[[], Awaitable[T]]) -> T:
        """Return the answer to a request that may be sent more than once."""
        while True:
            try:
                return await request()
            except _NO_ANSWER as error:
                self.repeated[type(error).__name__] += 1
                await asyncio.sleep(_PAUSE_SECONDS)

    async def letter(self, key: str) -> Entry:
        """Return the content of a mailbox, once there is some."""
        mailbox = MailboxClient.from_client(self.ingress, key)
        while not (letter := await self.answered(mailbox.look)).id:  # noqa: ASYNC110 - a server
            await asyncio.sleep(_PAUSE_SECONDS)
        return letter


@dataclass(frozen=True)
class Operation:
    """A kind of order.

    Args:
        carry_out: has an order carried out, and returns what it was told of the effects.
        effects: the names of the effects, each of which must be in the order's book once.
        outside: the names of those that are had outside Restate, too.
        in_sequence: the names of those that must be in the book in this order.
    """

    carry_out: Callable[[Client, Order], Awaitable[Receipt]]
    effects: tuple[str, ...]
    outside: tuple[str, ...] = ()
    in_sequence: tuple[str, ...] = ()


def _call(
    method: Callable[..., Coroutine[Any, Any, Receipt]],
) -> Callable[[Client, Order], Awaitable[Receipt]]:
    """Call a clerk, with an idempotency key."""

    async def carry_out(client: Client, order: Order) -> Receipt:
        return await client.answered(lambda: method(client.clerk, order, idempotency_key=order.id))

    return carry_out


async def _wait_outside(client: Client, order: Order) -> Receipt:
    async def answer() -> None:
        awakeable = (await client.letter(order.id)).id
        entry = Entry(token=f"for {order.id}")
        await client.answered(lambda: client.ingress.resolve_awakeable(awakeable, entry))

    receipt, _ = await asyncio.gather(
        _call(ClerkIngressClient.wait_outside)(client, order), answer()
    )
    return receipt


async def _cancel_outside(client: Client, order: Order) -> Receipt:
    handle = await client.answered(
        lambda: client.clerk.send().hang(order, idempotency_key=order.id)
    )
    assert (await client.letter(order.id)).id == await client.answered(handle.invocation_id)
    await client.answered(handle.cancel)
    try:
        await client.answered(handle.attach)
    except TerminalError as error:
        if error.code != 409:
            raise
        return Receipt()
    raise AssertionError("what was cancelled has succeeded")


async def _fail(client: Client, order: Order) -> Receipt:
    try:
        await _call(ClerkIngressClient.fail)(client, order)
    except RefusedError as error:
        if error.detail.id != order.id:
            raise
        return Receipt()
    raise AssertionError("what fails every time has succeeded")


async def _errand(client: Client, order: Order) -> Receipt:
    errand = ErrandClient.from_client(client.ingress, order.id)
    run = await client.answered(lambda: errand.submit(order))
    again = await client.answered(lambda: errand.submit(order))
    assert again.accepted is False
    decision = Entry(token=f"for {order.id}")
    decided = await client.answered(lambda: errand.decide(decision, idempotency_key=order.id))
    assert decided in (order, Order())
    receipts = [await client.answered(each.attach) for each in (run, again, errand.handle())]
    assert receipts[0] == receipts[1] == receipts[2]
    return receipts[0]


async def _post_outside(client: Client, order: Order) -> Receipt:
    """Send messages to a book, each of them twice."""
    book = BookClient.from_client(client.ingress, order.book).send()

    async def post(entry: Entry, **options: Any) -> Entry:
        def send() -> Awaitable[Any]:
            return book.enter(entry, idempotency_key=entry.id, **options)

        handle = await client.answered(send)
        again = await client.answered(send)
        assert again.accepted is False
        return await client.answered(handle.attach)

    now, later = Entry(id=f"{order.id}/now"), Entry(id=f"{order.id}/later")
    delayed = post(later, delay=timedelta(milliseconds=20))
    return Receipt(entries=await asyncio.gather(post(now), delayed))


async def _twice(client: Client, order: Order) -> Receipt:
    """Send two requests with one key at the same time."""
    call = _call(ClerkIngressClient.sleep)
    first, second = await asyncio.gather(call(client, order), call(client, order))
    assert first == second, (first, second)
    return first


async def _carry(client: Client, order: Order) -> Receipt:
    data = payload(order)
    copy = await client.answered(
        lambda: client.clerk.copy(data, idempotency_key=f"{order.id}/copy")
    )
    assert copy == data
    receipt = await _call(ClerkIngressClient.carry)(client, order)
    assert receipt.entries[0].token == hashlib.sha256(data).hexdigest()
    return receipt


_TASKS = ("task-0", "task-1", "task-2")

OPERATIONS: dict[str, Operation] = {
    "call": Operation(_call(ClerkIngressClient.call), ("call",)),
    "post": Operation(
        _call(ClerkIngressClient.post), ("0", "1", "2", "delayed"), in_sequence=("0", "1", "2")
    ),
    "run": Operation(
        _call(ClerkIngressClient.run),
        ("loop", "thread", "step", "given-up"),
        outside=("loop", "thread", "step"),
        in_sequence=("given-up", "loop", "thread", "step"),
    ),
    "sleep": Operation(_call(ClerkIngressClient.sleep), ("sleep",)),
    "wait": Operation(_call(ClerkIngressClient.wait), ("rejected", "resolved")),
    "wait outside": Operation(_wait_outside, ("outside",)),
    "signal": Operation(_call(ClerkIngressClient.signal), ("signal",)),
    "attach": Operation(_call(ClerkIngressClient.attach), ("sleep",)),
    "cancel": Operation(
        _call(ClerkIngressClient.cancel),
        ("undone", "cancel"),
        outside=("undone",),
        in_sequence=("undone", "cancel"),
    ),
    "cancel outside": Operation(_cancel_outside, ("undone",), outside=("undone",)),
    "gather": Operation(_call(ClerkIngressClient.gather), (*_TASKS, "timeout"), outside=_TASKS),
    "select": Operation(_call(ClerkIngressClient.select), ("select", "first", "second")),
    "fail": Operation(_fail, ("fail",)),
    "errand": Operation(_errand, ("errand",)),
    "post outside": Operation(_post_outside, ("now", "later")),
    "twice": Operation(_twice, ("sleep",)),
    "carry": Operation(_carry, ("carry",)),
}
