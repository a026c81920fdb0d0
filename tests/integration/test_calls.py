"""Calls and one-way messages from handlers to handlers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto import (
    Context,
    Encoding,
    ObjectSharedContext,
    Target,
    WorkflowSharedContext,
    gather,
)
from tests.integration.conformance_messages import (
    AccountClient,
    ClerkClient,
    Entry,
    EntryList,
    Parcel,
    Script,
)
from tests.integration.scripted_services import Place, calls, sends, unique

if TYPE_CHECKING:
    from tests.integration.world import World

each_kind = pytest.mark.parametrize(
    "place", [Place.SERVICE, Place.OBJECT, Place.WORKFLOW], ids=lambda place: place.value
)


async def double(ctx: Context, parcel: Parcel) -> Parcel:
    """Double a number and tell the key of the callee."""
    keyed = isinstance(ctx, ObjectSharedContext | WorkflowSharedContext)
    return Parcel(number=2 * parcel.number, text=ctx.key if keyed else "")


def keys_of_all() -> dict[Place, str]:
    return {place: "" if place is Place.SERVICE else unique() for place in Place}


@each_kind
def test_calls(world: World, place: Place) -> None:
    keys = keys_of_all()
    script = world.script(double, Parcel(number=21))

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        numbers: dict[str, int] = {}
        for callee, key in keys.items():
            answer = await calls(ctx, callee, script, key=key)
            assert answer.text == key
            numbers[callee.value] = answer.number
        return Parcel(counts=numbers)

    answer = world.run(world.perform(place, body))
    assert answer.counts == {callee.value: 42 for callee in Place}


@each_kind
def test_calls_begin_when_they_are_made(world: World, place: Place) -> None:
    """The first of two calls can only end after the second has run."""
    keys = keys_of_all()

    async def first(ctx: Context, parcel: Parcel) -> Parcel:
        awakeable = ctx.awakeable(Parcel)
        AccountClient.from_context(ctx).send().append(
            Entry(account=keys[Place.OBJECT], text=awakeable.id)
        )
        return await awakeable

    async def second(ctx: Context, parcel: Parcel) -> Parcel:
        while True:  # each look is a durable call; the message of the first is on its way
            entries = await AccountClient.from_context(ctx, keys[Place.OBJECT]).entries()
            if entries.texts:
                ctx.resolve_awakeable(entries.texts[0], Parcel(text="from the second"))
                return Parcel(text="second")

    scripts = world.script(first), world.script(second)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        clerk = ClerkClient.from_context(ctx)
        answers = await gather(clerk.perform(scripts[0]), clerk.perform(scripts[1]))
        return Parcel(parts=answers)

    answer = world.run(world.perform(place, body))
    assert [part.text for part in answer.parts] == ["from the second", "second"]


def target(place: Place, key: str) -> Target:
    match place:
        case Place.SERVICE:
            return Target.service("conformance.v1.Clerk", "Perform")
        case Place.OBJECT:
            return Target.object("conformance.v1.Account", key, "Perform")
        case Place.OBJECT_SHARED:
            return Target.object("conformance.v1.Account", key, "Observe")
        case Place.WORKFLOW:
            return Target.workflow("conformance.v1.Journey", key, "Run")
        case Place.WORKFLOW_SHARED:
            return Target.workflow("conformance.v1.Journey", key, "Observe")


@each_kind
def test_calls_by_name(world: World, place: Place) -> None:
    keys = keys_of_all()
    script = world.script(double, Parcel(number=21))

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        numbers: dict[str, int] = {}
        for callee, key in keys.items():
            answer = await ctx.call(target(callee, key), script, Parcel, encoding=world.encoding)
            assert answer.text == key
            numbers[callee.value] = answer.number
        return Parcel(counts=numbers)

    answer = world.run(world.perform(place, body))
    assert answer.counts == {callee.value: 42 for callee in Place}


@pytest.mark.parametrize("encoding", list(Encoding), ids=lambda encoding: encoding.value)
def test_calls_by_name_may_be_in_either_encoding(world: World, encoding: Encoding) -> None:
    parcel = Parcel(text="{", number=2**60, data=b"\xff\0", counts={"b": 2, "a": 1})

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        echo = Target.service("conformance.v1.Clerk", "Echo")
        return await ctx.call(echo, parcel, Parcel, encoding=encoding)

    assert world.run(world.perform(Place.SERVICE, body, parcel)) == parcel


def test_calls_by_name_may_be_of_plain_json_or_bytes(world: World) -> None:
    echo = Target.service("conformance.v1.Clerk", "Echo")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        answer: dict[str, Any] = await ctx.call(
            echo, {"text": "hello", "number": 2**60, "unknown": []}, dict
        )
        assert answer == {"text": "hello", "number": str(2**60)}
        raw = await ctx.call(echo, b'{"text": "raw"}', bytes)
        assert raw.replace(b" ", b"") == b'{"text":"raw"}'
        nothing = await ctx.call(Target.service("conformance.v1.Clerk", "Nothing"), b"", bytes)
        assert nothing in (b"", b"{}")
        return Parcel(text=answer["text"])

    assert world.run(world.perform(Place.SERVICE, body)).text == "hello"


def test_a_handler_that_restate_knows_by_another_name(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        by_name = Target.service("conformance.v1.Clerk", "describe_yourself")
        typed, named = await gather(
            ClerkClient.from_context(ctx).describe(), ctx.call(by_name, b"", Parcel)
        )
        assert typed == named
        return typed

    assert world.run(world.perform(Place.SERVICE, body)).number == world.version


def test_a_private_handler_is_for_handlers(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return await ClerkClient.from_context(ctx).whisper(parcel)

    assert world.run(world.perform(Place.SERVICE, body, Parcel(text="you"))).text == "psst, you"


def test_empty_messages_both_ways(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        clerk = ClerkClient.from_context(ctx)
        await clerk.nothing()
        assert await clerk.echo(Parcel()) == Parcel()
        return Parcel(number=1)

    assert world.run(world.perform(Place.SERVICE, body)).number == 1


def test_the_key_can_come_from_the_request(world: World) -> None:
    key = unique()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        account = AccountClient.from_context(ctx)
        await account.append(Entry(account=key, text="one"))
        await AccountClient.from_context(ctx, key).append(Entry(text="two"))
        entries = await AccountClient.from_context(ctx, key).entries()
        return Parcel(text=" ".join(entries.texts))

    assert world.run(world.perform(Place.SERVICE, body)).text == "one two"


@each_kind
def test_one_way_messages(world: World, place: Place) -> None:
    """Each callee resolves the caller's awakeable, which shows that it ran."""
    keys = keys_of_all()

    async def resolve(ctx: Context, parcel: Parcel) -> None:
        keyed = isinstance(ctx, ObjectSharedContext | WorkflowSharedContext)
        ctx.resolve_awakeable(parcel.text, Parcel(text=ctx.key if keyed else ""))

    name = world.script(resolve).name

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        for send in (True, False):  # by a client, and by name
            for callee, key in keys.items():
                awakeable = ctx.awakeable(Parcel)
                script = Script(name=name, input=Parcel(text=awakeable.id))
                if send:
                    sends(ctx, callee, script, key=key)
                    assert (await awakeable).text == key
                else:  # under another key, for a workflow runs once
                    ctx.send(target(callee, f"2{key}"), script, encoding=world.encoding)
                    assert (await awakeable).text in (f"2{key}", "")
        return Parcel(number=1)

    assert world.run(world.perform(place, body)).number == 1


