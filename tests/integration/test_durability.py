"""Processes that die: the endpoint's in the middle of an invocation, and Restate's own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto import Context, Endpoint, IngressClient
from restate_proto.testing import RestateServer
from tests.integration.conformance_messages import AccountClient, ClerkClient, Entry, Parcel, Script
from tests.integration.durable_process import Process
from tests.integration.scripted_services import Account, Clerk, Scripts, unique

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto import IngressInvocationHandle
    from tests.integration.world import Loop

KILLED_PROGRAMS = int(os.environ.get("RESTATE_PROTO_KILLED_PROGRAMS", "20"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    """The processes of a test, ended with it."""
    started: list[Process] = []
    yield started
    for process in started:
        process.kill()


@pytest.fixture(params=["patient_server", "suspending_server"])
def server(request: pytest.FixtureRequest) -> RestateServer:
    return request.getfixturevalue(request.param)


def client_of(server: RestateServer) -> IngressClient:
    return IngressClient(server.ingress_url, admin_url=server.admin_url)


async def awakeable_of(client: IngressClient, key: str) -> str:
    """The awakeable id that a handler left in an account."""
    account = AccountClient.from_client(client, key)
    while not (entries := await account.entries()).texts:
        pass
    return entries.texts[0]


async def begin(client: IngressClient, name: str, text: str) -> IngressInvocationHandle[Parcel]:
    script = Script(name=name, input=Parcel(text=text))
    return await ClerkClient.from_client(client).send().perform(script)


async def row_of(server: RestateServer, handle: IngressInvocationHandle[Parcel]) -> dict[str, Any]:
    """Return what Restate says about an invocation."""
    sql = f"SELECT * FROM sys_invocation WHERE id = '{await handle.invocation_id()}'"
    (row,) = await asyncio.to_thread(server.admin.query, sql)
    return row


async def until_journal_has(
    server: RestateServer, handle: IngressInvocationHandle[Parcel], name: str
) -> None:
    """Wait until Restate has a command of that name.

    What a process says it begins is on its way to Restate at best: killed then, it has not begun it.
    """
    id_ = await handle.invocation_id()
    sql = f"SELECT index FROM sys_journal WHERE id = '{id_}' AND name = '{name}'"
    while not await asyncio.to_thread(server.admin.query, sql):
        pass


def elections(server: RestateServer) -> int:
    """Return how many times a partition of the server has got a leader."""
    return server.log().count("became Leader of epoch")


def test_a_killed_endpoint_goes_on_where_it_was(
    server: RestateServer, processes: list[Process], loop: Loop
) -> None:
    """kill -9 in the middle of the second of three effects: that one is repeated, no other."""
    key = unique()

    async def scenario() -> Parcel:
        async with client_of(server) as client:
            first = Process(free_port())
            processes.append(first)
            await server.register(f"http://127.0.0.1:{first.port}")
            handle = await begin(client, "steps", key)
            assert await first.line() == f"first of {key}"
            assert await first.line() == f"second of {key}"
            awakeable = await awakeable_of(client, key)
            first.signal(signal.SIGKILL)
            status, rest = await first.ended()
            assert (status, rest) == (-signal.SIGKILL, [])

            second = Process(first.port)
            processes.append(second)
            assert await second.line() == f"second of {key}"
            second.tell("the second one's answer")
            await client.resolve_awakeable(awakeable, Parcel(text="word"))
            assert await second.line() == f"third of {key}"
            answer = await handle.attach()
            assert await handle.output() == answer
            # Nothing of it is left to be done, by this process or another.
            second.signal(signal.SIGTERM)
            assert await second.ended() == (0, [])
            return answer

    answer = loop.run(scenario())
    assert [part.text for part in answer.parts] == [
        f"first of {key}",
        "the second one's answer",
        "word",
        f"third of {key}",
    ]


def test_programs_of_an_endpoint_that_is_killed_again_and_again_end(
    server: RestateServer, processes: list[Process], loop: Loop
) -> None:
    """Random programs that use asyncio: the next process goes on with each where it was."""

    async def scenario() -> None:
        async with client_of(server) as client:
            port = free_port()
            processes.append(Process(port))
            await server.register(f"http://127.0.0.1:{port}")
            clerk = ClerkClient.from_client(client)
            for first in range(0, KILLED_PROGRAMS, 20):  # which a process can replay soon
                programs = range(first, min(first + 20, KILLED_PROGRAMS))
                scripts = [Script(name="play", input=Parcel(number=each)) for each in programs]
                handles = [await clerk.send().perform(script) for script in scripts]
                for _ in range(5):
                    await clerk.echo(Parcel())
                    processes[-1].signal(signal.SIGKILL)
                    await processes[-1].ended()
                    processes.append(Process(port))
                for handle in handles:
                    await handle.attach()

    loop.run(scenario())


def test_a_killed_endpoint_after_everything_was_recorded(
    server: RestateServer, processes: list[Process], loop: Loop
) -> None:
    """kill -9 while it waits for nothing but Restate: no effect is repeated."""
    key = unique()

    async def scenario() -> Parcel:
        async with client_of(server) as client:
            first = Process(free_port())
            processes.append(first)
            await server.register(f"http://127.0.0.1:{first.port}")
            handle = await begin(client, "steps", key)
            assert await first.line() == f"first of {key}"
            assert await first.line() == f"second of {key}"
            first.tell("at once")
            awakeable = await awakeable_of(client, key)
            account = AccountClient.from_client(client, key)
            while len((await account.entries()).texts) < 2:
                pass
            first.signal(signal.SIGKILL)
            assert await first.ended() == (-signal.SIGKILL, [])

            second = Process(first.port)
            processes.append(second)
            await client.resolve_awakeable(awakeable, Parcel(text="word"))
            assert await second.line() == f"third of {key}"
            return await handle.attach()

    answer = loop.run(scenario())
    assert [part.text for part in answer.parts][1:3] == ["at once", "word"]


@pytest.mark.parametrize("begun_with", [[], ["patched"]], ids=["old", "new"])
def test_a_killed_endpoint_goes_on_with_the_code_that_its_journal_has(
    server: RestateServer, processes: list[Process], loop: Loop, begun_with: list[str]
) -> None:
    """kill -9 in the middle of what a patch changes, and later; the next process has the patch."""
    key = unique()
    code = "new" if begun_with else "old"

    async def scenario() -> str:
        async with client_of(server) as client:
            first = Process(free_port(), *begun_with)
            processes.append(first)
            await server.register(f"http://127.0.0.1:{first.port}")
            handle = await begin(client, "change", key)
            assert [await first.line(), await first.line()] == ["first", code]
            await until_journal_has(server, handle, code)
            first.signal(signal.SIGKILL)
            await first.ended()

            second = Process(first.port, "patched")
            processes.append(second)
            assert await second.line() == code
            second.tell("done")
            awakeable = await awakeable_of(client, key)
            second.signal(signal.SIGKILL)
            assert await second.ended() == (-signal.SIGKILL, [])

            third = Process(first.port, "patched")
            processes.append(third)
            await client.resolve_awakeable(awakeable, Parcel(text="word"))
            return (await handle.attach()).text

    end = "new and new" if begun_with else "old"
    assert loop.run(scenario()) == f"done, word, {end}"


def test_sigterm_lets_what_runs_end_and_takes_nothing_new(
    server: RestateServer, processes: list[Process], loop: Loop
) -> None:
    async def scenario() -> str:
        """Return what the second process said first."""
        async with client_of(server) as client:
            first = Process(free_port())
            processes.append(first)
            await server.register(f"http://127.0.0.1:{first.port}")
            running = await begin(client, "slow", "one")
            assert await first.line() == "slow one"
            first.signal(signal.SIGTERM)
            await first.until_refusing()
            later = await begin(client, "slow", "two")
            # Restate has tried to bring it to the process that ends, and was refused.
            while not (await row_of(server, later)).get("last_failure"):
                pass
            first.tell("done")
            status, rest = await first.ended()
            assert (status, rest) == (0, []), "the second one began in a process that ends"

            second = Process(first.port)
            processes.append(second)
            line = await second.line()
            if line == "slow two":
                second.tell("done as well")
                assert (await later.attach()).text == "done as well"
                assert (await running.attach()).text == "done"
            return line

    before = elections(server)
    while (line := loop.run(scenario())) != "slow two":
        # A new leader of a partition repeats what runs, whatever the endpoint answers.
        assert elections(server) > before, f"{line!r} again, though the first process answered"
        before = elections(server)


def test_what_does_not_end_in_the_grace_period_is_aborted_and_retried(loop: Loop) -> None:
    """In one process: the attempt's `finally` runs, and the next endpoint there goes on."""
    ended: list[str] = []
    entered = asyncio.Event()
    scripts = Scripts()

    async def forever() -> None:
        entered.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("run")

    async def first(ctx: Context, parcel: Parcel) -> Parcel:
        try:
            await ctx.run("forever", forever)
        finally:
            ended.append("handler")
        return parcel

    async def second(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("forever", lambda: None)
        return Parcel(text="went on")

    async def scenario() -> Parcel:
        async with RestateServer() as server, client_of(server) as client:
            scripts.put("endless", first)
            endpoint = Endpoint(Clerk(scripts))
            address = f"127.0.0.1:{free_port()}"
            async with endpoint.run(address, grace=timedelta(0)) as running:
                await server.register(running.address)
                handle = await begin(client, "endless", "")
                await entered.wait()
            assert sorted(ended) == ["handler", "run"]
            scripts.put("endless", second)
            async with endpoint.run(address):
                return await handle.attach()

    assert loop.run(scenario()).text == "went on"


def test_a_killed_server_goes_on_where_it_was(loop: Loop) -> None:
    """kill -9 of Restate, and a start on the same data: invocations, state and timers are there."""
    scripts = Scripts()
    executed: list[str] = []

    async def wait(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("once", lambda: executed.append("once"))
        awakeable = ctx.awakeable(Parcel)
        account = AccountClient.from_context(ctx, parcel.text)
        await account.append(Entry(text=awakeable.id))
        account.send().append(Entry(text="later"), delay=timedelta(seconds=1))
        word = await awakeable
        entries = await account.append(Entry(text=word.text))
        return Parcel(counts={text: index for index, text in enumerate(entries.texts)})

    async def scenario() -> None:
        async with RestateServer() as server:
            scripts.put("wait", wait)
            async with Endpoint(Clerk(scripts), Account(scripts)).run() as running:
                await server.register(running.address)
                key = unique()
                async with client_of(server) as client:
                    handle = await begin(client, "wait", key)
                    id_ = await awakeable_of(client, key)
                    invocation = await handle.invocation_id()
                await server.restart()
                async with client_of(server) as client:
                    await client.resolve_awakeable(id_, Parcel(text="word"))
                    answer = await client.invocation(invocation, Parcel).attach()
                    assert answer.counts[id_] == 0
                    assert answer.counts["word"] > 0
                    account = AccountClient.from_client(client, key)
                    while "later" not in (await account.entries()).texts:
                        pass

    loop.run(scenario())
    assert executed == ["once"]
