"""Simulations: what each course does, that a seed determines it, and how failures are described."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Entry, Parcel, Script
from conformance.v1.conformance_restate import AccountClient, ClerkClient
from restate_proto import Context, Endpoint, TerminalError
from restate_proto.testing import SimulationError, simulate
from tests.integration.scripted_services import Account, Clerk, Scripts

if TYPE_CHECKING:
    from restate_proto.testing import SimulatedRestate
    from tests.integration.scripted_services import Body


def endpoint_of(**bodies: Body) -> Endpoint:
    """Return services that play these functions as scripts."""
    scripts = Scripts()
    for name, body in bodies.items():
        scripts.put(name, body)
    return Endpoint(Clerk(scripts), Account(scripts))


def test_each_prefix_of_a_journal_is_replayed() -> None:
    """Attempts are cut off after each entry, and in one course of four after none."""
    attempts: Counter[int] = Counter()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        attempts[parcel.number] += 1
        for number in range(3):
            AccountClient.from_context(ctx, "a").send().append(Entry(text=str(number)))
        return Parcel()

    async def scenario(env: SimulatedRestate) -> None:
        script = Script(name="body", input=Parcel(number=env.seed))
        await ClerkClient.from_client(env.client).perform(script)

    simulate(endpoint_of(body=body), scenario, seeds=40)
    # Three messages with the ids of their invocations, and the output: each of them is reached anew.
    assert set(attempts.values()) >= {1, 5}
    assert sum(times == 1 for times in attempts.values()) < 20


def test_what_restate_leaves_unordered_comes_in_any_order() -> None:
    seen: set[str] = set()

    async def scenario(env: SimulatedRestate) -> None:
        account = AccountClient.from_client(env.client, "a")
        await asyncio.gather(*(account.append(Entry(text=text)) for text in "abc"))
        seen.add("".join((await account.entries()).texts))

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        one, two = (AccountClient.from_context(ctx, key) for key in "xy")
        first = await asyncio.wait(
            [asyncio.ensure_future(each.append(Entry(text="x"))) for each in (one, two)],
            return_when=asyncio.FIRST_COMPLETED,
        )
        return Parcel(number=len(first[0]))

    simulate(endpoint_of(body=body), scenario, seeds=30)
    assert seen == {"abc"}  # the ingress takes them in their order, and a key keeps it


def test_results_of_concurrent_calls_come_in_any_order() -> None:
    orders: set[tuple[str, ...]] = set()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        order: list[str] = []

        async def call(key: str) -> None:
            await AccountClient.from_context(ctx, key).append(Entry(text="x"))
            order.append(key)

        async with asyncio.TaskGroup() as group:
            for key in "xyz":
                group.create_task(call(key))
        return Parcel(text="".join(order))

    async def scenario(env: SimulatedRestate) -> None:
        clerk = ClerkClient.from_client(env.client)
        orders.add(tuple((await clerk.perform(Script(name="body"))).text))

    simulate(endpoint_of(body=body), scenario, seeds=60)
    assert len(orders) == 6


def test_messages_of_one_sender_keep_their_order() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        account = AccountClient.from_context(ctx, "a")
        for text in "abcd":
            account.send().append(Entry(text=text))
        return Parcel(text="".join((await account.append(Entry(text="e"))).texts))

    async def scenario(env: SimulatedRestate) -> None:
        clerk = ClerkClient.from_client(env.client)
        assert (await clerk.perform(Script(name="body"))).text == "abcde"

    simulate(endpoint_of(body=body), scenario, seeds=40)


def test_runs_are_delayed_fail_and_are_called_again() -> None:
    executed: Counter[int] = Counter()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def effect() -> int:
            executed[parcel.number] += 1
            return parcel.number

        return Parcel(number=await ctx.run("effect", effect))

    async def scenario(env: SimulatedRestate) -> None:
        script = Script(name="body", input=Parcel(number=env.seed))
        assert (await ClerkClient.from_client(env.client).perform(script)).number == env.seed

    played = simulate(endpoint_of(body=body), scenario, seeds=40)
    assert played.failed_runs
    assert played.delayed_runs
    assert {1, 2} <= set(executed.values())
    assert str(played).startswith("40 courses with 40 invocations, ")


def test_one_seed_is_one_course() -> None:
    seen: list[list[str]] = []

    async def scenario(env: SimulatedRestate) -> None:
        clerk = ClerkClient.from_client(env.client)
        scripts = [Script(name="body", input=Parcel(text=text)) for text in "abc"]
        await asyncio.gather(*(clerk.perform(script) for script in scripts))
        seen.append([str(env.journal(id_)) for id_ in env.invocations()] + [str(env.now)])

    async def body(ctx: Context, parcel: Parcel) -> None:
        async with asyncio.TaskGroup() as group:
            for key in "xyz":
                account = AccountClient.from_context(ctx, key)
                call = account.append(Entry(text=f"{parcel.text} {ctx.random.random()}"))
                group.create_task(_result_of(call))
        await ctx.run("run", lambda: "done")

    for seeds in ([5], [5], [6]):
        simulate(endpoint_of(body=body), scenario, seeds=seeds)
    assert seen[0] == seen[1] != seen[2]


async def _result_of(call: object) -> object:
    return await call  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]


def test_a_failure_says_where_and_how_to_have_it_again() -> None:
    async def body(ctx: Context, parcel: Parcel) -> None:
        await ctx.run("greet", lambda: "hello")
        raise TerminalError("enough", code=418)

    async def scenario(env: SimulatedRestate) -> None:
        with pytest.raises(TerminalError) as failed:
            await ClerkClient.from_client(env.client).perform(Script(name="body"))
        assert failed.value.code == 200, "an invariant"

    with pytest.raises(SimulationError) as caught:
        simulate(endpoint_of(body=body), scenario, seeds=[17])
    assert caught.value.seed == 17
    lines = str(caught.value).splitlines()
    assert lines[0] == "seed 17: AssertionError: an invariant"
    (place,) = (line for line in lines if line.startswith("at "))
    assert "test_simulation.py:" in place
    assert place.endswith('assert failed.value.code == 200, "an invariant"')
    assert "again: simulate(..., seeds=[17])" in lines
    assert any(line.endswith('run greet: "hello"') for line in lines)
    assert any(line.endswith("the handler's return: [418] enough") for line in lines)


def test_a_failure_names_the_functions_that_were_called_again() -> None:
    mails: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> None:
        await ctx.run("mail", lambda: mails.append("hello"))
        await ctx.run("look", lambda: None)

    async def scenario(env: SimulatedRestate) -> None:
        mails.clear()
        await ClerkClient.from_client(env.client).perform(Script(name="body"))
        assert len(mails) == 1, "one mail"

    with pytest.raises(SimulationError, match="one mail") as caught:
        simulate(endpoint_of(body=body), scenario, seeds=100)
    (line,) = (
        line for line in str(caught.value).splitlines() if line.startswith("ctx.run('mail')")
    )
    assert line.endswith(f" called its function {len(mails)} times")
    assert " of inv_1" in line


def test_what_is_no_endpoint() -> None:
    async def scenario(env: SimulatedRestate) -> None: ...

    with pytest.raises(TypeError, match="an Endpoint, or a function that makes one"):
        simulate(3, scenario)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