@each_kind
def test_delayed_messages(world: World, place: Place) -> None:
    delay = timedelta(milliseconds=60)
    started: list[float] = []

    async def resolve(ctx: Context, parcel: Parcel) -> None:
        started.append(world.time())
        ctx.resolve_awakeable(parcel.text, Parcel())

    name = world.script(resolve).name

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        sent_at = await ctx.time()
        waits = [ctx.awakeable(Parcel) for _ in range(2)]
        scripts = [Script(name=name, input=Parcel(text=wait.id)) for wait in waits]
        sends(ctx, Place.OBJECT, scripts[0], key=parcel.text, delay=delay)
        by_name = target(Place.SERVICE, "")
        ctx.send(by_name, scripts[1], delay=delay, encoding=world.encoding)
        await gather(*waits)
        return Parcel(number=int(sent_at.timestamp() * 1000))

    answer = world.run(world.perform(place, body, Parcel(text=unique())))
    assert len(started) == 2
    assert min(started) * 1000 >= answer.number + delay.total_seconds() * 1000


def test_an_idempotency_key_makes_calls_one_invocation(world: World) -> None:
    count = 0
    key = unique("idempotent")

    async def once(ctx: Context, parcel: Parcel) -> Parcel:
        async def effect() -> int:
            nonlocal count
            count += 1
            return count

        return Parcel(number=await ctx.run("count", effect, type=int))

    scripts = {place: world.script(once) for place in (Place.SERVICE, Place.OBJECT)}

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ids: set[str] = set()
        numbers: list[int] = []
        place = Place(parcel.text)
        for _ in range(2):
            call = calls(ctx, place, scripts[place], key=key, idempotency_key=key)
            ids.add(await call.invocation_id())
            numbers.append((await call).number)
            handle = sends(ctx, place, scripts[place], key=key, idempotency_key=key)
            ids.add(await handle.invocation_id())
            numbers.append((await handle.attach()).number)
        assert len(ids) == 1
        return Parcel(counts={str(number): 1 for number in numbers})

    for place in scripts:
        count = 0
        answer = world.run(world.perform(Place.SERVICE, body, Parcel(text=place.value)))
        assert dict(answer.counts) == {"1": 1}


