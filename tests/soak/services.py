"""The handlers: each primitive of Restate has effects, which are entered in books."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta

from restate_proto import (
    CancelledError,
    Context,
    ObjectContext,
    ObjectSharedContext,
    RetryPolicy,
    RunContext,
    Target,
    TerminalError,
    WorkflowContext,
    WorkflowSharedContext,
    any_of,
    as_completed,
    durable_step,
    gather,
    race,
    select,
    wait,
)
from soak.v1.soak_pb2 import Entry, EntryList, Order, Receipt, Refused
from soak.v1.soak_restate import (
    ORDER_BEGUN,
    BookBase,
    BookClient,
    ClerkBase,
    ClerkClient,
    ErrandBase,
    MailboxBase,
    MailboxClient,
    RefusedError,
)
from tests.soak.effects import Hiccup, effect

__all__ = ["Book", "Clerk", "Errand", "Mailbox", "payload"]

SOON = timedelta(milliseconds=20)
NEVER = timedelta(days=1)


class Book(BookBase):
    """Keeps effects."""

    async def enter(self, ctx: ObjectContext, request: Entry) -> Entry:
        """Read, wait and write, so that two writers at a time would lose an entry."""
        entries = await ctx.get(self.ENTRIES) or EntryList()
        if len(entries.entries) % 4 == 0:
            await ctx.sleep(timedelta(milliseconds=1))
        entries.entries.append(request)
        ctx.set(self.ENTRIES, entries)
        return request

    async def show(self, ctx: ObjectSharedContext) -> EntryList:
        return await ctx.get(self.ENTRIES) or EntryList()


class Mailbox(MailboxBase):
    """Where a clerk leaves the id of an awakeable for somebody outside."""

    async def put(self, ctx: ObjectContext, request: Entry) -> None:
        ctx.clear_all()
        ctx.set(self.LETTER, request)

    async def look(self, ctx: ObjectSharedContext) -> Entry:
        keys = await ctx.state_keys()
        letter = await ctx.get(self.LETTER)
        return letter if keys and letter is not None else Entry()


class Clerk(ClerkBase):
    """Carries out orders, each by another primitive."""

    async def call(self, ctx: Context, request: Order) -> Receipt:
        return Receipt(entries=[await enter(ctx, request, "call")])

    async def post(self, ctx: Context, request: Order) -> Receipt:
        book = BookClient.from_context(ctx, request.book).send()
        book.enter(Entry(id=f"{request.id}/delayed"), delay=SOON)
        for number in range(3):
            book.enter(Entry(id=f"{request.id}/{number}"))
        return Receipt()

    async def run(self, ctx: Context, request: Order) -> Receipt:
        on_loop = ctx.run("on the loop", on_the_loop, f"{request.id}/loop", type=str)
        in_thread = ctx.run("in a thread", effect, f"{request.id}/thread", type=str)
        in_step = in_a_step(ctx, request.id)
        try:
            await ctx.run("never", never, retry=RetryPolicy(max_attempts=2, initial_interval=SOON))
        except TerminalError:
            given_up = await enter(ctx, request, "given-up")
        else:
            raise AssertionError("a run that always fails has succeeded")
        tokens = {"loop": await on_loop, "thread": await in_thread, "step": await in_step}
        entries = [await enter(ctx, request, name, token) for name, token in tokens.items()]
        return Receipt(entries=[given_up, *entries])

    async def sleep(self, ctx: Context, request: Order) -> Receipt:
        before = await ctx.time()
        await ctx.sleep(SOON, name="a nap")
        assert await ctx.time() >= before
        return Receipt(entries=[await enter(ctx, request, "sleep", str(ctx.uuid()))])

    async def wait(self, ctx: Context, request: Order) -> Receipt:
        resolved, rejected = ctx.awakeable(Entry), ctx.awakeable(Entry)
        clerk = ClerkClient.from_context(ctx).send()
        clerk.answer(Order(id=f"{request.id}/resolved", begun=resolved.id))
        clerk.answer(Order(id="", begun=rejected.id), delay=SOON)
        try:
            await rejected
        except TerminalError as error:
            refused = await enter(ctx, request, "rejected", error.message)
        else:
            raise AssertionError("an awakeable that was rejected has a value")
        entry = await BookClient.from_context(ctx, request.book).enter(await resolved)
        return Receipt(entries=[refused, entry])

    async def answer(self, ctx: Context, request: Order) -> None:
        if request.id:
            ctx.resolve_awakeable(ORDER_BEGUN.of(request), Entry(id=request.id))
        else:
            ctx.reject_awakeable(ORDER_BEGUN.of(request), "rejected")

    async def wait_outside(self, ctx: Context, request: Order) -> Receipt:
        answer = ctx.awakeable(Entry)
        await MailboxClient.from_context(ctx, request.id).put(Entry(id=answer.id))
        return Receipt(entries=[await enter(ctx, request, "outside", (await answer).token)])

    async def signal(self, ctx: Context, request: Order) -> Receipt:
        listener = ClerkClient.from_context(ctx).send().listen(request)
        await listener.signal(self.GO, Entry(token=str(ctx.random.random())))
        return await listener.attach()

    async def listen(self, ctx: Context, request: Order) -> Receipt:
        signal = await ctx.signal(self.GO)
        return Receipt(entries=[await enter(ctx, request, "signal", signal.token)])

    async def attach(self, ctx: Context, request: Order) -> Receipt:
        clerk = ClerkClient.from_context(ctx)
        key = f"{request.id}/attach"
        handles = [clerk.send().sleep(request, idempotency_key=key) for _ in range(2)]
        sleep = Target.service("soak.v1.Clerk", "Sleep")
        same = ctx.idempotent_invocation(sleep, key, Receipt)
        by_id = ctx.invocation(await handles[0].invocation_id(), Receipt)
        receipts = [*await gather(*(each.attach() for each in (*handles, same, by_id)))]
        receipts.append(await handles[1].output() or Receipt())
        assert all(receipt == receipts[0] for receipt in receipts), receipts
        return receipts[0]

    async def cancel(self, ctx: Context, request: Order) -> Receipt:
        begun = ctx.awakeable(ORDER_BEGUN)
        order = Order(id=request.id, book=request.book, begun=begun.id)
        called = ClerkClient.from_context(ctx).hang(order)
        await begun
        await called.cancel()
        try:
            await called
        except TerminalError as error:
            if error.code != 409:
                raise
            return Receipt(entries=[await enter(ctx, request, "cancel")])
        raise AssertionError("what was cancelled has succeeded")

    async def hang(self, ctx: Context, request: Order) -> Receipt:
        try:
            if request.begun:
                ctx.resolve_awakeable(ORDER_BEGUN.of(request), Entry(id=request.id))
            else:
                await MailboxClient.from_context(ctx, request.id).put(Entry(id=ctx.invocation_id))
            await ctx.sleep(NEVER)
        except CancelledError:
            token = await ctx.run("undo", effect, f"{request.id}/undone", type=str)
            await enter(ctx, request, "undone", token)
            raise
        raise AssertionError("a day has passed")

    async def gather(self, ctx: Context, request: Order) -> Receipt:
        queue: asyncio.Queue[Entry] = asyncio.Queue(1)

        async def have_effect(number: int) -> None:
            id_ = f"{request.id}/task-{number}"
            token = await ctx.run(id_, effect, id_, type=str)
            await asyncio.sleep(0.001 * number)
            await queue.put(await enter(ctx, request, f"task-{number}", token))

        async def collect() -> list[Entry]:
            return [await queue.get() for _ in range(3)]

        async with asyncio.timeout(3600), asyncio.TaskGroup() as group:
            collected = group.create_task(collect())
            for number in range(3):
                group.create_task(have_effect(number))
        try:
            await asyncio.wait_for(ctx.awakeable(Entry), 0.01)
        except TimeoutError:
            late = await asyncio.shield(enter(ctx, request, "timeout"))
        else:
            raise AssertionError("an awakeable that nobody resolved has a value")
        return Receipt(entries=[*collected.result(), late])

    async def select(self, ctx: Context, request: Order) -> Receipt:
        name, entry = await select(
            entered=BookClient.from_context(ctx, request.book).enter(
                Entry(id=f"{request.id}/select")
            ),
            late=ctx.sleep(NEVER).map(lambda _: Entry()),
        )
        assert name == "entered"
        naps = [ctx.sleep(timedelta(milliseconds=each)) for each in (1, 5, 9)]
        await race(*naps)
        await any_of(*naps)
        done, pending = await wait(*naps)
        await gather(*done, *pending)
        book = BookClient.from_context(ctx, request.book)
        calls = [book.enter(Entry(id=f"{request.id}/{each}")) for each in ("first", "second")]
        return Receipt(entries=[entry, *[await each async for each in as_completed(*calls)]])

    async def fail(self, ctx: Context, request: Order) -> Receipt:
        Hiccup.perhaps()
        await enter(ctx, request, "fail")
        Hiccup.perhaps()
        raise RefusedError(Refused(id=request.id), "refused, as every time")

    async def carry(self, ctx: Context, request: Order) -> Receipt:
        data = payload(request)
        copy = await ClerkClient.from_context(ctx).copy(data)
        fetched = await ctx.run("fetch", lambda: data, type=bytes)
        assert copy == fetched == data
        digest = hashlib.sha256(copy).hexdigest()
        return Receipt(entries=[await enter(ctx, request, "carry", digest)])

    async def copy(self, ctx: Context, request: bytes) -> bytes:
        return request


class Errand(ErrandBase):
    """Waits for a decision."""

    async def run(self, ctx: WorkflowContext, request: Order) -> Receipt:
        ctx.set(self.ORDER, request)
        decision = await ctx.promise(self.DECISION)
        assert await ctx.promise(self.DECISION).peek() == decision
        assert await ctx.get(self.ORDER) == request
        return Receipt(entries=[await enter(ctx, request, "errand", decision.token)])

    async def decide(self, ctx: WorkflowSharedContext, request: Entry) -> Order:
        if await ctx.promise(self.DECISION).peek() is None:
            try:
                await ctx.promise(self.DECISION).resolve(request)
            except TerminalError:  # another request has decided meanwhile
                assert await ctx.promise(self.DECISION) == request
        return await ctx.get(self.ORDER) or Order()


def payload(order: Order) -> bytes:
    """The bytes that an order is to carry; each order has its own."""
    return hashlib.shake_128(order.id.encode()).digest(order.size)


async def enter(ctx: Context, order: Order, name: str, token: str = "") -> Entry:
    """Enter an effect of an order."""
    entry = Entry(id=f"{order.id}/{name}", token=token)
    return await BookClient.from_context(ctx, order.book).enter(entry)


async def on_the_loop(id_: str) -> str:
    """An effect, by a coroutine function."""
    await asyncio.sleep(0)
    return effect(id_)


@durable_step(name="in a step")
async def in_a_step(ctx: RunContext, id_: str) -> str:
    """An effect, by a step."""
    assert ctx.invocation_id
    return effect(f"{id_}/step")


def never() -> None:
    """Always fails."""
    raise Hiccup("never")
