"""Calls from outside: the ingress client and the generated clients on it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from restate_proto import (
    Context,
    IngressBadRequestError,
    InvocationNotFoundError,
    InvocationNotReadyError,
    ServiceNotFoundError,
    Target,
    TerminalError,
    WorkflowContext,
)
from tests.integration.conformance_messages import (
    RED,
    AccountClient,
    ClerkClient,
    Entry,
    EntryList,
    FailRequest,
    JourneyBase,
    JourneyClient,
    Parcel,
)
from tests.integration.scripted_services import Place, unique

if TYPE_CHECKING:
    from tests.integration.world import World

PARCEL = Parcel(text="größe {", number=2**62, data=b"\x00\xff{", counts={"b": 1, "a": 2}, color=RED)


def test_calls(world: World) -> None:
    key = unique()

    async def scenario() -> None:
        clerk = ClerkClient.from_client(world.client)
        assert await clerk.echo(PARCEL) == PARCEL
        account = AccountClient.from_client(world.client, key)
        assert await account.append(Entry(text="one")) == EntryList(texts=["one"])
        by_request = AccountClient.from_client(world.client)
        await by_request.append(Entry(account=key, text="two"))
        assert await account.entries() == EntryList(texts=["one", "two"])
        with pytest.raises(ValueError, match="key"):
            await by_request.append(Entry(text="nowhere"))

    world.run(scenario())


def test_calls_by_name(world: World) -> None:
    async def scenario() -> None:
        echo = Target.service("conformance.v1.Clerk", "Echo")
        client = world.client
        assert await client.call(echo, PARCEL, Parcel, encoding=world.encoding) == PARCEL
        assert await client.call(echo, {"text": "x"}, dict) == {"text": "x"}
        append = Target.object("conformance.v1.Account", unique(), "Append")
        handle = await client.send(append, Entry(text="x"), EntryList, encoding=world.encoding)
        assert await handle.attach() == EntryList(texts=["x"])

    world.run(scenario())


def test_empty_messages_both_ways(world: World) -> None:
    async def scenario() -> None:
        clerk = ClerkClient.from_client(world.client)
        answers: list[object] = [await clerk.nothing()]
        assert await clerk.echo(Parcel()) == Parcel()
        assert (await clerk.describe()).number == world.version
        handle = await clerk.send().echo(Parcel())
        assert await handle.attach() == Parcel()
        nothing = await clerk.send().nothing(idempotency_key=unique())
        answers += [await nothing.attach(), await nothing.require_output()]
        assert answers == [None, None, None]

    world.run(scenario())


def test_a_message_is_handled_after_it_was_accepted(world: World) -> None:
    """Its output is first absent and then there, by the id alone as well."""
    go = asyncio.Event()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("wait", go.wait)
        return parcel

    async def scenario() -> None:
        clerk = ClerkClient.from_client(world.client)
        handle = await clerk.send().perform(world.script(body, PARCEL))
        assert handle.accepted is True
        assert handle.execution_time is None
        invocation = await handle.invocation_id()
        assert invocation.startswith("inv_")
        by_id = world.client.invocation(invocation, Parcel, encoding=world.encoding)
        for each in (handle, by_id):
            assert await each.output() is None
            with pytest.raises(InvocationNotReadyError):
                await each.require_output()
        attached = [asyncio.ensure_future(each.attach()) for each in (handle, by_id)]
        go.set()
        assert await asyncio.gather(*attached) == [PARCEL, PARCEL]
        assert await handle.output() == await by_id.require_output() == PARCEL

    world.run(scenario())


def test_a_message_that_is_delayed_by_nothing_says_when_it_runs(world: World) -> None:
    async def scenario() -> None:
        clerk, key = ClerkClient.from_client(world.client), unique()
        send = partial(clerk.send().echo, PARCEL, delay=timedelta(0), idempotency_key=key)
        first, again = await send(), await send()
        assert (first.accepted, again.accepted) == (True, False)
        assert first.execution_time is not None
        assert again.execution_time is None
        assert await again.attach() == PARCEL

    world.run(scenario())


def test_a_delayed_message(world: World) -> None:
    started: list[float] = []
    delay = timedelta(milliseconds=100)

    async def body(ctx: Context, parcel: Parcel) -> None:
        started.append(world.time())

    async def scenario() -> None:
        sent = int(world.time() * 1000) / 1000  # Restate counts whole milliseconds
        clerk = ClerkClient.from_client(world.client)
        handle = await clerk.send().perform(world.script(body), delay=delay)
        assert handle.execution_time is not None
        assert handle.execution_time - datetime.fromtimestamp(sent, UTC) >= delay
        assert await handle.output() is None
        await handle.attach()
        assert started[0] - sent >= delay.total_seconds()

    world.run(scenario())


def test_a_delayed_message_can_be_cancelled(world: World) -> None:
    async def scenario() -> None:
        clerk = ClerkClient.from_client(world.client)
        handle = await clerk.send().echo(PARCEL, delay=timedelta(days=5))
        row = await world.invocation_row(await handle.invocation_id())
        assert row["status"] == "scheduled"
        await handle.cancel()
        with pytest.raises(InvocationNotFoundError):  # it never began, so nothing is kept of it
            await handle.attach()

    world.run(scenario())


@pytest.mark.parametrize("place", [Place.SERVICE, Place.OBJECT], ids=lambda place: place.value)
def test_an_idempotency_key(world: World, place: Place) -> None:
    handled: list[int] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        handled.append(1)
        return Parcel(number=len(handled))

    async def scenario() -> None:
        key, once = unique(), unique("once")
        script = world.script(body)
        if place is Place.SERVICE:
            client = ClerkClient.from_client(world.client)
            target = Target.service("conformance.v1.Clerk", "Perform")
        else:
            client = AccountClient.from_client(world.client, key)
            target = Target.object("conformance.v1.Account", key, "Perform")
        first = await client.send().perform(script, idempotency_key=once)
        again = await client.send().perform(script, idempotency_key=once)
        assert (first.accepted, again.accepted) == (True, False)
        assert await first.invocation_id() == await again.invocation_id()
        assert (await client.perform(script, idempotency_key=once)).number == 1
        by_key = world.client.idempotent_invocation(target, once, Parcel, encoding=world.encoding)
        assert (await by_key.attach()).number == 1
        assert (await by_key.require_output()).number == 1
        assert await by_key.invocation_id() == await first.invocation_id()
        other = await client.perform(script, idempotency_key=unique("once"))
        assert other.number == 2

    world.run(scenario())


def test_a_workflow(world: World) -> None:
    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        return Parcel(text=ctx.key, parts=[await ctx.promise(JourneyBase.DECISION)])

    async def scenario() -> None:
        key = unique("journey/ü")
        journey = JourneyClient.from_client(world.client, key)
        run = await journey.submit(world.script(body))
        assert run.accepted is True
        again = await journey.submit(world.script(body))
        assert again.accepted is False
        assert await again.invocation_id() == await run.invocation_id()
        handle = journey.handle()
        by_name = world.client.workflow(
            "conformance.v1.Journey", key, Parcel, encoding=world.encoding
        )
        assert await handle.output() is None
        assert await by_name.invocation_id() == await run.invocation_id()
        await journey.decide(PARCEL)
        expected = Parcel(text=key, parts=[PARCEL])
        for each in (run, again, handle, by_name):
            assert await each.attach() == expected
            assert await each.require_output() == expected
        # It runs once: to call it again is a conflict; what it resulted in is read by attaching.
        with pytest.raises((TerminalError, IngressBadRequestError)) as raised:
            await journey.run(world.script(body))
        assert "409" in str(raised.value)

    world.run(scenario())


def test_cancelling(world: World) -> None:
    reached = asyncio.Event()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        reached.set()
        return await ctx.awakeable(Parcel)

    async def scenario() -> None:
        handle = await world.begin(Place.SERVICE, body)
        await reached.wait()
        await world.client.cancel(await handle.invocation_id())
        with pytest.raises(TerminalError) as raised:
            await handle.attach()
        assert (raised.value.code, raised.value.message) == (409, "cancelled")
        with pytest.raises(TerminalError):
            await handle.output()
        await handle.cancel()

    world.run(scenario())


def test_the_failure_of_an_invocation(world: World) -> None:
    request = FailRequest(message="größer als", code=451, metadata={"left": "0"})

    async def scenario() -> list[TerminalError]:
        clerk = ClerkClient.from_client(world.client)
        failures: list[TerminalError] = []
        with pytest.raises(TerminalError) as raised:
            await clerk.fail(request)
        failures.append(raised.value)
        handle = await clerk.send().fail(request)
        for result in (handle.attach, handle.output, handle.require_output):
            with pytest.raises(TerminalError) as raised:
                await result()
            failures.append(raised.value)
        return failures

    failures = world.run(scenario())
    assert {(each.message, each.code) for each in failures} == {("größer als", 451)}
    metadata = {"left": "0"} if world.version >= 6 else {}
    assert [each.metadata for each in failures] == [metadata] * 4


@pytest.mark.parametrize("code", [400, 404, 409, 429, 470, 499, 500, 503, 599])
def test_codes_that_the_ingress_has_itself_are_the_handler_s(world: World, code: int) -> None:
    async def scenario() -> None:
        clerk = ClerkClient.from_client(world.client)
        with pytest.raises(TerminalError) as raised:
            await clerk.fail(FailRequest(message="mine", code=code))
        assert (raised.value.code, raised.value.message) == (code, "mine")
        handle = await clerk.send().fail(FailRequest(message="mine", code=code))
        for result in (handle.attach, handle.output):
            with pytest.raises(TerminalError) as raised:
                await result()
            assert (raised.value.code, raised.value.message) == (code, "mine")

    world.run(scenario())


def test_what_is_not_there(world: World) -> None:
    async def scenario() -> None:
        client = world.client
        with pytest.raises(ServiceNotFoundError, match=r"conformance\.v1\.Nobody"):
            await client.call(Target.service("conformance.v1.Nobody", "Echo"), PARCEL, Parcel)
        with pytest.raises(ServiceNotFoundError):
            await client.call(Target.service("conformance.v1.Clerk", "NoHandler"), PARCEL, Parcel)
        with pytest.raises(IngressBadRequestError):
            await client.call(Target.service("conformance.v1.Clerk", "Whisper"), PARCEL, Parcel)
        missing = JourneyClient.from_client(client, unique()).handle()
        for result in (missing.attach, missing.output):
            with pytest.raises(InvocationNotFoundError):
                await result()
        with pytest.raises(InvocationNotFoundError):
            await client.cancel(await missing.invocation_id())

    world.run(scenario())


def test_many_at_once(world: World) -> None:
    async def scenario() -> None:
        clerk = ClerkClient.from_client(world.client)
        parcels = [Parcel(number=number) for number in range(30)]
        assert await asyncio.gather(*map(clerk.echo, parcels)) == parcels

    world.run(scenario())


def test_header_fields_that_are_too_large(world: World) -> None:
    assert world.server  # its HTTP server refuses them

    async def scenario() -> None:
        clerk = ClerkClient.from_client(world.client)
        account = AccountClient.from_client(world.client, "k" * 40_000)
        for call in (
            lambda: clerk.echo(PARCEL, headers={"x-large": "x" * 40_000}),
            lambda: clerk.echo(PARCEL, idempotency_key="x" * 40_000),
            account.entries,
        ):
            with pytest.raises(IngressBadRequestError, match=r"431: .*header fields are too large"):
                await call()
        with pytest.raises(ValueError, match="at most 65536 are allowed"):
            await clerk.echo(PARCEL, headers={"x-large": "x" * 80_000})
        with pytest.raises(ValueError, match="at most 65536 are allowed"):
            await AccountClient.from_client(world.client, "k" * 80_000).entries()
        assert await clerk.echo(PARCEL) == PARCEL

    world.run(scenario())