def test_headers(world: World) -> None:
    async def tell(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(text=" ".join(ctx.headers.get(name, "-") for name in ("x-one", "x-two")))

    script = world.script(tell)
    headers = {"x-one": "1", "x-two": "größer"}

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        answers = [
            await calls(ctx, Place.SERVICE, script, headers=headers),
            await sends(ctx, Place.SERVICE, script, headers=headers).attach(),
            await ctx.call(
                target(Place.SERVICE, ""), script, Parcel, headers=headers, encoding=world.encoding
            ),
            await calls(ctx, Place.SERVICE, script),
        ]
        sent = ctx.send(target(Place.SERVICE, ""), script, headers=headers, encoding=world.encoding)
        handle = ctx.invocation(await sent.invocation_id(), Parcel, encoding=world.encoding)
        return Parcel(parts=[*answers, await handle.attach()])

    answer = world.run(world.perform(Place.SERVICE, body))
    given = "1 größer"
    assert [part.text for part in answer.parts] == [given, given, given, "- -", given]


@each_kind
def test_messages_to_one_key_are_handled_in_the_order_sent(world: World, place: Place) -> None:
    key = unique()
    texts = [str(number) for number in range(10)]

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        account = AccountClient.from_context(ctx, key)
        for text in texts[:-1]:
            account.send().append(Entry(text=text))
        answer: EntryList = await account.append(Entry(text=texts[-1]))
        return Parcel(text=" ".join(answer.texts))

    assert world.run(world.perform(place, body)).text == " ".join(texts)


def test_what_restate_would_refuse_is_refused_at_once(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        clerk = ClerkClient.from_context(ctx)
        with pytest.raises(ValueError, match="the idempotency key must not be empty"):
            clerk.echo(parcel, idempotency_key="")
        with pytest.raises(ValueError, match="needs a key"):
            AccountClient.from_context(ctx).append(Entry(text="nowhere"))
        with pytest.raises(ValueError, match="a limit key needs a scope"):
            clerk.echo(parcel, limit_key="tenant")
        with pytest.raises(TypeError, match="Entry"):
            clerk.echo(Entry())  # pyright: ignore[reportArgumentType] - what is tested
        return Parcel(number=1)

    assert world.run(world.perform(Place.SERVICE, body)).number == 1
